#include "sasl/sasl_fixture.h"
#include "sasl/sasl_mech.h"

#include <stdio.h>

/* Nonces of other exchanges are not base64 of 40 characters: the linker's --wrap puts them in. */
static const char *next_nonce;
struct str __wrap_sasl_nonce(struct sasl *s);
struct str __real_sasl_nonce(struct sasl *s);

struct str __wrap_sasl_nonce(struct sasl *s)
{
    struct str nonce = str_from(next_nonce);
    next_nonce = NULL;
    return nonce.ptr ? sasl_keep(s, nonce) : __real_sasl_nonce(s);
}

/* The exchange of the tutorial that Linnet began with: S5, C5 and S6 as they are on the wire. */
static const char tutorial_challenge[] =
    "cmVhbG09IjE5Mi4xNjguMS4xODUiLG5vbmNlPSJlcEJaZlBxU1p0WGlLYzBqdGpwT0I1a01HMHdiY0hsUmNhOE52ZE9S"
    "Iixxb3A9ImF1dGgiLGNoYXJzZXQ9dXRmLTgsYWxnb3JpdGhtPW1kNS1zZXNz";
static const char tutorial_response[] =
    "Y2hhcnNldD11dGYtOCx1c2VybmFtZT0iYWRtaW4iLHJlYWxtPSIxOTIuMTY4LjEuMTg1Iixub25jZT0iZXBCWmZQcVNa"
    "dFhpS2MwanRqcE9CNWtNRzB3YmNIbFJjYThOdmRPUiIsbmM9MDAwMDAwMDEsY25vbmNlPSJMNDJ1SE1XK2piemh6N1hz"
    "dWRndHN1V1VIT2hNZmFLVUJpcU5iR1p2IixkaWdlc3QtdXJpPSJ4bXBwLzE5Mi4xNjguMS4xODUiLG1heGJ1Zj02NTUz"
    "NixyZXNwb25zZT1hN2JhMWZlOThiMDc2ZjUzZWUzNTczM2Q5NDMwODJlYSxxb3A9YXV0aCxhdXRoemlkPSJhZG1pbiI=";
static const char tutorial_success[] = "cnNwYXV0aD0yNDZlZDcyOTQ3ZjVhYzFiNWQ2ZDc4ZTkxM2QzMmFjMQ==";

#define NONCE "epBZfPqSZtXiKc0jtjpOB5kMG0wbcHlRca8NvdOR"
#define CNONCE "L42uHMW+jbzhz7XsudgtsuWUHOhMfaKUBiqNbGZv"

static void assert_says(const struct fixture *f, const char *base64)
{
    struct buf text = {0};
    base64_encode(&text, fixture_said(f));
    assert_int_equal(buf_len(&text), strlen(base64));
    assert_memory_equal(buf_peek(&text).ptr, base64, strlen(base64));
    buf_finish(&text);
}

static struct str decoded(struct buf *b, const char *base64)
{
    buf_init(b, 0, false);
    assert_true(base64_decode(b, str_from(base64)));
    return buf_peek(b);
}

static void tutorial_server(struct fixture *f)
{
    fixture_init(f, "DIGEST-MD5", SASL_SERVER);
    f->config.host = f->config.bare_domain = STR_LIT("192.168.1.185");
    f->random.nonce = NONCE;
    f->user = "admin";
    f->row_count = 1;
    assert_true(
        sasl_digest_credential(STR_LIT("admin"), f->config.host, STR_LIT("admin"), &f->rows[0]));
}

static void tutorial_client(struct fixture *f)
{
    fixture_client(f, "DIGEST-MD5", "admin", "admin");
    f->config.host = STR_LIT("192.168.1.185");
    f->config.authzid = STR_LIT("admin");
    f->random.nonce = CNONCE;
}

static void test_tutorial_server(void **unused)
{
    (void)unused;
    struct fixture f;
    struct buf response;
    tutorial_server(&f);
    assert_int_equal(fixture_step(&f, STR_NONE), SASL_MORE);
    assert_says(&f, tutorial_challenge);
    assert_int_equal(fixture_step(&f, decoded(&response, tutorial_response)), SASL_DONE);
    assert_says(&f, tutorial_success);
    assert_true(str_is(sasl_username(f.sasl), "admin"));
    buf_finish(&response);
    fixture_finish(&f);
}

static void test_tutorial_client(void **unused)
{
    (void)unused;
    for (int late = 0; late < 2; late++) {
        struct fixture f;
        struct buf challenge, success;
        tutorial_client(&f);
        assert_int_equal(fixture_step(&f, STR_NONE), SASL_MORE);
        assert_false(sasl_has_output(f.sasl)); /* the server is first */
        assert_int_equal(fixture_step(&f, decoded(&challenge, tutorial_challenge)), SASL_MORE);
        assert_says(&f, tutorial_response);
        struct str last = decoded(&success, tutorial_success);
        if (late) {
            assert_int_equal(fixture_step(&f, last), SASL_MORE);
            assert_true(sasl_has_output(f.sasl)); /* an empty response */
            assert_int_equal(buf_len(&f.out), 0);
            last = STR_NONE;
        }
        assert_int_equal(sasl_conclude(f.sasl, last), SASL_DONE);
        buf_finish(&challenge);
        buf_finish(&success);
        fixture_finish(&f);
    }
}

/* The same without authzid, as our client sends it unless it is told to. */
static void test_without_authzid(void **unused)
{
    (void)unused;
    struct fixture f;
    struct buf challenge;
    tutorial_client(&f);
    f.config.authzid = STR_NONE;
    fixture_step(&f, STR_NONE);
    assert_int_equal(fixture_step(&f, decoded(&challenge, tutorial_challenge)), SASL_MORE);
    assert_true(str_is(fixture_said(&f),
                       "charset=utf-8,username=\"admin\",realm=\"192.168.1.185\",nonce=\"" NONCE
                       "\",nc=00000001,cnonce=\"" CNONCE "\",digest-uri=\"xmpp/192.168.1.185\","
                       "maxbuf=65536,response=96ad4cdad83691159787dee643d2ab06,qop=auth"));
    assert_int_equal(sasl_conclude(f.sasl, STR_LIT("rspauth=38e1f3cc4a2410d6b3d58d51b5a3ee6f")),
                     SASL_DONE);
    buf_finish(&challenge);
    fixture_finish(&f);
}

/* RFC 2831 §4, both halves. */
static void test_rfc2831(void **unused)
{
    (void)unused;
    static const struct {
        const char *service, *nonce, *cnonce, *response, *rspauth;
    } rows[] = {
        {"imap", "OA6MG9tEQGm2hh", "OA6MHXh6VqTrRk", "d388dad90d4bbd760a152321f2143af7",
         "ea40f60335c427b5527b84dbabcdfffd"},
        {"acap", "OA9BSXrbuRhWay", "OA9BSuZWMSpW8m", "6084c6db3fede7352c551284490fd0fc",
         "2f0b3d7c3c2e486600ef710726aa2eae"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        char text[512];
        fixture_client(&f, "DIGEST-MD5", "chris", "secret");
        f.config.service = str_from(rows[i].service);
        f.config.host = STR_LIT("elwood.innosoft.com");
        fixture_step(&f, STR_NONE);
        snprintf(text, sizeof text,
                 "realm=\"elwood.innosoft.com\",nonce=\"%s\",qop=\"auth\",algorithm=md5-sess,"
                 "charset=utf-8",
                 rows[i].nonce);
        next_nonce = rows[i].cnonce;
        assert_int_equal(fixture_step(&f, str_from(text)), SASL_MORE);
        snprintf(text, sizeof text, ",response=%s,", rows[i].response);
        assert_non_null(memmem(fixture_said(&f).ptr, buf_len(&f.out), text, strlen(text)));
        snprintf(text, sizeof text, "rspauth=%s", rows[i].rspauth);
        assert_int_equal(sasl_conclude(f.sasl, str_from(text)), SASL_DONE);
        fixture_finish(&f);

        fixture_init(&f, "DIGEST-MD5", SASL_SERVER);
        f.config.service = str_from(rows[i].service);
        f.config.host = STR_LIT("elwood.innosoft.com");
        f.user = "chris";
        f.row_count = 1;
        assert_true(
            sasl_digest_credential(STR_LIT("chris"), f.config.host, STR_LIT("secret"), &f.rows[0]));
        next_nonce = rows[i].nonce;
        fixture_step(&f, STR_NONE);
        snprintf(text, sizeof text,
                 "charset=utf-8,username=\"chris\",realm=\"elwood.innosoft.com\",nonce=\"%s\","
                 "nc=00000001,cnonce=\"%s\",digest-uri=\"%s/elwood.innosoft.com\",response=%s,"
                 "qop=auth",
                 rows[i].nonce, rows[i].cnonce, rows[i].service, rows[i].response);
        assert_int_equal(fixture_step(&f, str_from(text)), SASL_DONE);
        snprintf(text, sizeof text, "rspauth=%s", rows[i].rspauth);
        assert_true(str_is(fixture_said(&f), text));
        fixture_finish(&f);
    }
}

/* ---- what the client refuses, and what it takes ---- */

#define REST "qop=\"auth\",charset=utf-8,algorithm=md5-sess"

static void test_challenge(void **unused)
{
    (void)unused;
    enum { TAKEN = -1 };
    static const struct {
        const char *in;
        int fault;
    } rows[] = {
        {"nonce=\"x\"," REST, TAKEN},
        {"nonce=\"x\",algorithm=md5-sess", TAKEN},
        {"Nonce=\"x\",ALGORITHM=MD5-SESS,Charset=UTF-8,QOP=\"AUTH\"", TAKEN},
        {"nonce=x,algorithm=\"md5-sess\",qop=auth,charset=\"utf-8\"", TAKEN},
        {" , ,nonce = \"x\" ,\r\n\t algorithm = md5-sess,,", TAKEN},
        {"nonce=\"x\",algorithm=md5-sess,qop=\"auth-int,auth\"", TAKEN},
        {"nonce=\"x\",algorithm=md5-sess,qop=\"auth-conf , auth , auth-int\"", TAKEN},
        {"nonce=\"x\",algorithm=md5-sess,new=1,new=2,newer=\"a,b=\\\"c\"", TAKEN},
        {"nonce=\"a\\\"b\\\\c\"," REST, TAKEN},
        {"realm=\"a\",realm=\"b\",nonce=\"x\"," REST, TAKEN},
        {"nonce=\"x\",maxbuf=1024,stale=false,cipher=\"rc4\"," REST, TAKEN},
        {"", SASL_FAULT_PROTOCOL},
        {",", SASL_FAULT_PROTOCOL},
        {REST, SASL_FAULT_PROTOCOL}, /* no nonce */
        {"nonce=\"\"," REST, SASL_FAULT_PROTOCOL},
        {"nonce=\"x\",nonce=\"y\"," REST, SASL_FAULT_PROTOCOL},
        {"nonce=\"x\",qop=\"auth\",charset=utf-8", SASL_FAULT_PROTOCOL}, /* no algorithm */
        {"nonce=\"x\",algorithm=md5-sess,algorithm=md5-sess", SASL_FAULT_PROTOCOL},
        {"nonce=\"x\",algorithm=md5", SASL_FAULT_PROTOCOL},
        {"nonce=\"x\",algorithm=md5-sess,charset=iso-8859-1", SASL_FAULT_PROTOCOL},
        {"nonce=\"x\",charset=utf-8," REST, SASL_FAULT_PROTOCOL},
        {"nonce=\"x\",qop=\"auth\"," REST, SASL_FAULT_PROTOCOL},
        {"nonce=\"x\",maxbuf=1,maxbuf=2," REST, SASL_FAULT_PROTOCOL},
        {"nonce=\"x\",stale=true,stale=true," REST, SASL_FAULT_PROTOCOL},
        {"nonce=\"x," REST, SASL_FAULT_PROTOCOL}, /* no end quote */
        {"nonce=\"x\\", SASL_FAULT_PROTOCOL},
        {"nonce=\"x\"y," REST, SASL_FAULT_PROTOCOL},
        {"nonce=\"x\" y," REST, SASL_FAULT_PROTOCOL},
        {"nonce=," REST, SASL_FAULT_PROTOCOL},
        {"nonce," REST, SASL_FAULT_PROTOCOL},
        {"=\"x\"," REST, SASL_FAULT_PROTOCOL},
        {"\"nonce\"=x," REST, SASL_FAULT_PROTOCOL},
        {"nonce=\"x\",realm=\"\xff\"," REST, SASL_FAULT_PROTOCOL},
        {"nonce=\"x\",algorithm=md5-sess,qop=\"auth-int\"", SASL_FAULT_POLICY},
        {"nonce=\"x\",algorithm=md5-sess,qop=\"\"", SASL_FAULT_POLICY},
        {"nonce=\"x\",algorithm=md5-sess,qop=\"authx\"", SASL_FAULT_POLICY},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        fixture_client(&f, "DIGEST-MD5", "chris", "secret");
        fixture_step(&f, STR_NONE);
        fixture_step(&f, str_from(rows[i].in));
        bool ok = rows[i].fault == TAKEN;
        if (f.status != (ok ? SASL_MORE : SASL_FAILED) ||
            (!ok && (int)fixture_fault(&f) != rows[i].fault))
            fail_msg("\"%s\": status %d, fault %d", rows[i].in, f.status, fixture_fault(&f));
        assert_int_equal(f.secrets, ok);
        fixture_finish(&f);
    }
    static char text[2049] = "nonce=\"x\"," REST ",a=";
    memset(text + strlen(text), 'a', sizeof text - 1 - strlen(text));
    for (size_t len = 2047; len <= 2048; len++) {
        struct fixture f;
        fixture_client(&f, "DIGEST-MD5", "chris", "secret");
        fixture_step(&f, STR_NONE);
        assert_int_equal(fixture_step(&f, str_of(text, len)), len < 2048 ? SASL_MORE : SASL_FAILED);
        fixture_finish(&f);
    }
}

/* Many strings in quotes are no reason to run out of memory, on either side. */
static void test_many_directives(void **unused)
{
    (void)unused;
    char text[2048] = "nonce=\"x\"," REST;
    size_t len = strlen(text);
    for (; len + 7 < sizeof text; len += 6)
        memcpy(text + len, ",a=\"b\"", 7);
    struct fixture f;
    fixture_client(&f, "DIGEST-MD5", "chris", "secret");
    fixture_step(&f, STR_NONE);
    assert_int_equal(fixture_step(&f, str_of(text, len)), SASL_MORE);
    fixture_finish(&f);
    fixture_server(&f, "DIGEST-MD5", "chris", "secret");
    fixture_step(&f, STR_NONE);
    assert_int_equal(fixture_step(&f, str_of(text, len)), SASL_FAILED);
    assert_int_equal(fixture_fault(&f), SASL_FAULT_PROTOCOL);
    fixture_finish(&f);
}

static void client_says(struct fixture *f, const char *challenge, const char *want)
{
    fixture_step(f, STR_NONE);
    fixture_step(f, str_from(challenge));
    if (f->status != SASL_MORE ||
        !memmem(fixture_said(f).ptr, buf_len(&f->out), want, strlen(want)))
        fail_msg("no %s in \"%.*s\"", want, STR_ARG(fixture_said(f)));
    fixture_finish(f);
}

/* Realm, escapes and character set as they are written. */
static void test_client_writes(void **unused)
{
    (void)unused;
    struct fixture f;
    fixture_client(&f, "DIGEST-MD5", "chris", "secret");
    client_says(&f, "nonce=\"x\"," REST, "username=\"chris\",nonce=\"x\"");
    fixture_client(&f, "DIGEST-MD5", "chris", "secret");
    client_says(&f, "realm=\"a\",realm=\"example.org\",nonce=\"x\"," REST, "realm=\"example.org\"");
    fixture_client(&f, "DIGEST-MD5", "chris", "secret");
    client_says(&f, "realm=\"a\",realm=\"b\",nonce=\"x\"," REST, "realm=\"a\"");
    fixture_client(&f, "DIGEST-MD5", "a\"b\\c", "secret");
    client_says(&f, "realm=\"d\\\"e\",nonce=\"\\x\"," REST,
                "username=\"a\\\"b\\\\c\",realm=\"d\\\"e\",nonce=\"x\"");
    fixture_client(&f, "DIGEST-MD5", "ren\xc3\xa9", "secret");
    client_says(&f, "nonce=\"x\"," REST, "charset=utf-8,username=\"ren\xc3\xa9\"");
    fixture_client(&f, "DIGEST-MD5", "ren\xc3\xa9", "secret");
    client_says(&f, "nonce=\"x\",algorithm=md5-sess,realm=\"\xe9\"",
                "username=\"ren\xe9\",realm=\"\xe9\",");
    fixture_client(&f, "DIGEST-MD5", "\xce\xb1", "secret"); /* not in ISO 8859-1 */
    fixture_step(&f, STR_NONE);
    assert_int_equal(fixture_step(&f, STR_LIT("nonce=\"x\",algorithm=md5-sess")), SASL_FAILED);
    assert_int_equal(fixture_fault(&f), SASL_FAULT_PREPARE);
    fixture_finish(&f);
}

static void test_rspauth(void **unused)
{
    (void)unused;
    static const struct {
        const char *in;
        int fault; /* in a challenge */
    } rows[] = {
        {"", SASL_FAULT_PROTOCOL},
        {"rspauth", SASL_FAULT_PROTOCOL},
        {"rspauth=", SASL_FAULT_PROTOCOL},
        {"x=y", SASL_FAULT_PROTOCOL},
        {"rspauth=246ed72947f5ac1b5d6d78e913d32ac1,rspauth=246ed72947f5ac1b5d6d78e913d32ac1",
         SASL_FAULT_PROTOCOL},
        {"rspauth=246ed72947f5ac1b5d6d78e913d32ac0", SASL_FAULT_SERVER_PROOF},
        {"rspauth=246ed72947f5ac1b5d6d78e913d32ac", SASL_FAULT_SERVER_PROOF},
        {"rspauth=246ed72947f5ac1b5d6d78e913d32ac11", SASL_FAULT_SERVER_PROOF},
        {"rspauth=246ED72947F5AC1B5D6D78E913D32AC1", SASL_FAULT_SERVER_PROOF},
        {"rspauth=a7ba1fe98b076f53ee35733d943082ea", SASL_FAULT_SERVER_PROOF}, /* our response */
        {"rspauth=\"246ed72947f5ac1b5d6d78e913d32ac1\"", -1},
        {"x=y, rspauth=246ed72947f5ac1b5d6d78e913d32ac1", -1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows) * 2; i++) {
        bool success = i % 2, ok = rows[i / 2].fault == -1;
        struct fixture f;
        struct buf challenge;
        tutorial_client(&f);
        fixture_step(&f, STR_NONE);
        fixture_step(&f, decoded(&challenge, tutorial_challenge));
        f.status = success ? sasl_conclude(f.sasl, str_from(rows[i / 2].in))
                           : fixture_step(&f, str_from(rows[i / 2].in));
        assert_int_equal(f.status, !ok ? SASL_FAILED : success ? SASL_DONE : SASL_MORE);
        int fault = success ? SASL_FAULT_SERVER_PROOF : rows[i / 2].fault;
        assert_int_equal(fixture_fault(&f), ok ? SASL_FAULT_NONE : fault);
        buf_finish(&challenge);
        fixture_finish(&f);
    }
}

/* ---- what the server refuses ---- */

/* `text` with `from` replaced by `to`; both borrowed. */
static struct str replaced(struct str text, const char *from, const char *to, char *ret)
{
    const char *at = memmem(text.ptr, text.len, from, strlen(from));
    assert_non_null(at);
    size_t before = (size_t)(at - text.ptr), after = text.len - before - strlen(from);
    memcpy(ret, text.ptr, before);
    memcpy(ret + before, to, strlen(to));
    memcpy(ret + before + strlen(to), at + strlen(from), after);
    return str_of(ret, before + strlen(to) + after);
}

static void test_response_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *from, *to;
        enum sasl_error error;
        enum sasl_fault fault;
    } rows[] = {
#define MALFORMED SASL_ERROR_MALFORMED_REQUEST, SASL_FAULT_PROTOCOL
#define WRONG SASL_ERROR_NOT_AUTHORIZED, SASL_FAULT_CREDENTIALS
#define NOT_OURS SASL_ERROR_NOT_AUTHORIZED, SASL_FAULT_PROTOCOL
        {"username=\"admin\",", "", MALFORMED},
        {"username=\"admin\",", "username=\"admin\",username=\"admin\",", MALFORMED},
        {"username=\"admin\",", "username=\"\",", WRONG},
        {"username=\"admin\",", "username=\"admin\x07\",", WRONG},
        {"username=\"admin\",", "username=\"admin\xff\",", WRONG},
        {"username=\"admin\",", "username=\"other\",", SASL_ERROR_INVALID_AUTHZID,
         SASL_FAULT_CREDENTIALS},
        {"realm=\"192.168.1.185\"", "realm=\"example.org\"", WRONG},
        {"realm=\"192.168.1.185\",", "", WRONG},
        {"realm=\"192.168.1.185\"", "realm=\"192.168.1.185\",realm=\"192.168.1.185\"", MALFORMED},
        {"nonce=\"" NONCE "\",", "", MALFORMED},
        {"nonce=\"" NONCE "\",", "nonce=\"epBZ\",", NOT_OURS},
        {"nc=00000001,", "", MALFORMED},
        {"nc=00000001", "nc=00000002", MALFORMED},
        {"nc=00000001", "nc=1", MALFORMED},
        {"nc=00000001", "nc=00000001,nc=00000001", MALFORMED},
        {"cnonce=\"" CNONCE "\",", "", MALFORMED},
        {"cnonce=\"" CNONCE "\",", "cnonce=\"\",", MALFORMED},
        {"cnonce=\"" CNONCE "\",", "cnonce=\"" CNONCE "\",cnonce=\"x\",", MALFORMED},
        {"digest-uri=\"xmpp/192.168.1.185\",", "", MALFORMED},
        {"digest-uri=\"xmpp/", "digest-uri=\"imap/", NOT_OURS},
        {"digest-uri=\"xmpp/192.168.1.185\"", "digest-uri=\"xmpp/example.org\"", NOT_OURS},
        {"digest-uri=\"xmpp/192.168.1.185\"", "digest-uri=\"xmpp/\"", NOT_OURS},
        {"digest-uri=\"xmpp/192.168.1.185\"", "digest-uri=\"xmpp\"", NOT_OURS},
        {"digest-uri=\"xmpp/192.168.1.185\"", "digest-uri=\"xmpp//192.168.1.185\"", NOT_OURS},
        {"digest-uri=\"xmpp/192.168.1.185\"", "digest-uri=\"xmpp/192.168.1.185/\"", NOT_OURS},
        {"digest-uri=\"xmpp/192.168.1.185\"", "digest-uri=\"xmpp/192.168.1.185/x\"", NOT_OURS},
        {"digest-uri=\"xmpp/192.168.1.185\"", "digest-uri=\"xmpp/h/192.168.1.185\"", WRONG},
        {"maxbuf=65536", "maxbuf=65536,maxbuf=65536", MALFORMED},
        {"response=a7ba1fe98b076f53ee35733d943082ea,", "", MALFORMED},
        {"response=a7ba1fe98b076f53ee35733d943082ea", "response=a7ba", MALFORMED},
        {"response=a7ba1fe98b076f53ee35733d943082ea", "response=a7ba1fe98b076f53ee35733d943082eb",
         WRONG},
        {"response=a7ba1fe98b076f53ee35733d943082ea", "response=A7BA1FE98B076F53EE35733D943082EA",
         WRONG},
        {"qop=auth", "qop=auth-int", SASL_ERROR_MALFORMED_REQUEST, SASL_FAULT_POLICY},
        {"qop=auth", "qop=auth-conf", SASL_ERROR_MALFORMED_REQUEST, SASL_FAULT_POLICY},
        {"qop=auth", "qop=auth,qop=auth", MALFORMED},
        {"charset=utf-8", "charset=latin1", MALFORMED},
        {"charset=utf-8", "charset=utf-8,charset=utf-8", MALFORMED},
        {"authzid=\"admin\"", "authzid=\"\"", MALFORMED},
        {"authzid=\"admin\"", "authzid=\"admin\",authzid=\"admin\"", MALFORMED},
        {"authzid=\"admin\"", "authzid=\"root\"", SASL_ERROR_INVALID_AUTHZID,
         SASL_FAULT_CREDENTIALS},
        {"authzid=\"admin\"", "authzid=\"admin@example.org\"", SASL_ERROR_INVALID_AUTHZID,
         SASL_FAULT_CREDENTIALS},
        {"authzid=\"admin\"", "authzid=\"admin@192.168.1.185\"", WRONG}, /* ours, but not hashed */
        {",authzid=\"admin\"", "", WRONG},                               /* hashed, but not there */
        {"qop=auth", "qop", MALFORMED},
        {"username=\"admin\"", "username=\"admin", MALFORMED},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        struct buf response;
        char text[1024];
        tutorial_server(&f);
        fixture_step(&f, STR_NONE);
        struct str in =
            replaced(decoded(&response, tutorial_response), rows[i].from, rows[i].to, text);
        fixture_step(&f, in);
        if (f.status != SASL_FAILED || fixture_error(&f) != rows[i].error ||
            fixture_fault(&f) != rows[i].fault)
            fail_msg("%s -> %s: status %d, %s, fault %d", rows[i].from, rows[i].to, f.status,
                     sasl_error_name(fixture_error(&f)), fixture_fault(&f));
        assert_int_equal(buf_len(&f.out), 0);
        buf_finish(&response);
        fixture_finish(&f);
    }
}

/* Other spellings of the right response. */
static void test_response_accepted(void **unused)
{
    (void)unused;
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"qop=auth,", ""},
        {"qop=auth", "qop=\"auth\""},
        {"maxbuf=65536,", ""},
        {"charset=utf-8,", ""},
        {"charset=utf-8", "Charset=\"UTF-8\""},
        {"username=", "new=\"x\",new=\"y\", username = "},
        {"username=\"admin\"", "username=\"\\a\\dmin\""},
        {"username=\"admin\"", "username=admin"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        struct buf response;
        char text[1024];
        tutorial_server(&f);
        fixture_step(&f, STR_NONE);
        struct str in =
            replaced(decoded(&response, tutorial_response), rows[i].from, rows[i].to, text);
        assert_int_equal(fixture_step(&f, in), SASL_DONE);
        buf_finish(&response);
        fixture_finish(&f);
    }
}

/* A nonce serves once: neither a second exchange nor the same one takes the response again. */
static void test_replay(void **unused)
{
    (void)unused;
    struct fixture f;
    struct buf response;
    struct str captured = decoded(&response, tutorial_response);
    tutorial_server(&f);
    fixture_step(&f, STR_NONE);
    assert_int_equal(fixture_step(&f, captured), SASL_DONE);
    assert_int_equal(fixture_step(&f, captured), SASL_FAILED);
    fixture_finish(&f);
    tutorial_server(&f);
    f.random.nonce = NULL;
    fixture_step(&f, STR_NONE);
    assert_int_equal(fixture_step(&f, captured), SASL_FAILED);
    assert_int_equal(fixture_error(&f), SASL_ERROR_NOT_AUTHORIZED);
    buf_finish(&response);
    fixture_finish(&f);
}

/* RFC 2831 §2.1.2.1: what ISO 8859-1 can hold is hashed as such; what not, as UTF-8; and
 * SASLprep comes first. Values computed independently. */
static void test_character_sets(void **unused)
{
    (void)unused;
    static const struct {
        const char *user, *realm, *password, *row;
    } rows[] = {
        {"admin", "192.168.1.185", "admin", "DIGEST-MD5$aed8676dd08bbdea909623c1e76dc131"},
        {"ren\xc3\xa9", "r", "p\xc3\xa4ss", "DIGEST-MD5$9f5a4375a223575e2f840e364ed5163a"},
        {"ren\xc3\xa9", "r", "\xce\xb1", "DIGEST-MD5$380ce65c1e5fd3ca505ad1323f7c7ece"},
        {"rene\xcc\x81", "r", "pa\xcc\x88ss", "DIGEST-MD5$9f5a4375a223575e2f840e364ed5163a"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sasl_credential c;
        struct buf out = {0};
        assert_true(sasl_digest_credential(str_from(rows[i].user), str_from(rows[i].realm),
                                           str_from(rows[i].password), &c));
        sasl_credential_write(&c, &out);
        if (!str_is(buf_peek(&out), rows[i].row))
            fail_msg("row %zu: %.*s", i, STR_ARG(buf_peek(&out)));
        buf_finish(&out);
    }
    struct sasl_credential c;
    assert_false(sasl_digest_credential(STR_LIT("a"), STR_LIT("r"), STR_LIT(""), &c));
    assert_false(sasl_digest_credential(STR_LIT(""), STR_LIT("r"), STR_LIT("p"), &c));
    assert_false(sasl_digest_credential(STR_LIT("a\x07"), STR_LIT("r"), STR_LIT("p"), &c));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tutorial_server),  cmocka_unit_test(test_tutorial_client),
        cmocka_unit_test(test_without_authzid),  cmocka_unit_test(test_rfc2831),
        cmocka_unit_test(test_challenge),        cmocka_unit_test(test_many_directives),
        cmocka_unit_test(test_client_writes),    cmocka_unit_test(test_rspauth),
        cmocka_unit_test(test_response_refused), cmocka_unit_test(test_response_accepted),
        cmocka_unit_test(test_replay),           cmocka_unit_test(test_character_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
