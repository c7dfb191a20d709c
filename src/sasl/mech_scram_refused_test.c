/* What each half of SCRAM refuses, and what it does not. */
#include "sasl/mech_scram_vectors_test.h"

#include <limits.h>
#include <stdio.h>

/* ---- what the server refuses ---- */

#define PROOF "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="

static const struct {
    const char *mech, *in;
    enum sasl_error error;
    enum sasl_fault fault;
} bad_client_first[] = {
#define BAD(in)                                                                                    \
    {                                                                                              \
        "SCRAM-SHA-1", in, SASL_ERROR_MALFORMED_REQUEST, SASL_FAULT_PROTOCOL                       \
    }
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
    {"SCRAM-SHA-1", "n,a=other,n=user,r=abc", SASL_ERROR_INVALID_AUTHZID, SASL_FAULT_CREDENTIALS},
    {"SCRAM-SHA-1", "n,a=other@example.org,n=user,r=abc", SASL_ERROR_INVALID_AUTHZID,
     SASL_FAULT_CREDENTIALS},
    {"SCRAM-SHA-1", "n,a=user@example.net,n=user,r=abc", SASL_ERROR_INVALID_AUTHZID,
     SASL_FAULT_CREDENTIALS},
    {"SCRAM-SHA-1", "n,a=user@example.org/x,n=user,r=abc", SASL_ERROR_INVALID_AUTHZID,
     SASL_FAULT_CREDENTIALS},
    {"SCRAM-SHA-1", "n,a=user@,n=user,r=abc", SASL_ERROR_INVALID_AUTHZID, SASL_FAULT_CREDENTIALS},
};

static void test_client_first_refused(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(bad_client_first); i++) {
        struct fixture f;
        fixture_server(&f, bad_client_first[i].mech, "user", "pencil");
        fixture_step(&f, str_from(bad_client_first[i].in));
        if (f.status != SASL_FAILED || fixture_error(&f) != bad_client_first[i].error ||
            fixture_fault(&f) != bad_client_first[i].fault)
            fail_msg("\"%s\": %s, fault %d", bad_client_first[i].in,
                     sasl_error_name(fixture_error(&f)), fixture_fault(&f));
        assert_int_equal(f.secrets, 0);
        assert_int_equal(buf_len(&f.out), 0);
        fixture_finish(&f);
    }
}

static void test_client_first_bounds(void **unused)
{
    (void)unused;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_first_refused),  cmocka_unit_test(test_client_first_bounds),
        cmocka_unit_test(test_client_first_accepted), cmocka_unit_test(test_client_final_refused),
        cmocka_unit_test(test_server_first_refused),  cmocka_unit_test(test_iteration_bounds),
        cmocka_unit_test(test_server_final_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
