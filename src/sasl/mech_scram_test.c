#include "sasl/sasl_fixture.h"
#include "sasl/sasl_mech.h"

#include <limits.h>
#include <stdio.h>

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

/* ---- published exchanges ---- */

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

static void bind_to(struct fixture *f, const char *type, const char *data, size_t len)
{
    f->config.gs2 = SASL_GS2_BINDS;
    f->config.binding = (struct sasl_binding){.type = type, .len = len};
    memcpy(f->config.binding.data, data, len);
}

static void offer(struct fixture *f, struct buf *text)
{
    struct str mechs[] = {STR_LIT("SCRAM-SHA-1-PLUS"), STR_LIT("SCRAM-SHA-1")};
    struct str types[] = {STR_LIT("tls-server-end-point"), STR_LIT("tls-exporter")};
    buf_init(text, 0, false);
    sasl_offered(mechs, 2, types, 2, text);
    f->config.offered = buf_peek(text);
}

static void test_client_vectors(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct fixture f;
        struct buf offered = {0};
        if (strstr(v->client_final, ",x="))
            continue; /* our client adds no extension */
        fixture_client(&f, v->mech, "user", "pencil");
        if (v->binding)
            bind_to(&f, "tls-exporter", v->binding, v->binding_len);
        if (v->offered)
            offer(&f, &offered);
        f.config.tls_version = v->tls_version;
        next_nonce = v->client_nonce;
        assert_int_equal(fixture_step(&f, STR_NONE), SASL_MORE);
        assert_true(str_is(fixture_said(&f), v->client_first));
        assert_int_equal(fixture_step(&f, str_from(v->server_first)), SASL_MORE);
        assert_true(str_is(fixture_said(&f), v->client_final));
        assert_int_equal(sasl_conclude(f.sasl, str_from(v->server_final)), SASL_DONE);
        fixture_finish(&f);
        buf_finish(&offered);
    }
}

static struct sasl_credential vector_row(const struct vector *v)
{
    struct buf salt = {0};
    enum hash_alg alg;
    assert_true(base64_decode(&salt, str_from(v->salt)));
    assert_true(sasl_scheme_alg(str_from(sasl_mech_find(str_from(v->mech))->scheme), &alg));
    struct sasl_credential row = fixture_row(alg, "pencil", buf_peek(&salt), 4096);
    buf_finish(&salt);
    return row;
}

static void test_server_vectors(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct fixture f;
        struct buf offered = {0};
        fixture_init(&f, v->mech, SASL_SERVER);
        f.user = "user";
        f.rows[0] = vector_row(v);
        f.row_count = 1;
        if (v->binding)
            bind_to(&f, "tls-exporter", v->binding, v->binding_len);
        if (v->offered)
            offer(&f, &offered);
        f.config.tls_version = v->tls_version;
        next_nonce = v->server_nonce;
        assert_int_equal(fixture_step(&f, str_from(v->client_first)), SASL_MORE);
        assert_true(str_is(fixture_said(&f), v->server_first));
        assert_int_equal(fixture_step(&f, str_from(v->client_final)), SASL_DONE);
        assert_true(str_is(fixture_said(&f), v->server_final));
        assert_true(sasl_has_output(f.sasl));
        fixture_finish(&f);
        buf_finish(&offered);
    }
}

/* ---- what the server refuses ---- */

#define PROOF "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="

static void test_client_first_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *mech, *in;
        enum sasl_error error;
        enum sasl_fault fault;
    } rows[] = {
#define BAD(in) {"SCRAM-SHA-1", in, SASL_ERROR_MALFORMED_REQUEST, SASL_FAULT_PROTOCOL}
        BAD(""),
        BAD("n"),
        BAD("n,"),
        BAD("n,,"),
        BAD("n,n=user,r=abc"),
        BAD("n,,n=user"),
        BAD("n,,n=user,"),
        BAD("n,,n=user,r="),
        BAD("n,,n=,r=abc"),
        BAD("n,,r=abc,n=user"),
        BAD("n,,n=user,r=abc,"),
        BAD("n,,n=user,r=abc,x"),
        BAD("n,,n=user,r=abc,x="),
        BAD("n,,n=user,r=abc,1=x"),
        BAD("n,,n=user,r=abc,xy=z"),
        BAD("n,,n=user,r=abc,,x=y"),
        BAD("n,,n=user,r=abc,r=def"),
        BAD("n,,n=user,r=abc,m=x"),
        BAD("n,,m=x,n=user,r=abc"),
        BAD("n,,m=,n=user,r=abc"),
        BAD("n,,N=user,r=abc"),
        BAD("n,, n=user,r=abc"),
        BAD("n,,n=user,r=a bc"),
        BAD("n,,n=user,r=a\tbc"),
        BAD("n,,n=user,r=a\x7f"),
        BAD("n,,n=user,r=a\xc3\xa9"),
        BAD("n,,n=us=er,r=abc"),
        BAD("n,,n=us=2cer,r=abc"),
        BAD("n,,n=us=2,r=abc"),
        BAD("n,,n=us=,r=abc"),
        BAD("n,,n=us\xff,r=abc"),
        BAD("n,,n=user,r=abc,x=\xff"),
        BAD("n,user,n=user,r=abc"),
        BAD("n,a=,n=user,r=abc"),
        BAD("n,a=us=er,n=user,r=abc"),
        BAD("n,b=user,n=user,r=abc"),
        BAD("N,,n=user,r=abc"),
        BAD("x,,n=user,r=abc"),
        BAD(",,n=user,r=abc"),
        BAD("nn,,n=user,r=abc"),
        BAD("n=,,n=user,r=abc"),
        BAD("y=tls-exporter,,n=user,r=abc"),
        BAD("p,,n=user,r=abc"),
        BAD("p=,,n=user,r=abc"),
        BAD("p=tls-exporter,,n=user,r=abc"), /* not a -PLUS mechanism */
        {"SCRAM-SHA-1-PLUS", "n,,n=user,r=abc", SASL_ERROR_MALFORMED_REQUEST, SASL_FAULT_PROTOCOL},
        {"SCRAM-SHA-1-PLUS", "y,,n=user,r=abc", SASL_ERROR_MALFORMED_REQUEST, SASL_FAULT_PROTOCOL},
        {"SCRAM-SHA-1-PLUS", "p=tls-unique,,n=user,r=abc", SASL_ERROR_NOT_AUTHORIZED,
         SASL_FAULT_POLICY},
        {"SCRAM-SHA-1-PLUS", "p=tls-exporter2,,n=user,r=abc", SASL_ERROR_NOT_AUTHORIZED,
         SASL_FAULT_POLICY},
        {"SCRAM-SHA-1-PLUS", "p=TLS-EXPORTER,,n=user,r=abc", SASL_ERROR_NOT_AUTHORIZED,
         SASL_FAULT_POLICY},
        {"SCRAM-SHA-1", "n,,n=us\x07,r=abc", SASL_ERROR_NOT_AUTHORIZED, SASL_FAULT_CREDENTIALS},
        {"SCRAM-SHA-1", "n,a=other,n=user,r=abc", SASL_ERROR_INVALID_AUTHZID,
         SASL_FAULT_CREDENTIALS},
        {"SCRAM-SHA-1", "n,a=other@example.org,n=user,r=abc", SASL_ERROR_INVALID_AUTHZID,
         SASL_FAULT_CREDENTIALS},
        {"SCRAM-SHA-1", "n,a=user@example.net,n=user,r=abc", SASL_ERROR_INVALID_AUTHZID,
         SASL_FAULT_CREDENTIALS},
        {"SCRAM-SHA-1", "n,a=user@example.org/x,n=user,r=abc", SASL_ERROR_INVALID_AUTHZID,
         SASL_FAULT_CREDENTIALS},
        {"SCRAM-SHA-1", "n,a=user@,n=user,r=abc", SASL_ERROR_INVALID_AUTHZID,
         SASL_FAULT_CREDENTIALS},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        fixture_server(&f, rows[i].mech, "user", "pencil");
        fixture_step(&f, str_from(rows[i].in));
        if (f.status != SASL_FAILED || fixture_error(&f) != rows[i].error ||
            fixture_fault(&f) != rows[i].fault)
            fail_msg("\"%s\": %s, fault %d", rows[i].in, sasl_error_name(fixture_error(&f)),
                     fixture_fault(&f));
        assert_int_equal(f.secrets, 0);
        assert_int_equal(buf_len(&f.out), 0);
        fixture_finish(&f);
    }
    struct fixture f;
    fixture_server(&f, "SCRAM-SHA-1", "user", "pencil");
    assert_int_equal(fixture_step(&f, str_of("n,,n=us\0er,r=abc", 16)), SASL_FAILED);
    fixture_finish(&f);
    char nonce[600] = "n,,n=user,r=";
    memset(nonce + 12, 'x', 513);
    fixture_server(&f, "SCRAM-SHA-1", "user", "pencil");
    assert_int_equal(fixture_step(&f, str_of(nonce, 12 + 513)), SASL_FAILED);
    fixture_finish(&f);
    fixture_server(&f, "SCRAM-SHA-1", "user", "pencil");
    assert_int_equal(fixture_step(&f, str_of(nonce, 12 + 512)), SASL_MORE);
    fixture_finish(&f);
}

static void test_client_first_accepted(void **unused)
{
    (void)unused;
    static const struct {
        const char *in, *user, *prefix;
    } rows[] = {
        {"n,,n=user,r=abc", "user", "r=abc"},
        {"y,,n=user,r=abc", "user", "r=abc"}, /* no -PLUS is on offer */
        {"n,a=user,n=user,r=abc", "user", "r=abc"},
        {"n,a=user@example.org,n=user,r=abc", "user", "r=abc"},
        {"n,,n=user,r=!~=,x=y=z,h=1", "user", "r=!~="},
        {"n,,n=a=2Cb=3Dc,r=abc", "a,b=c", "r=abc"},
        {"n,,n=us\xc2\xad"
         "er,r=abc",
         "user", "r=abc"},
        {"n,,n=\xe2\x85\xa8,r=abc", "IX", "r=abc"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        fixture_server(&f, "SCRAM-SHA-1", rows[i].user, "pencil");
        assert_int_equal(fixture_step(&f, str_from(rows[i].in)), SASL_MORE);
        assert_true(str_is(sasl_username(f.sasl), rows[i].user));
        assert_memory_equal(fixture_said(&f).ptr, rows[i].prefix, strlen(rows[i].prefix));
        assert_int_equal(buf_len(&f.out), strlen(rows[i].prefix) + 40 + 3 + 24 + 7);
        fixture_finish(&f);
    }
}

/* The right client-final, changed. */
static void test_client_final_refused(void **unused)
{
    (void)unused;
    const struct vector *v = &vectors[0];
    static const struct {
        const char *in;
        enum sasl_error error;
        enum sasl_fault fault;
    } rows[] = {
#define BAD_FINAL(in) {in, SASL_ERROR_MALFORMED_REQUEST, SASL_FAULT_PROTOCOL}
        BAD_FINAL(""),
        BAD_FINAL("c=biws"),
        BAD_FINAL("c=biws,r=" N1 S1),
        BAD_FINAL("c=biws,r=" N1 S1 ",p="),
        BAD_FINAL("c=biws,r=" N1 S1 ",p=" PROOF ","),
        BAD_FINAL("c=biws,r=" N1 S1 ",p=" PROOF ",x=y"),
        BAD_FINAL("c=biws,r=" N1 S1 ",p=" PROOF ",p=" PROOF),
        BAD_FINAL("c=biws,r=" N1 S1 ",m=x,p=" PROOF),
        BAD_FINAL("m=x,c=biws,r=" N1 S1 ",p=" PROOF),
        BAD_FINAL("r=" N1 S1 ",c=biws,p=" PROOF),
        BAD_FINAL("c=biws,p=" PROOF ",r=" N1 S1),
        BAD_FINAL("c=biws,x=y,r=" N1 S1 ",p=" PROOF),
        BAD_FINAL("c=biws,r=" N1 S1 ",,p=" PROOF),
        BAD_FINAL("c=biws,r=" N1 S1 ",P=" PROOF),
        BAD_FINAL("c=,r=" N1 S1 ",p=" PROOF),
        BAD_FINAL("c=biws,r=" N1 S1 ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts"),  /* base64 cut */
        BAD_FINAL("c=biws,r=" N1 S1 ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Tt="), /* bits not zero */
        BAD_FINAL("c=biws,r=" N1 S1 ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Q=="), /* 19 bytes */
        BAD_FINAL("c=biws,r=" N1 S1 ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4TsA"), /* 21 bytes */
        BAD_FINAL("c=biws,r=" N1 S1 ",p= v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="),
        BAD_FINAL("c=biws,r=" N1 S1 ",x=\xff,p=" PROOF),
        {"c=biws,r=" N1 ",p=" PROOF, SASL_ERROR_NOT_AUTHORIZED, SASL_FAULT_PROTOCOL},
        {"c=biws,r=" N1 S1 "x,p=" PROOF, SASL_ERROR_NOT_AUTHORIZED, SASL_FAULT_PROTOCOL},
        {"c=biws,r=" S1 ",p=" PROOF, SASL_ERROR_NOT_AUTHORIZED, SASL_FAULT_PROTOCOL},
        {"c=eSws,r=" N1 S1 ",p=" PROOF, SASL_ERROR_NOT_AUTHORIZED, SASL_FAULT_DOWNGRADE},
        {"c=biwsAA==,r=" N1 S1 ",p=" PROOF, SASL_ERROR_NOT_AUTHORIZED, SASL_FAULT_DOWNGRADE},
        {"c=!!!!,r=" N1 S1 ",p=" PROOF, SASL_ERROR_NOT_AUTHORIZED, SASL_FAULT_DOWNGRADE},
        {"c=biws,r=" N1 S1 ",x=y,p=" PROOF, SASL_ERROR_NOT_AUTHORIZED, SASL_FAULT_CREDENTIALS},
        {"c=biws,r=" N1 S1 ",p=w0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", SASL_ERROR_NOT_AUTHORIZED,
         SASL_FAULT_CREDENTIALS},
        {"c=biws,r=" N1 S1 ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", SASL_ERROR_NOT_AUTHORIZED,
         SASL_FAULT_CREDENTIALS},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        fixture_init(&f, v->mech, SASL_SERVER);
        f.user = "user";
        f.rows[0] = vector_row(v);
        f.row_count = 1;
        next_nonce = v->server_nonce;
        assert_int_equal(fixture_step(&f, str_from(v->client_first)), SASL_MORE);
        fixture_step(&f, str_from(rows[i].in));
        if (f.status != SASL_FAILED || fixture_error(&f) != rows[i].error ||
            fixture_fault(&f) != rows[i].fault)
            fail_msg("\"%s\": %s, fault %d", rows[i].in, sasl_error_name(fixture_error(&f)),
                     fixture_fault(&f));
        assert_int_equal(fixture_step(&f, str_from(v->client_final)), SASL_FAILED);
        fixture_finish(&f);
    }
}

/* ---- what the client refuses ---- */

static void test_server_first_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *in;
        enum sasl_fault fault;
    } rows[] = {
#define R "r=" N1 S1
#define S ",s=QSXCR+Q6sek8bf92"
        {"", SASL_FAULT_PROTOCOL},
        {R, SASL_FAULT_PROTOCOL},
        {R S, SASL_FAULT_PROTOCOL},
        {R ",i=4096", SASL_FAULT_PROTOCOL},
        {R ",i=4096" S, SASL_FAULT_PROTOCOL},
        {R S ",i=", SASL_FAULT_PROTOCOL},
        {R S ",i=0", SASL_FAULT_PROTOCOL},
        {R S ",i=04096", SASL_FAULT_PROTOCOL},
        {R S ",i=-4096", SASL_FAULT_PROTOCOL},
        {R S ",i=+4096", SASL_FAULT_PROTOCOL},
        {R S ",i= 4096", SASL_FAULT_PROTOCOL},
        {R S ",i=4096 ", SASL_FAULT_PROTOCOL},
        {R S ",i=0x1000", SASL_FAULT_PROTOCOL},
        {R S ",i=4096.0", SASL_FAULT_PROTOCOL},
        {R S ",i=4096,", SASL_FAULT_PROTOCOL},
        {R S ",i=4096,x", SASL_FAULT_PROTOCOL},
        {R S ",i=4096,i=4096", SASL_FAULT_PROTOCOL},
        {R S ",i=4096,m=x", SASL_FAULT_PROTOCOL},
        {"m=x," R S ",i=4096", SASL_FAULT_PROTOCOL},
        {R S ",x=y,i=4096", SASL_FAULT_PROTOCOL},
        {R ",s=,i=4096", SASL_FAULT_PROTOCOL},
        {R ",s=QSX,i=4096", SASL_FAULT_PROTOCOL},
        {R ",s=QSX=,i=4096", SASL_FAULT_PROTOCOL},
        {R ",s= QSXCR+Q6sek8bf92,i=4096", SASL_FAULT_PROTOCOL},
        {R ",s=QSXCR+Q6sek8bf92\n,i=4096", SASL_FAULT_PROTOCOL},
        {R ",s=QSXC R+Q6sek8bf92,i=4096", SASL_FAULT_PROTOCOL},
        {R ",s=QSXCR-Q6sek8bf92,i=4096", SASL_FAULT_PROTOCOL},
        {R ",s=QQ==R+Q6sek8bf92,i=4096", SASL_FAULT_PROTOCOL}, /* padding not at the end */
        {R ",s=QSXCR+Q6sek8bf9=,i=4096", SASL_FAULT_PROTOCOL}, /* bits not zero */
        {"r=" N1 S, SASL_FAULT_PROTOCOL},
        {"r=" N1 S ",i=4096", SASL_FAULT_PROTOCOL}, /* nothing added to ours */
        {"r=fyko" S ",i=4096", SASL_FAULT_PROTOCOL},
        {"r=x" N1 S1 S ",i=4096", SASL_FAULT_PROTOCOL},
        {"r=" S1 N1 S ",i=4096", SASL_FAULT_PROTOCOL},
        {"r=Fyko+d2lbbFgONRv9qkxdawL" S1 S ",i=4096", SASL_FAULT_PROTOCOL},
        {"r=" N1 "\x01" S ",i=4096", SASL_FAULT_PROTOCOL},
        {"r=" N1 "\xc3\xa9" S ",i=4096", SASL_FAULT_PROTOCOL},
        {"e=other-error", SASL_FAULT_PROTOCOL},
        {"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", SASL_FAULT_PROTOCOL},
        {R S ",i=1", SASL_FAULT_POLICY},
        {R S ",i=4095", SASL_FAULT_POLICY},
        {R S ",i=1000001", SASL_FAULT_POLICY},
        {R S ",i=2147483647", SASL_FAULT_POLICY},
        {R S ",i=4294967296", SASL_FAULT_POLICY},
        {R S ",i=4294971392", SASL_FAULT_POLICY}, /* 2^32 + 4096 */
        {R S ",i=18446744073709555712", SASL_FAULT_POLICY},
        {R S ",i=1000000000000000000000000000000", SASL_FAULT_POLICY},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        fixture_client(&f, "SCRAM-SHA-1", "user", "pencil");
        next_nonce = N1;
        assert_int_equal(fixture_step(&f, STR_NONE), SASL_MORE);
        fixture_step(&f, str_from(rows[i].in));
        if (f.status != SASL_FAILED || fixture_fault(&f) != rows[i].fault)
            fail_msg("\"%s\": fault %d", rows[i].in, fixture_fault(&f));
        assert_int_equal(fixture_error(&f), SASL_ERROR_ABORTED);
        assert_int_equal(f.secrets, 0); /* the password was not even asked for */
        fixture_finish(&f);
    }
}

/* Bounds that the policy sets, both ends of them. */
static void test_iteration_bounds(void **unused)
{
    (void)unused;
    static const struct {
        unsigned min, max;
        const char *i;
        bool ok;
    } rows[] = {
        {0, 0, "4096", true},
        {0, 0, "1000000", true},
        {10000, 0, "9999", false},
        {10000, 0, "10000", true},
        {1, 5, "1", true},
        {1, 5, "5", true},
        {1, 5, "6", false},
        {1, UINT_MAX, "4294967294", true},
        {1, UINT_MAX, "4294967295", false}, /* it may be any number above */
        {1, UINT_MAX, "1000000000000000000000000000000", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        char text[128];
        snprintf(text, sizeof text, R S ",i=%s", rows[i].i);
        fixture_client(&f, "SCRAM-SHA-1", "user", "pencil");
        f.config.iterations_min = rows[i].min;
        f.config.iterations_max = rows[i].max;
        f.sasl = sasl_new(&f.config);
        next_nonce = N1;
        assert_int_equal(sasl_step(f.sasl, STR_NONE, &f.out), SASL_MORE);
        assert_int_equal(sasl_step(f.sasl, str_from(text), &f.out),
                         rows[i].ok ? SASL_WANT_SECRET : SASL_FAILED);
        fixture_finish(&f);
    }
}

/* After the right client-final: in <success/> and in a challenge. */
static void test_server_final_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *in;
        enum sasl_fault fault; /* in a challenge; with success it is always SERVER_PROOF */
    } rows[] = {
        {"", SASL_FAULT_PROTOCOL},
        {"v", SASL_FAULT_PROTOCOL},
        {"v=", SASL_FAULT_PROTOCOL},
        {"rmF9pqV8S7suAoZWja4dJRkFsKQ=", SASL_FAULT_PROTOCOL},
        {"V=rmF9pqV8S7suAoZWja4dJRkFsKQ=", SASL_FAULT_PROTOCOL},
        {"v=rmF9pqV8S7suAoZWja4dJRkFsKQ", SASL_FAULT_PROTOCOL},
        {"v=rmF9pqV8S7suAoZWja4dJRkFsKR=", SASL_FAULT_PROTOCOL},
        {"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=,", SASL_FAULT_PROTOCOL},
        {"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=,m=x", SASL_FAULT_PROTOCOL},
        {"x=y,v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", SASL_FAULT_PROTOCOL},
        {"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=\n", SASL_FAULT_PROTOCOL},
        {"v=smF9pqV8S7suAoZWja4dJRkFsKQ=", SASL_FAULT_SERVER_PROOF},
        {"v=rmF9pqV8S7suAoZWja4dJRkFsA==", SASL_FAULT_SERVER_PROOF},
        {"v=rmF9pqV8S7suAoZWja4dJRkFsKUA", SASL_FAULT_PROTOCOL},
        {"v=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", SASL_FAULT_SERVER_PROOF}, /* our own proof */
        {"e=invalid-proof", SASL_FAULT_CREDENTIALS},
        {"e=unknown-user,x=y", SASL_FAULT_CREDENTIALS},
        {"e=channel-bindings-dont-match", SASL_FAULT_DOWNGRADE},
        {"e=server-does-support-channel-binding", SASL_FAULT_DOWNGRADE},
        {"e=something-new", SASL_FAULT_PROTOCOL},
        {"e=", SASL_FAULT_PROTOCOL},
    };
    for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
        struct fixture f;
        bool success = i % 2;
        fixture_client(&f, "SCRAM-SHA-1", "user", "pencil");
        next_nonce = N1;
        fixture_step(&f, STR_NONE);
        assert_int_equal(fixture_step(&f, str_from(vectors[0].server_first)), SASL_MORE);
        struct str in = str_from(rows[i / 2].in);
        f.status = success ? sasl_conclude(f.sasl, in) : fixture_step(&f, in);
        assert_int_equal(f.status, SASL_FAILED);
        if (fixture_fault(&f) != (success ? SASL_FAULT_SERVER_PROOF : rows[i / 2].fault))
            fail_msg("\"%s\": fault %d", rows[i / 2].in, fixture_fault(&f));
        fixture_finish(&f);
    }
    struct fixture f; /* an extension after the signature is allowed */
    fixture_client(&f, "SCRAM-SHA-1", "user", "pencil");
    next_nonce = N1;
    fixture_step(&f, STR_NONE);
    fixture_step(&f, str_from(vectors[0].server_first));
    assert_int_equal(sasl_conclude(f.sasl, STR_LIT("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=,x=y")),
                     SASL_DONE);
    fixture_finish(&f);
}

/* ---- channel binding and downgrades ---- */

/* A -PLUS mechanism was taken off the list: the client says "y", the server knows better. */
static void test_downgrade(void **unused)
{
    (void)unused;
    for (int row = 0; row < 4; row++) {
        struct fixture client, server;
        bool offers = row & 1, flag_y = row & 2;
        fixture_client(&client, "SCRAM-SHA-256", "user", "pencil");
        fixture_server(&server, "SCRAM-SHA-256", "user", "pencil");
        client.config.gs2 = flag_y ? SASL_GS2_CAN : SASL_GS2_CANNOT;
        server.config.offers_binding = offers;
        fixture_talk(&client, &server, false);
        if (offers && flag_y) {
            assert_int_equal(server.status, SASL_FAILED);
            assert_int_equal(fixture_error(&server), SASL_ERROR_NOT_AUTHORIZED);
            assert_int_equal(fixture_fault(&server), SASL_FAULT_DOWNGRADE);
            assert_int_equal(server.secrets, 0);
        } else {
            assert_int_equal(client.status, SASL_DONE);
        }
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

/* The two ends of a man in the middle see different channels. */
static void test_other_channel(void **unused)
{
    (void)unused;
    struct fixture client, server;
    fixture_client(&client, "SCRAM-SHA-256-PLUS", "user", "pencil");
    fixture_server(&server, "SCRAM-SHA-256-PLUS", "user", "pencil");
    server.config.binding.data[31] ^= 1;
    fixture_talk(&client, &server, false);
    assert_int_equal(server.status, SASL_FAILED);
    assert_int_equal(fixture_fault(&server), SASL_FAULT_DOWNGRADE);
    assert_int_equal(fixture_error(&server), SASL_ERROR_NOT_AUTHORIZED);
    fixture_finish(&client);
    fixture_finish(&server);
}

/* Of several bindings that the server can give, the client chooses. */
static void test_other_bindings(void **unused)
{
    (void)unused;
    static const char *const types[] = {"tls-exporter", "tls-server-end-point", "tls-unique"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct fixture client, server;
        fixture_client(&client, "SCRAM-SHA-256-PLUS", "user", "pencil");
        fixture_server(&server, "SCRAM-SHA-256-PLUS", "user", "pencil");
        bind_to(&server, "tls-exporter", "exporter", 8);
        for (size_t k = 0; k < SASL_OTHER_BINDINGS_MAX; k++) {
            server.config.other_bindings[k] =
                (struct sasl_binding){.type = types[k + 1], .data = "k0", .len = 2};
            server.config.other_bindings[k].data[1] += (uint8_t)k;
        }
        if (i == 0)
            client.config.binding = server.config.binding;
        else
            client.config.binding = server.config.other_bindings[i - 1];
        fixture_talk(&client, &server, false);
        assert_int_equal(client.status, SASL_DONE);
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

/* Mechanism, flag and binding of a client must fit together. */
static void test_client_binding_config(void **unused)
{
    (void)unused;
    struct fixture f;
    fixture_client(&f, "SCRAM-SHA-256-PLUS", "user", "pencil");
    f.config.binding.type = NULL;
    assert_int_equal(fixture_step(&f, STR_NONE), SASL_FAILED);
    assert_int_equal(fixture_fault(&f), SASL_FAULT_POLICY);
    fixture_finish(&f);
    fixture_client(&f, "SCRAM-SHA-256-PLUS", "user", "pencil");
    f.config.binding.len = 0;
    assert_int_equal(fixture_step(&f, STR_NONE), SASL_FAILED);
    fixture_finish(&f);
    fixture_client(&f, "SCRAM-SHA-256-PLUS", "user", "pencil");
    f.config.gs2 = SASL_GS2_CANNOT;
    assert_int_equal(fixture_step(&f, STR_NONE), SASL_FAILED);
    fixture_finish(&f);
    fixture_client(&f, "SCRAM-SHA-256", "user", "pencil");
    f.config.gs2 = SASL_GS2_BINDS;
    assert_int_equal(fixture_step(&f, STR_NONE), SASL_FAILED);
    fixture_finish(&f);
}

/* XEP-0474: the text, and a list that was changed on the way. */
static void test_offered(void **unused)
{
    (void)unused;
    struct fixture client, server;
    struct buf shown, truth;
    fixture_server(&server, "SCRAM-SHA-1", "user", "pencil");
    offer(&server, &truth);
    assert_true(str_is(buf_peek(&truth), "SCRAM-SHA-1\x1eSCRAM-SHA-1-PLUS\x1f"
                                         "tls-exporter\x1etls-server-end-point"));
    struct str mech = STR_LIT("SCRAM-SHA-1");
    buf_init(&shown, 0, false);
    sasl_offered(&mech, 1, NULL, 0, &shown);
    assert_true(str_is(buf_peek(&shown), "SCRAM-SHA-1"));

    fixture_client(&client, "SCRAM-SHA-1", "user", "pencil");
    client.config.offered = buf_peek(&shown);
    fixture_talk(&client, &server, false);
    assert_int_equal(client.status, SASL_FAILED);
    assert_int_equal(fixture_fault(&client), SASL_FAULT_DOWNGRADE);
    assert_int_equal(client.secrets, 0);
    fixture_finish(&client);
    fixture_finish(&server);

    /* One end that does not know of it is no downgrade. */
    for (int side = 0; side < 2; side++) {
        fixture_client(&client, "SCRAM-SHA-1", "user", "pencil");
        fixture_server(&server, "SCRAM-SHA-1", "user", "pencil");
        (side ? &server : &client)->config.offered = buf_peek(&truth);
        fixture_talk(&client, &server, false);
        assert_int_equal(client.status, SASL_DONE);
        fixture_finish(&client);
        fixture_finish(&server);
    }
    buf_finish(&shown);
    buf_finish(&truth);
}

/* XEP-0515: what the two ends know of the version of TLS, and what the client makes of it. */
static void test_tls_version(void **unused)
{
    (void)unused;
    static const struct {
        unsigned client, server;
        bool offered; /* by the server; without it, it says no version either */
        enum sasl_fault fault;
    } rows[] = {
        {0x0304, 0x0304, true, SASL_FAULT_NONE},      {0x0303, 0x0303, true, SASL_FAULT_NONE},
        {0x0304, 0x0303, true, SASL_FAULT_DOWNGRADE}, {0x0303, 0x0304, true, SASL_FAULT_DOWNGRADE},
        {0x0304, 0x3040, true, SASL_FAULT_DOWNGRADE}, {0, 0x0304, true, SASL_FAULT_NONE},
        {0x0304, 0, true, SASL_FAULT_NONE},           {0x0304, 0x0303, false, SASL_FAULT_NONE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture client, server;
        struct buf offered = {0};
        fixture_client(&client, "SCRAM-SHA-256", "user", "pencil");
        fixture_server(&server, "SCRAM-SHA-256", "user", "pencil");
        client.config.tls_version = rows[i].client;
        server.config.tls_version = rows[i].server;
        if (rows[i].offered)
            offer(&server, &offered);
        fixture_talk(&client, &server, false);
        bool ok = rows[i].fault == SASL_FAULT_NONE;
        assert_int_equal(client.status, ok ? SASL_DONE : SASL_FAILED);
        assert_int_equal(fixture_fault(&client), rows[i].fault);
        assert_int_equal(client.secrets, ok); /* the password was not even asked for */
        fixture_finish(&client);
        fixture_finish(&server);
        buf_finish(&offered);
    }
}

/* Extensions of server-first that we know, in other shapes. */
static void test_known_extensions(void **unused)
{
    (void)unused;
    enum { TAKEN = -1 };
    static const struct {
        const char *after; /* r, s and i */
        unsigned tls_version;
        int fault;
    } rows[] = {
        {",t=0304", 0x0304, TAKEN},
        {",t=0a0f", 0x0a0f, TAKEN},
        {",x=y,t=0304,z=0303", 0x0304, TAKEN},
        {",t=0304,h=AAAA", 0x0304, TAKEN}, /* we were not told what is offered */
        {",t=0303", 0x0304, SASL_FAULT_DOWNGRADE},
        {",t=0A0F", 0x0a0f, SASL_FAULT_PROTOCOL},
        {",t=304", 0x0304, SASL_FAULT_PROTOCOL},
        {",t=00304", 0x0304, SASL_FAULT_PROTOCOL},
        {",t=0x0304", 0x0304, SASL_FAULT_PROTOCOL},
        {",t=030g", 0x0304, SASL_FAULT_PROTOCOL},
        {",t=0304 ", 0x0304, SASL_FAULT_PROTOCOL},
        {",t= 304", 0x0304, SASL_FAULT_PROTOCOL},
        {",t=1.3", 0x0304, SASL_FAULT_PROTOCOL},
        {",t=1.3", 0, TAKEN}, /* nothing to compare it with: one extension of many */
        {",t=", 0x0304, SASL_FAULT_PROTOCOL},
        {",t=", 0, SASL_FAULT_PROTOCOL},
        {",t=0304,t=0304", 0x0304, SASL_FAULT_PROTOCOL},
        {",t=0304,t=0303", 0, SASL_FAULT_PROTOCOL},
        {",h=AAAA,h=AAAA", 0, SASL_FAULT_PROTOCOL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        char text[128];
        snprintf(text, sizeof text, R S ",i=4096%s", rows[i].after);
        fixture_client(&f, "SCRAM-SHA-1", "user", "pencil");
        f.config.tls_version = rows[i].tls_version;
        next_nonce = N1;
        fixture_step(&f, STR_NONE);
        fixture_step(&f, str_from(text));
        bool ok = rows[i].fault == TAKEN;
        if (f.status != (ok ? SASL_MORE : SASL_FAILED) ||
            (!ok && (int)fixture_fault(&f) != rows[i].fault))
            fail_msg("\"%s\": status %d, fault %d", rows[i].after, f.status, fixture_fault(&f));
        assert_int_equal(f.secrets, ok);
        fixture_finish(&f);
    }
}

/* ---- names, keys, unknown users ---- */

static void test_names(void **unused)
{
    (void)unused;
    static const struct {
        const char *typed, *authzid, *stored, *first;
    } rows[] = {
        {"a,b=c", NULL, "a,b=c", "n,,n=a=2Cb=3Dc,r="},
        {"=2C", NULL, "=2C", "n,,n==3D2C,r="},
        {"I\xc2\xadX", NULL, "IX", "n,,n=IX,r="},
        {"user", "user@example.org", "user", "n,a=user@example.org,n=user,r="},
        {"a,b", "a,b", "a,b", "n,a=a=2Cb,n=a=2Cb,r="},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture client, server;
        fixture_client(&client, "SCRAM-SHA-256", rows[i].typed,
                       "p\xc2\xad"
                       "encil\xc2\xaa");
        client.config.authzid = str_from(rows[i].authzid);
        fixture_server(&server, "SCRAM-SHA-256", rows[i].stored, "pencila");
        fixture_step(&client, STR_NONE);
        assert_memory_equal(fixture_said(&client).ptr, rows[i].first, strlen(rows[i].first));
        fixture_finish(&client);
        buf_init(&client.out, 0, true);
        fixture_talk(&client, &server, false);
        assert_int_equal(client.status, SASL_DONE);
        assert_true(str_is(sasl_username(server.sasl), rows[i].stored));
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

/* A key kept from one login does for the next, without a password; one of the wrong size does
 * not. */
static void test_salted_key(void **unused)
{
    (void)unused;
    struct fixture client, server;
    struct sasl_want want;
    struct str key;
    uint8_t kept[HASH_MAX_BYTES];
    fixture_client(&client, "SCRAM-SHA-256", "user", "pencil");
    fixture_server(&server, "SCRAM-SHA-256", "user", "pencil");
    fixture_step(&client, STR_NONE);
    assert_false(sasl_salted_key(client.sasl, &want, &key));
    fixture_finish(&client);
    fixture_talk(&client, &server, false);
    assert_int_equal(client.derives, 1);
    assert_true(sasl_salted_key(client.sasl, &want, &key));
    assert_false(sasl_salted_key(server.sasl, &want, &key));
    assert_int_equal(key.len, 32);
    assert_true(str_is(want.salt, "0123456789abcdef"));
    assert_int_equal(want.iterations, 4096);
    assert_null(want.password.ptr);
    memcpy(kept, key.ptr, key.len);
    fixture_finish(&client);
    fixture_finish(&server);

    for (int wrong = 0; wrong < 2; wrong++) {
        fixture_client(&client, "SCRAM-SHA-256-PLUS", "user", NULL);
        fixture_server(&server, "SCRAM-SHA-256-PLUS", "user", "pencil");
        client.salted = str_of(kept, wrong ? 31 : 32);
        fixture_talk(&client, &server, false);
        assert_int_equal(client.status, wrong ? SASL_FAILED : SASL_DONE);
        assert_int_equal(client.derives, 0);
        fixture_finish(&client);
        fixture_finish(&server);
    }
    fixture_client(&client, "PLAIN", "user", "pencil");
    fixture_step(&client, STR_NONE);
    assert_false(sasl_salted_key(client.sasl, &want, &key));
    fixture_finish(&client);
}

/* server-first for `user`, without the nonce. */
static void salt_of(const char *mech, const char *user, uint8_t key, char ret[64])
{
    struct fixture f;
    char first[128];
    fixture_server(&f, mech, "user", "pencil");
    f.config.fake_key[0] = key;
    snprintf(first, sizeof first, "%s,,n=%s,r=abc", f.config.binding.type ? "p=tls-exporter" : "n",
             user);
    assert_int_equal(fixture_step(&f, str_from(first)), SASL_MORE);
    struct str said = fixture_said(&f);
    assert_int_equal(said.len, 5 + 40 + 3 + 24 + 7);
    memcpy(ret, said.ptr + 45, said.len - 45);
    ret[said.len - 45] = '\0';
    fixture_finish(&f);
}

/* The salt of an unknown user is stable, its own, and looks like any other. */
static void test_made_up_salt(void **unused)
{
    (void)unused;
    char known[64], one[64], same[64], upper[64], other[64], scheme[64], plus[64], key[64];
    salt_of("SCRAM-SHA-256", "user", 1, known);
    salt_of("SCRAM-SHA-256", "nobody", 1, one);
    salt_of("SCRAM-SHA-256", "nobody", 1, same);
    salt_of("SCRAM-SHA-256", "NoBody", 1, upper);
    salt_of("SCRAM-SHA-256", "nobody2", 1, other);
    salt_of("SCRAM-SHA-1", "nobody", 1, scheme);
    salt_of("SCRAM-SHA-256-PLUS", "nobody", 1, plus);
    salt_of("SCRAM-SHA-256", "nobody", 2, key);
    assert_int_equal(strlen(known), strlen(one));
    assert_string_equal(known + 27, one + 27); /* ,i=4096 */
    assert_string_equal(one, same);
    assert_string_equal(one, upper); /* one account, were it there */
    assert_string_equal(one, plus);
    assert_string_not_equal(one, known);
    assert_string_not_equal(one, other);
    assert_string_not_equal(one, scheme);
    assert_string_not_equal(one, key);
}

/* Two exchanges of one user never share a nonce, and the nonce is 240 bits of the random source. */
static void test_nonce(void **unused)
{
    (void)unused;
    struct fixture f;
    fixture_client(&f, "SCRAM-SHA-256", "user", "pencil");
    f.random.nonce = "L42uHMW+jbzhz7XsudgtsuWUHOhMfaKUBiqNbGZv";
    fixture_step(&f, STR_NONE);
    assert_true(str_is(fixture_said(&f), "n,,n=user,r=L42uHMW+jbzhz7XsudgtsuWUHOhMfaKUBiqNbGZv"));
    fixture_finish(&f);
    buf_init(&f.out, 0, true);
    fixture_step(&f, STR_NONE);
    assert_int_equal(buf_len(&f.out), 12 + 40);
    assert_false(str_is(fixture_said(&f), "n,,n=user,r=L42uHMW+jbzhz7XsudgtsuWUHOhMfaKUBiqNbGZv"));
    fixture_finish(&f);
}

/* What was said in one exchange serves in no other: whoever heard all of it can play neither end.
 */
static void test_replay(void **unused)
{
    (void)unused;
    const struct vector *v = &vectors[1];
    struct fixture f;
    for (int again = 0; again < 2; again++) { /* the client: first its own nonce, then another */
        fixture_client(&f, v->mech, "user", "pencil");
        next_nonce = again ? NULL : v->client_nonce;
        fixture_step(&f, STR_NONE);
        fixture_step(&f, str_from(v->server_first));
        assert_int_equal(f.status, again ? SASL_FAILED : SASL_MORE);
        assert_int_equal(f.secrets, !again);
        assert_int_equal(sasl_conclude(f.sasl, str_from(v->server_final)),
                         again ? SASL_FAILED : SASL_DONE);
        fixture_finish(&f);
    }
    for (int again = 0; again < 2; again++) {
        fixture_init(&f, v->mech, SASL_SERVER);
        f.user = "user";
        f.rows[0] = vector_row(v);
        f.row_count = 1;
        next_nonce = again ? NULL : v->server_nonce;
        assert_int_equal(fixture_step(&f, str_from(v->client_first)), SASL_MORE);
        fixture_step(&f, str_from(v->client_final));
        assert_int_equal(f.status, again ? SASL_FAILED : SASL_DONE);
        if (again)
            assert_int_equal(fixture_error(&f), SASL_ERROR_NOT_AUTHORIZED);
        assert_int_equal(fixture_step(&f, str_from(v->client_final)), SASL_FAILED); /* too late */
        fixture_finish(&f);
    }
}

/* A row of the wrong shape in the store is its fault, not the user's. */
static void test_damaged_row(void **unused)
{
    (void)unused;
    for (int damage = 0; damage < 6; damage++) {
        struct fixture f;
        struct sasl_secret secret = {.kind = SASL_SECRET_CREDENTIAL};
        fixture_server(&f, "SCRAM-SHA-256", "user", "pencil");
        f.sasl = sasl_new(&f.config);
        assert_int_equal(sasl_step(f.sasl, STR_LIT("n,,n=user,r=abc"), &f.out), SASL_WANT_SECRET);
        secret.credential = f.rows[0];
        struct sasl_credential *c = &secret.credential;
        if (damage == 0)
            *c = f.rows[1];
        else if (damage == 1)
            c->key_len = 31;
        else if (damage == 2)
            c->salt_len = 0;
        else if (damage == 3)
            c->salt_len = 65;
        else if (damage == 4)
            c->iterations = 0;
        else
            secret.kind = SASL_SECRET_PASSWORD;
        assert_int_equal(sasl_answer_secret(f.sasl, &secret, &f.out), SASL_FAILED);
        assert_int_equal(fixture_error(&f), SASL_ERROR_TEMPORARY_AUTH_FAILURE);
        assert_int_equal(buf_len(&f.out), 0);
        fixture_finish(&f);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_vectors),
        cmocka_unit_test(test_server_vectors),
        cmocka_unit_test(test_client_first_refused),
        cmocka_unit_test(test_client_first_accepted),
        cmocka_unit_test(test_client_final_refused),
        cmocka_unit_test(test_server_first_refused),
        cmocka_unit_test(test_iteration_bounds),
        cmocka_unit_test(test_server_final_refused),
        cmocka_unit_test(test_downgrade),
        cmocka_unit_test(test_other_channel),
        cmocka_unit_test(test_other_bindings),
        cmocka_unit_test(test_client_binding_config),
        cmocka_unit_test(test_offered),
        cmocka_unit_test(test_tls_version),
        cmocka_unit_test(test_known_extensions),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_salted_key),
        cmocka_unit_test(test_made_up_salt),
        cmocka_unit_test(test_nonce),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_damaged_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
