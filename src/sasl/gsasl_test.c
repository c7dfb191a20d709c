/* GNU SASL as the other end of every mechanism that both have, in both directions. */
#include "sasl/sasl_fixture.h"

#include <gsasl.h>

/* What GNU SASL's end knows; it asks through `answer`. */
struct peer {
    Gsasl *library;
    Gsasl_session *session;
    const char *user, *authzid, *password;
    Gsasl_property binding_property; /* 0: it cannot bind */
    const char *binding;             /* base64 */
};

struct scenario {
    const char *mech, *user, *authzid, *password, *peer_password;
    Gsasl_property binding_property;
    bool same_channel;
};

static int answer(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
    (void)library;
    struct peer *p = gsasl_session_hook_get(session);
    const char *value = NULL;
    if (property == GSASL_AUTHID)
        value = p->user;
    else if (property == GSASL_AUTHZID)
        value = p->authzid;
    else if (property == GSASL_PASSWORD)
        value = p->password;
    else if (property == GSASL_SERVICE)
        value = "xmpp";
    else if (property == GSASL_HOSTNAME || property == GSASL_REALM)
        value = "example.org";
    else if (property == GSASL_SCRAM_ITER)
        value = "4097";
    else if (property == GSASL_SCRAM_SALT)
        value = "QSXCR+Q6sek8bf92";
    else if (property == GSASL_QOPS || property == GSASL_QOP)
        value = "qop-auth";
    else if (p->binding_property && property == p->binding_property)
        value = p->binding;
    return value ? gsasl_property_set(session, property, value) : GSASL_NO_CALLBACK;
}

static void peer_init(struct peer *p, const struct scenario *s, enum sasl_side side)
{
    *p = (struct peer){.user = s->user,
                       .authzid = s->authzid,
                       .password = s->peer_password,
                       .binding_property = s->binding_property,
                       .binding = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="};
    if (!s->same_channel)
        p->binding = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHiA=";
    assert_int_equal(gsasl_init(&p->library), GSASL_OK);
    gsasl_callback_set(p->library, answer);
    int code = side == SASL_CLIENT ? gsasl_client_start(p->library, s->mech, &p->session)
                                   : gsasl_server_start(p->library, s->mech, &p->session);
    assert_int_equal(code, GSASL_OK);
    gsasl_session_hook_set(p->session, p);
}

static void peer_finish(struct peer *p)
{
    gsasl_finish(p->session);
    gsasl_done(p->library);
}

/* One step of GNU SASL; what it says is in `said`. */
static int peer_step(struct peer *p, struct str in, struct buf *said)
{
    char *out = NULL;
    size_t len = 0;
    int code = gsasl_step(p->session, in.ptr, in.len, &out, &len);
    buf_reset(said);
    if (code == GSASL_OK || code == GSASL_NEEDS_MORE)
        buf_append(said, out, len);
    gsasl_free(out);
    return code;
}

static void bind_like(struct fixture *f, const struct scenario *s)
{
    if (s->binding_property == GSASL_CB_TLS_UNIQUE)
        f->config.binding.type = "tls-unique";
}

/* Our client, its server: whether the login succeeded. */
static bool client_against(const struct scenario *s)
{
    struct fixture f;
    struct peer p;
    struct buf said = {0};
    fixture_client(&f, s->mech, s->user, s->password);
    f.config.authzid = str_from(s->authzid);
    bind_like(&f, s);
    peer_init(&p, s, SASL_SERVER);
    fixture_step(&f, STR_NONE);
    int code = GSASL_NEEDS_MORE;
    while (f.status == SASL_MORE && code == GSASL_NEEDS_MORE) {
        code = peer_step(&p, sasl_has_output(f.sasl) ? fixture_said(&f) : STR_NONE, &said);
        if (code == GSASL_NEEDS_MORE)
            fixture_step(&f, buf_peek(&said));
        else if (code == GSASL_OK)
            f.status = sasl_conclude(f.sasl, buf_len(&said) ? buf_peek(&said) : STR_NONE);
    }
    bool ok = f.status == SASL_DONE;
    assert_int_equal(ok, code == GSASL_OK);
    if (ok)
        assert_string_equal(gsasl_property_fast(p.session, GSASL_AUTHID), s->user);
    buf_finish(&said);
    fixture_finish(&f);
    peer_finish(&p);
    return ok;
}

/* Its client, our server. */
static bool server_against(const struct scenario *s)
{
    struct fixture f;
    struct peer p;
    struct buf said = {0};
    fixture_server(&f, s->mech, s->user, s->password);
    f.config.offered = STR_LIT("SCRAM-SHA-1\x1eSCRAM-SHA-256"); /* SCRAM has extensions then, */
    f.config.tls_version = 0x0304;                              /* which GNU SASL does not know */
    bind_like(&f, s);
    peer_init(&p, s, SASL_CLIENT);
    int code = peer_step(&p, STR_NONE, &said);
    bool has_initial = sasl_mech_flags(f.config.mech) & SASL_MECH_CLIENT_FIRST;
    assert_int_equal(has_initial, buf_len(&said) > 0);
    fixture_step(&f, has_initial ? buf_peek(&said) : STR_NONE);
    while (f.status == SASL_MORE && code == GSASL_NEEDS_MORE) {
        code = peer_step(&p, fixture_said(&f), &said);
        if (code == GSASL_OK || code == GSASL_NEEDS_MORE)
            fixture_step(&f, buf_peek(&said));
    }
    if (f.status == SASL_DONE && sasl_has_output(f.sasl))
        code = peer_step(&p, fixture_said(&f), &said);
    bool ok = f.status == SASL_DONE;
    assert_int_equal(ok, ok && code == GSASL_OK);
    buf_finish(&said);
    fixture_finish(&f);
    peer_finish(&p);
    return ok;
}

#define UNIQUE GSASL_CB_TLS_UNIQUE
#define EXPORTER GSASL_CB_TLS_EXPORTER

static const struct {
    const char *mech;
    Gsasl_property binding;
} mechs[] = {
    {"PLAIN", 0},
    {"SCRAM-SHA-1", 0},
    {"SCRAM-SHA-256", 0},
    {"SCRAM-SHA-1-PLUS", UNIQUE},
    {"SCRAM-SHA-1-PLUS", EXPORTER},
    {"SCRAM-SHA-256-PLUS", UNIQUE},
    {"SCRAM-SHA-256-PLUS", EXPORTER},
    {"DIGEST-MD5", 0},
};

/* GNU SASL's DIGEST-MD5 does not escape what it quotes, and of the name and password that RFC 2831
 * wants hashed as ISO 8859-1 it converts the password only. */
static const struct {
    const char *user, *authzid, *password;
    bool not_digest;
} people[] = {
    {"juliet", NULL, "r0m30myr0m30", false},
    {"juliet", "juliet", "r0m30myr0m30", false},
    {"juliet", "juliet@example.org", "r0m30myr0m30", false},
    {"a,b=c\"d\\e", NULL, "p,=\"\\ q", true},
    {"ren\xc3\xa9", NULL, "p\xc3\xa4ss", true},
    {"rene", NULL, "p\xc3\xa4ss", false},
    {"\xce\xb1\xce\xb2", NULL, "\xd0\xbf\xd0\xb0\xd1\x80", false},
};

static struct scenario scenario(size_t mech, size_t person)
{
    return (struct scenario){.mech = mechs[mech].mech,
                             .binding_property = mechs[mech].binding,
                             .user = people[person].user,
                             .authzid = people[person].authzid,
                             .password = people[person].password,
                             .peer_password = people[person].password,
                             .same_channel = true};
}

static void test_success(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(mechs) * ARRAY_LEN(people); i++) {
        size_t person = i % ARRAY_LEN(people);
        struct scenario s = scenario(i / ARRAY_LEN(people), person);
        if (people[person].not_digest && strcmp(s.mech, "DIGEST-MD5") == 0)
            continue;
        if (!client_against(&s) || !server_against(&s))
            fail_msg("%s as %s", s.mech, s.user);
    }
}

static void test_wrong_password(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(mechs); i++) {
        struct scenario s = scenario(i, 0);
        s.peer_password = "wrong";
        assert_false(client_against(&s));
        assert_false(server_against(&s));
    }
}

static void test_other_channel(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(mechs); i++) {
        struct scenario s = scenario(i, 0);
        if (!s.binding_property)
            continue;
        s.same_channel = false;
        assert_false(client_against(&s));
        assert_false(server_against(&s));
    }
}

static void test_authzid_of_another(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(mechs); i++) {
        struct scenario s = scenario(i, 0);
        s.authzid = "romeo@example.org";
        assert_false(server_against(&s));
    }
}

/* SASLprep as GNU SASL has it: two spellings of one password. (Not DIGEST-MD5, which it does not
 * prepare.) */
static void test_spellings(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(mechs) - 1; i++) {
        struct scenario s = scenario(i, 0);
        s.password = "p\xc3\xa4ss\xe2\x85\xa8";
        s.peer_password = "pa\xcc\x88ssI\xc2\xadX";
        assert_true(client_against(&s));
        assert_true(server_against(&s));
    }
}

/* A client that can bind and saw no -PLUS says "y": a server that can bind refuses it. (GNU SASL
 * 2.2.0 cannot play that client: it fails when it could bind but is not to.) */
static void test_downgrade(void **unused)
{
    (void)unused;
    for (int can_bind = 0; can_bind < 2; can_bind++) {
        struct scenario s = scenario(1, 0);
        struct fixture f;
        struct peer p;
        struct buf said = {0};
        s.binding_property = can_bind ? EXPORTER : 0;
        fixture_client(&f, s.mech, s.user, s.password);
        f.config.gs2 = SASL_GS2_CAN;
        peer_init(&p, &s, SASL_SERVER);
        fixture_step(&f, STR_NONE);
        assert_memory_equal(fixture_said(&f).ptr, "y,,", 3);
        assert_int_equal(peer_step(&p, fixture_said(&f), &said),
                         can_bind ? GSASL_AUTHENTICATION_ERROR : GSASL_NEEDS_MORE);
        buf_finish(&said);
        fixture_finish(&f);
        peer_finish(&p);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_success),       cmocka_unit_test(test_wrong_password),
        cmocka_unit_test(test_other_channel), cmocka_unit_test(test_authzid_of_another),
        cmocka_unit_test(test_spellings),     cmocka_unit_test(test_downgrade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
