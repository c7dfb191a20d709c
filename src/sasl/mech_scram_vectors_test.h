/*
 * mech_scram_vectors_test.h - published exchanges of SCRAM, with their nonces, for the
 * mech_scram*_test.c files. Linked with -Wl,--wrap=sasl_nonce; included by one file of each.
 */
#ifndef SASL_MECH_SCRAM_VECTORS_TEST_H
#define SASL_MECH_SCRAM_VECTORS_TEST_H

#include "sasl/sasl_fixture.h"
#include "sasl/sasl_mech.h"

/* Published nonces have characters that base64 has not, so these tests replace sasl_nonce (the
 * linker's --wrap). */
static const char *next_nonce;
struct str __wrap_sasl_nonce(struct sasl *s);
struct str __real_sasl_nonce(struct sasl *s);

struct str __wrap_sasl_nonce(struct sasl *s)
{
    struct str nonce = str_from(next_nonce);
    next_nonce = NULL;
    return nonce.ptr ? sasl_keep(s, nonce) : __real_sasl_nonce(s);
}

struct vector {
    const char *mech;
    const char *client_nonce, *server_nonce, *salt;
    const char *client_first, *server_first, *client_final, *server_final;
    const char *binding; /* of type tls-exporter */
    size_t binding_len;
    bool offered; /* XEP-0474 */
    unsigned tls_version;
};

#define N1 "fyko+d2lbbFgONRv9qkxdawL"
#define S1 "3rfcNHYJY1ZVvWVs7j"
#define N2 "rOprNGfwEbeRWgbNEkqO"
#define S2 "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define N3 "12C4CD5C-E38E-4A98-8F6D-15C38F51CCC6"
#define S3 "a09117a6-ac50-4f2f-93f1-93799c2bddf6"
#define SF2 "r=" N2 S2 ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define SF3 "r=" N3 S3 ",s=QSXCR+Q6sek8bf92,i=4096,h=G6k/rBLDqgOhRRaCuuatSDFkJ08="
#define CB3 "cD10bHMtZXhwb3J0ZXIsLFRISVMgSVMgRkFLRSBDQiBEQVRB"

static const char counting[32] = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
                                 "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";

static const struct vector vectors[] = {
    /* RFC 5802 §5 */
    {"SCRAM-SHA-1", N1, S1, "QSXCR+Q6sek8bf92", "n,,n=user,r=" N1,
     "r=" N1 S1 ",s=QSXCR+Q6sek8bf92,i=4096",
     "c=biws,r=" N1 S1 ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    /* RFC 7677 §3 */
    {"SCRAM-SHA-256", N2, S2, "W22ZaJ0SNY7soEsUEjb6gQ==", "n,,n=user,r=" N2, SF2,
     "c=biws,r=" N2 S2 ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
    /* the same, bound, and with SHA-512: computed independently */
    {"SCRAM-SHA-256-PLUS", N2, S2, "W22ZaJ0SNY7soEsUEjb6gQ==", "p=tls-exporter,,n=user,r=" N2, SF2,
     "c=cD10bHMtZXhwb3J0ZXIsLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f,r=" N2 S2
     ",p=QC6CS20quADQRb3mT99YUH+n3VJxUvzuK0K0E1Vrs2M=",
     "v=2GiAgapEppLVlUXbxUDksL3VgYHzuqiK5tR4mhJGgvs=", counting, 32},
    {
        "SCRAM-SHA-512",
        N2,
        S2,
        "W22ZaJ0SNY7soEsUEjb6gQ==",
        "n,,n=user,r=" N2,
        SF2,
        "c=biws,r=" N2 S2
        ",p=gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6d"
        "ybEmDYXYTxwnYPJQ==",
        "v=ZQnYEgWQMFmmsM8aQMF0nDDCy/"
        "AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw==",
    },
    /* XEP-0474 §5, whose client adds an extension, and XEP-0515, whose server adds one */
    {"SCRAM-SHA-1-PLUS", N3, S3, "QSXCR+Q6sek8bf92", "p=tls-exporter,,n=user,r=" N3, SF3,
     "c=" CB3 ",r=" N3 S3 ",x=19C6532F-1CF4-4A27-A18D-DC9CEA41BBB3,p=M/SIDjT+dfcxUh89jZEypRvFxB4=",
     "v=MQrMPvv7yv4x4Cq4W4Ih25EqS2c=", "THIS IS FAKE CB DATA", 20, true},
    {"SCRAM-SHA-1-PLUS", N3, S3, "QSXCR+Q6sek8bf92", "p=tls-exporter,,n=user,r=" N3, SF3 ",t=0304",
     "c=" CB3 ",r=" N3 S3 ",p=KHUfN8dSy1K95crT4D5y1ItLJfs=", "v=3w34ZIMVRkx2f2Ozb3/ecRPVdv4=",
     "THIS IS FAKE CB DATA", 20, true, 0x0304},
};

static inline void bind_to(struct fixture *f, const char *type, const char *data, size_t len)
{
    f->config.gs2 = SASL_GS2_BINDS;
    f->config.binding = (struct sasl_binding){.type = type, .len = len};
    memcpy(f->config.binding.data, data, len);
}

static inline void offer(struct fixture *f, struct buf *text)
{
    struct str mechs[] = {STR_LIT("SCRAM-SHA-1-PLUS"), STR_LIT("SCRAM-SHA-1")};
    struct str types[] = {STR_LIT("tls-server-end-point"), STR_LIT("tls-exporter")};
    buf_init(text, 0, false);
    sasl_offered(mechs, 2, types, 2, text);
    f->config.offered = buf_peek(text);
}

static inline struct sasl_credential vector_row(const struct vector *v)
{
    struct buf salt = {0};
    enum hash_alg alg;
    assert_true(base64_decode(&salt, str_from(v->salt)));
    assert_true(sasl_scheme_alg(str_from(sasl_mech_find(str_from(v->mech))->scheme), &alg));
    struct sasl_credential row = fixture_row(alg, "pencil", buf_peek(&salt), 4096);
    buf_finish(&salt);
    return row;
}

#endif
