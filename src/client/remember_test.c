#include "client/fake_test.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the three above */
#include <cmocka.h>

/* What a client remembers of an account from one login to the next: what it then does without, and
 * what it does not let a server do to it. Each login has a client of its own, which knows nothing
 * but the text that the one before gave. */

/* An account with its memory, as an application keeps it. */
struct account {
    struct fake fake;
    char text[MEMORY_TEXT_BYTES];
    size_t len;
    unsigned told;    /* times that the memory was told to have changed in the last login */
    unsigned changed; /* notices of another key */
    uint8_t seen[32];
    struct linnet_error error;
    unsigned path;
    char way[128]; /* detail of the stage "sign in" */
    char recording[65536], trace[65536];
    size_t trace_len;
    /* what the next login is to do; set before it */
    bool accept_change, unsaved;
    const char *mechanism, *ca_file, *password;
};

static void begin(struct account *a)
{
    *a = (struct account){.password = FAKE_PASSWORD};
    fake_start(&a->fake);
    a->fake.fast = true;
}

static void end(struct account *a)
{
    fake_stop(&a->fake);
}

static void on_trace(void *ctx, enum linnet_direction direction, const char *xml, size_t len)
{
    struct account *a = ctx;
    (void)direction;
    if (len < sizeof a->trace - a->trace_len) {
        memcpy(a->trace + a->trace_len, xml, len);
        a->trace_len += len;
        a->trace[a->trace_len] = '\0';
    }
}

static struct linnet_config *config_of(struct account *a)
{
    struct linnet_config *config = fake_config(&a->fake);
    linnet_config_set_memory(config, a->text, a->len);
    linnet_config_accept_change(config, a->accept_change);
    linnet_config_set_mechanism(config, a->mechanism);
    linnet_config_set_trace(config, on_trace, a, false);
    if (!a->password)
        linnet_config_set_password(config, NULL, 0);
    else
        linnet_config_set_password(config, a->password, strlen(a->password));
    if (a->ca_file)
        linnet_config_set_ca_file(config, a->ca_file);
    return config;
}

static void save(struct account *a, struct linnet_client *c)
{
    size_t len;
    const char *text = linnet_client_memory(c, &len);
    assert_non_null(text);
    assert_true(len > 0 && len <= sizeof a->text);
    if (a->unsaved) {
        linnet_client_memory_unsaved(c);
        return;
    }
    memcpy(a->text, text, len);
    a->len = len;
    a->told++;
}

static void note(struct account *a, struct linnet_client *c, const struct linnet_event *e)
{
    if (e->kind == LINNET_EVENT_MEMORY)
        save(a, c);
    if (e->kind == LINNET_EVENT_STAGE_DONE && e->stage == LINNET_STAGE_SIGN_IN)
        snprintf(a->way, sizeof a->way, "%s", e->detail);
    if (e->kind == LINNET_EVENT_CERTIFICATE_CHANGED) {
        assert_int_equal(e->certificate->fault, LINNET_OK);
        assert_memory_not_equal(e->certificate->spki_sha256, e->seen_spki_sha256, 32);
        memcpy(a->seen, e->seen_sha256, 32);
        a->changed++;
    }
    if (e->kind == LINNET_EVENT_FAILED)
        a->error = *e->error;
}

/* What is written for people holds neither the password nor a token. */
static void assert_no_secrets(struct account *a, struct linnet_client *c)
{
    char *text = linnet_client_recording(c);
    assert_non_null(text);
    snprintf(a->recording, sizeof a->recording, "%s", text);
    free(text);
    const char *const where[] = {a->recording, a->trace};
    for (size_t i = 0; i < ARRAY_LEN(where); i++) {
        assert_null(strstr(where[i], FAKE_SECRET_MARK));
        assert_null(strstr(where[i], FAKE_TOKEN));
        assert_null(strstr(where[i], "Y2FuYXJ5")); /* "canary" in base64 */
    }
}

static enum linnet_error_code run(struct account *a, struct linnet_client *c)
{
    enum linnet_event_kind kind;
    a->told = a->changed = 0;
    a->error = (struct linnet_error){0};
    a->way[0] = '\0';
    a->trace_len = 0;
    assert_int_equal(linnet_client_login(c), LINNET_OK);
    do {
        const struct linnet_event *e = fake_next(&a->fake, c);
        kind = e->kind;
        note(a, c, e);
    } while (kind != LINNET_EVENT_ONLINE && kind != LINNET_EVENT_FAILED);
    a->path = linnet_client_path(c);
    assert_no_secrets(a, c);
    return a->error.code;
}

/* A login by a client of its own. */
static enum linnet_error_code login(struct account *a)
{
    struct linnet_client *c = fake_client(config_of(a));
    enum linnet_error_code code = run(a, c);
    linnet_client_free(c);
    fake_hang_up(&a->fake, false);
    return code;
}

static void expect(struct account *a, enum linnet_error_code code)
{
    if (login(a) != code)
        fail_msg("status %d, not %d: %s", a->error.code, code, a->error.sentence);
}

/* The memory as it stands. */
static void look(const struct account *a, struct account_memory *ret)
{
    char reason[MEMORY_REASON_BYTES];
    memory_init(ret);
    assert_int_equal(memory_read(ret, str_of(a->text, a->len), STR_LIT("juliet@localhost"), reason),
                     LINNET_OK);
}

enum { SHORT = LINNET_PATH_SASL2 | LINNET_PATH_BIND2 };

/* ---- shorter and shorter ---- */

static void the_second_login_is_shorter(void **state)
{
    static struct account a;
    (void)state;
    begin(&a);
    expect(&a, LINNET_OK);
    assert_int_equal(a.path, SHORT);
    assert_string_equal(a.way, "SCRAM-SHA-256");
    a.password = NULL; /* nobody is asked for it */
    for (unsigned i = 1; i < 4; i++) {
        expect(&a, LINNET_OK);
        assert_int_equal(a.path, SHORT | LINNET_PATH_TOKEN | LINNET_PATH_PIPELINED);
        assert_string_equal(a.way, "token (HT-SHA-256-EXPR), pipelined");
        assert_int_equal(a.fake.token.count, i);
        assert_int_equal(a.told, 2); /* before the token is used, and with the new session */
    }
    assert_int_equal(a.fake.token.issued, 1);
    end(&a);
}

/* What could not be saved is as it was in the file: a count that is used now would come twice. */
static void what_is_not_saved_is_not_used(void **state)
{
    static struct account a;
    struct account_memory m;
    (void)state;
    begin(&a);
    expect(&a, LINNET_OK);
    a.unsaved = true;
    expect(&a, LINNET_OK); /* with the password */
    assert_int_equal(a.path, SHORT | LINNET_PATH_PIPELINED);
    assert_int_equal(a.fake.token.used, 0);
    assert_null(strstr(a.recording, "resumed"));
    look(&a, &m);
    assert_int_equal(m.token_count, 0);
    memory_finish(&m);
    a.unsaved = false;
    a.password = NULL;
    expect(&a, LINNET_OK);
    assert_int_equal(a.fake.token.used, 1);
    assert_non_null(strstr(a.recording, "resumed"));
    end(&a);
}

/* A login by itself begins inside of a dispatch: nothing is used there that was not told before. */
static void what_is_told_in_a_dispatch_is_used_in_a_later_one(void **state)
{
    static struct account a;
    (void)state;
    begin(&a);
    struct linnet_config *config = config_of(&a);
    linnet_config_set_reconnect(config, true);
    struct linnet_client *c = fake_client(config);
    assert_int_equal(run(&a, c), LINNET_OK);
    for (unsigned round = 0; round < 8; round++) {
        a.unsaved = round % 2 == 0;
        fake_hang_up(&a.fake, false);
        fake_until(&a.fake, c, LINNET_EVENT_RETRY_SCHEDULED);
        assert_true(linnet_client_retry_now(c));
        unsigned used = a.fake.token.used;
        const struct linnet_event *e = fake_until(&a.fake, c, LINNET_EVENT_MEMORY);
        note(&a, c, e);
        while (e->kind != LINNET_EVENT_ONLINE)
            note(&a, c, e = fake_next(&a.fake, c));
        assert_int_equal(a.fake.token.used, used + !a.unsaved);
    }
    linnet_client_free(c);
    end(&a);
}

static void says_who_it_is(void **state)
{
    static struct account a;
    struct account_memory m;
    (void)state;
    begin(&a);
    struct linnet_config *config = config_of(&a);
    linnet_config_set_software(config, "Balcony", "1.5", "pc");
    linnet_config_set_device(config, "Juliet's phone");
    struct linnet_client *c = fake_client(config);
    assert_int_equal(run(&a, c), LINNET_OK);
    linnet_client_free(c);
    fake_hang_up(&a.fake, false);
    look(&a, &m);
    assert_string_equal(a.fake.software, "Balcony 1.5");
    assert_string_equal(a.fake.device, "Juliet's phone");
    assert_string_equal(a.fake.token.client_id, m.agent_id);
    expect(&a, LINNET_OK);
    assert_non_null(strstr(a.fake.software, "Linnet "));
    assert_string_equal(a.fake.token.client_id, m.agent_id);
    memory_finish(&m);
    end(&a);
}

/* A crash between two logins must not show one count twice: it is saved before it is used. */
static void the_count_is_told_before_it_is_used(void **state)
{
    static struct account a;
    struct account_memory m;
    (void)state;
    begin(&a);
    expect(&a, LINNET_OK);
    struct linnet_client *c = fake_client(config_of(&a));
    assert_int_equal(linnet_client_login(c), LINNET_OK);
    const struct linnet_event *e = linnet_client_event(c); /* with no dispatch between */
    assert_int_equal(e->kind, LINNET_EVENT_MEMORY);
    save(&a, c);
    linnet_client_free(c);
    look(&a, &m);
    assert_int_equal(m.token_count, 1);
    assert_int_equal(buf_len(&m.tls_session), 0);
    memory_finish(&m);
    expect(&a, LINNET_OK);
    assert_int_equal(a.fake.token.count, 2);
    end(&a);
}

static void a_session_that_nobody_saw_is_kept(void **state)
{
    static struct account a;
    struct account_memory before, after;
    (void)state;
    begin(&a);
    expect(&a, LINNET_OK);
    look(&a, &before);
    assert_true(buf_len(&before.tls_session) > 0);
    a.fake.raw = "HTTP/1.1 400 no\r\n\r\n";
    expect(&a, LINNET_ERROR_NOT_XMPP);
    look(&a, &after);
    assert_true(str_eq(buf_peek(&before.tls_session), buf_peek(&after.tls_session)));
    assert_true(str_eq(buf_peek(&before.features), buf_peek(&after.features)));
    memory_finish(&before);
    memory_finish(&after);
    a.fake.raw = NULL;
    expect(&a, LINNET_OK);
    end(&a);
}

/* RFC 8446 §C.4: a server that sees the ticket and fails the login has used it up. */
static void a_session_serves_once(void **state)
{
    static struct account a;
    struct account_memory m;
    (void)state;
    begin(&a);
    expect(&a, LINNET_OK);
    a.fake.verdict = SASL_ERROR_ACCOUNT_DISABLED;
    expect(&a, LINNET_ERROR_ACCOUNT_DISABLED);
    look(&a, &m);
    assert_int_equal(buf_len(&m.tls_session), 0);
    memory_finish(&m);
    end(&a);
}

/* ---- a token that fails ---- */

static void assert_password_instead(struct account *a)
{
    unsigned issued = a->fake.token.issued;
    a->fake.accepted = 0;
    expect(a, LINNET_OK);
    assert_int_equal(a->fake.accepted, 1); /* in the same connection */
    assert_int_equal(a->path & LINNET_PATH_TOKEN, 0);
    assert_int_equal(a->fake.token.issued, issued + 1);
    a->fake.token.used = 0;
    expect(a, LINNET_OK);
    assert_int_equal(a->path & LINNET_PATH_TOKEN, LINNET_PATH_TOKEN);
    assert_int_equal(a->fake.token.used, 1);
}

static void a_refused_token_ends_in_the_password(void **state)
{
    static struct account a;
    (void)state;
    begin(&a);
    expect(&a, LINNET_OK);
    a.fake.token.text[0] ^= 1; /* revoked */
    assert_password_instead(&a);
    a.fake.token.count = 100; /* the count was lost */
    assert_password_instead(&a);
    strcpy(a.fake.token.mechanism, "HT-SHA-256-NONE"); /* stolen, as it were, and put elsewhere */
    assert_password_instead(&a);
    strcpy(a.fake.token.client_id, "another client");
    assert_password_instead(&a);
    end(&a);
}

static void edit(struct account *a, void (*change)(struct account_memory *m))
{
    struct account_memory m;
    struct buf text;
    look(a, &m);
    change(&m);
    buf_init(&text, sizeof a->text, true);
    memory_write(&m, STR_LIT("juliet@localhost"), &text);
    a->len = buf_len(&text);
    memcpy(a->text, buf_peek(&text).ptr, a->len);
    buf_finish(&text);
    memory_finish(&m);
}

static void let_expire(struct account_memory *m)
{
    m->token_expiry_s = 1;
}

static void switch_mechanism(struct account_memory *m)
{
    strcpy(m->token_mechanism, "HT-SHA-256-NONE");
}

static void an_expired_token_is_not_shown(void **state)
{
    static struct account a;
    (void)state;
    begin(&a);
    expect(&a, LINNET_OK);
    edit(&a, let_expire);
    struct linnet_config *config = config_of(&a);
    assert_false(linnet_config_has_token(config));
    linnet_config_free(config);
    expect(&a, LINNET_OK);
    assert_int_equal(a.fake.token.used, 0);
    assert_int_equal(a.fake.token.issued, 2);
    end(&a);
}

/* A thief who has the token cannot use it with a mechanism that is not bound. */
static void a_token_is_good_for_its_mechanism_only(void **state)
{
    static struct account a;
    (void)state;
    begin(&a);
    expect(&a, LINNET_OK);
    edit(&a, switch_mechanism);
    a.password = "wrong";
    expect(&a, LINNET_ERROR_BAD_CREDENTIALS);
    assert_int_equal(a.fake.token.used, 0);
    end(&a);
}

static void tells_whether_a_password_is_needed(void **state)
{
    static struct account a;
    (void)state;
    begin(&a);
    struct linnet_config *config = config_of(&a);
    assert_false(linnet_config_has_token(config));
    linnet_config_free(config);
    expect(&a, LINNET_OK);
    config = config_of(&a);
    assert_true(linnet_config_has_token(config));
    linnet_config_set_mechanism(config, "SCRAM-SHA-256");
    assert_false(linnet_config_has_token(config));
    linnet_config_set_mechanism(config, NULL);
    linnet_config_set_fast(config, false);
    assert_false(linnet_config_has_token(config));
    linnet_config_set_fast(config, true);
    linnet_config_set_sasl2(config, false);
    assert_false(linnet_config_has_token(config));
    linnet_config_free(config);
    assert_false(linnet_config_has_token(NULL));
    end(&a);
}

static void stands_beside_another(void **state)
{
    static struct account a;
    struct account_memory m;
    (void)state;
    begin(&a);
    expect(&a, LINNET_OK);
    look(&a, &m);
    assert_string_equal(a.fake.client_id, m.agent_id);
    struct linnet_config *config = config_of(&a);
    linnet_config_set_alongside(config, true);
    assert_false(linnet_config_has_token(config));
    struct linnet_client *c = fake_client(config);
    assert_int_equal(run(&a, c), LINNET_OK);
    assert_false(linnet_client_path(c) & LINNET_PATH_TOKEN);
    assert_false(linnet_client_tls(c)->resumed);
    assert_int_equal(strlen(a.fake.client_id), strlen(m.agent_id));
    assert_string_not_equal(a.fake.client_id, m.agent_id);
    linnet_client_free(c);
    memory_finish(&m);
    end(&a);
}

static void no_token_unless_asked_for(void **state)
{
    static struct account a;
    (void)state;
    begin(&a);
    struct linnet_client *c = fake_client(fake_config(&a.fake));
    assert_int_equal(run(&a, c), LINNET_OK);
    assert_int_equal(a.told, 0);
    assert_int_equal(a.fake.token.issued, 0);
    save(&a, c); /* may be had all the same */
    linnet_client_free(c);
    fake_hang_up(&a.fake, false);
    a.len = 0;
    a.mechanism = "SCRAM-SHA-256";
    expect(&a, LINNET_OK);
    assert_int_equal(a.fake.token.issued, 0);
    end(&a);
}

/* ---- features that no longer hold ---- */

static void a_changed_server_is_learnt_in_the_same_connection(void **state)
{
    static struct account a;
    (void)state;
    begin(&a);
    a.fake.fast = false;
    expect(&a, LINNET_OK);
    a.fake.mechanism = "SCRAM-SHA-256-PLUS";
    a.fake.accepted = 0;
    expect(&a, LINNET_OK);
    assert_int_equal(a.fake.accepted, 1);
    assert_string_equal(a.way, "SCRAM-SHA-256-PLUS, tls-exporter");
    assert_int_equal(a.path, SHORT);
    expect(&a, LINNET_OK);
    assert_string_equal(a.way, "SCRAM-SHA-256-PLUS, tls-exporter, pipelined");
    end(&a);
}

/* A server that ends the stream over what it does not know: once more, the long way. */
static void a_server_without_sasl2_gets_another_try(void **state)
{
    static struct account a;
    struct account_memory m;
    (void)state;
    begin(&a);
    expect(&a, LINNET_OK);
    a.fake.no_sasl2 = true;
    a.fake.accepted = 0;
    expect(&a, LINNET_OK);
    assert_int_equal(a.fake.accepted, 2);
    assert_int_equal(a.path, 0);
    look(&a, &m);
    assert_int_equal(buf_len(&m.features), 0);
    memory_finish(&m);
    a.fake.accepted = 0;
    expect(&a, LINNET_OK);
    assert_int_equal(a.fake.accepted, 1);
    end(&a);
}

/* ---- weaker than before ---- */

static void no_plain_after_scram(void **state)
{
    static struct account a;
    (void)state;
    begin(&a);
    a.fake.fast = false;
    expect(&a, LINNET_OK);
    a.fake.mechanism = "PLAIN";
    expect(&a, LINNET_ERROR_DOWNGRADE);
    assert_string_equal(linnet_error_param(&a.error, "before"), "SCRAM");
    assert_non_null(strstr(linnet_error_param(&a.error, "now"), "PLAIN"));
    a.mechanism = "PLAIN"; /* by name */
    expect(&a, LINNET_OK);
    a.mechanism = NULL; /* which did not make it right for good */
    expect(&a, LINNET_ERROR_DOWNGRADE);
    a.accept_change = true;
    expect(&a, LINNET_OK);
    a.accept_change = false; /* and that did */
    expect(&a, LINNET_OK);
    end(&a);
}

static void no_legacy_after_scram(void **state)
{
    static struct account a;
    (void)state;
    begin(&a);
    a.fake.fast = false;
    expect(&a, LINNET_OK);
    a.fake.mechanism = "DIGEST-MD5";
    struct linnet_config *config = config_of(&a);
    linnet_config_set_legacy(config, true);
    struct linnet_client *c = fake_client(config);
    assert_int_equal(run(&a, c), LINNET_ERROR_DOWNGRADE);
    linnet_client_free(c);
    end(&a);
}

static void no_login_without_binding_after_one_with_it(void **state)
{
    static struct account a;
    (void)state;
    begin(&a);
    a.fake.fast = false;
    a.fake.mechanism = "SCRAM-SHA-256-PLUS";
    expect(&a, LINNET_OK);
    a.fake.mechanism = "SCRAM-SHA-256";
    expect(&a, LINNET_ERROR_DOWNGRADE);
    assert_non_null(strstr(linnet_error_param(&a.error, "before"), "channel binding"));
    a.fake.no_sasl2 = true;
    expect(&a, LINNET_ERROR_DOWNGRADE);
    a.accept_change = true;
    expect(&a, LINNET_OK);
    end(&a);
}

/* One client that stays knows it without a memory from elsewhere. */
static void a_client_remembers_by_itself(void **state)
{
    static struct account a;
    (void)state;
    begin(&a);
    struct linnet_client *c = fake_client(fake_config(&a.fake));
    assert_int_equal(run(&a, c), LINNET_OK);
    linnet_client_close(c);
    fake_until(&a.fake, c, LINNET_EVENT_OFFLINE);
    a.fake.mechanism = "PLAIN";
    assert_int_equal(run(&a, c), LINNET_ERROR_DOWNGRADE);
    linnet_client_free(c);
    end(&a);
}

/* ---- another key ---- */

static void a_changed_key_is_noticed(void **state)
{
    static struct account a, other;
    struct account_memory m;
    (void)state;
    begin(&a);
    begin(&other);
    expect(&a, LINNET_OK);
    assert_int_equal(a.changed, 0);
    look(&a, &m);
    memcpy(other.text, a.text, other.len = a.len);
    expect(&other, LINNET_OK); /* it verifies, by another anchor */
    assert_int_equal(other.changed, 1);
    assert_memory_equal(other.seen, m.certificate_sha256, 32);
    memory_finish(&m);
    expect(&other, LINNET_OK);
    assert_int_equal(other.changed, 0);
    end(&a);
    end(&other);
}

static void a_bad_certificate_is_compared(void **state)
{
    static struct account a, other;
    (void)state;
    begin(&a);
    begin(&other);
    expect(&a, LINNET_OK);
    a.ca_file = other.fake.cert_file;
    expect(&a, LINNET_ERROR_CERT_UNTRUSTED);
    assert_non_null(strstr(a.error.sentence, "has the key that the server had"));
    memcpy(other.text, a.text, other.len = a.len);
    other.ca_file = a.fake.cert_file;
    expect(&other, LINNET_ERROR_CERT_UNTRUSTED);
    assert_non_null(strstr(other.error.sentence, "is not the one that the server had"));
    assert_int_equal(other.changed, 0);
    other.len = 0;
    expect(&other, LINNET_ERROR_CERT_UNTRUSTED);
    assert_null(linnet_error_param(&other.error, "seen"));
    end(&a);
    end(&other);
}

/* What an unverified server shows is not learnt. */
static void nothing_is_learnt_in_clear(void **state)
{
    static struct account a;
    struct account_memory m;
    (void)state;
    begin(&a);
    a.fake.in_clear = true;
    expect(&a, LINNET_OK);
    look(&a, &m);
    assert_int_equal(buf_len(&m.features) + buf_len(&m.token) + buf_len(&m.tls_session), 0);
    assert_false(m.has_certificate);
    assert_true(m.had_scram);
    memory_finish(&m);
    end(&a);
}

/* ---- the text that is given ---- */

static void refuses_what_is_not_its_memory(void **state)
{
    static const char *const wrong[] = {"x", "linnet-memory 1\naddress romeo@localhost\nend\n",
                                        "linnet-memory 1\naddress juliet@localhost\n"};
    static struct account a;
    struct linnet_error error;
    struct linnet_client *c;
    (void)state;
    begin(&a);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct linnet_config *config = config_of(&a);
        linnet_config_set_memory(config, wrong[i], strlen(wrong[i]));
        assert_int_equal(linnet_client_new(config, &c, &error), LINNET_ERROR_USAGE);
        assert_null(c);
        assert_non_null(strstr(error.sentence, "memory"));
        linnet_config_free(config);
    }
    struct linnet_config *config = config_of(&a);
    linnet_config_set_memory(config, a.text, MEMORY_TEXT_BYTES + 1);
    assert_int_equal(linnet_client_new(config, &c, &error), LINNET_ERROR_USAGE);
    linnet_config_free(config);
    end(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_login_is_shorter),
        cmocka_unit_test(what_is_not_saved_is_not_used),
        cmocka_unit_test(what_is_told_in_a_dispatch_is_used_in_a_later_one),
        cmocka_unit_test(says_who_it_is),
        cmocka_unit_test(stands_beside_another),
        cmocka_unit_test(the_count_is_told_before_it_is_used),
        cmocka_unit_test(a_session_that_nobody_saw_is_kept),
        cmocka_unit_test(a_session_serves_once),
        cmocka_unit_test(a_refused_token_ends_in_the_password),
        cmocka_unit_test(an_expired_token_is_not_shown),
        cmocka_unit_test(a_token_is_good_for_its_mechanism_only),
        cmocka_unit_test(tells_whether_a_password_is_needed),
        cmocka_unit_test(no_token_unless_asked_for),
        cmocka_unit_test(a_changed_server_is_learnt_in_the_same_connection),
        cmocka_unit_test(a_server_without_sasl2_gets_another_try),
        cmocka_unit_test(no_plain_after_scram),
        cmocka_unit_test(no_legacy_after_scram),
        cmocka_unit_test(no_login_without_binding_after_one_with_it),
        cmocka_unit_test(a_client_remembers_by_itself),
        cmocka_unit_test(a_changed_key_is_noticed),
        cmocka_unit_test(a_bad_certificate_is_compared),
        cmocka_unit_test(nothing_is_learnt_in_clear),
        cmocka_unit_test(refuses_what_is_not_its_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
