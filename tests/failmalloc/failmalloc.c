/*
 * failmalloc - a login and a message between both halves, run again and again, with the first,
 * second, third ... allocation failing: once alone, and once with all that follow it. Whatever
 * fails, an end either comes through or ends with CLOSED, and nothing leaks (the address sanitizer
 * watches). The pump itself allocates nothing. The logins: those of RFC 6120; with SASL2, Bind 2
 * and stream management, by password and by token; and a session that is gone on with.
 */
#include "core/stream.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
    unsigned long count, fail_at;
    bool for_good;
} fault; /* the allocator below has no other place to ask */

static bool fails_now(void)
{
    fault.count++;
    return fault.fail_at &&
           (fault.count == fault.fail_at || (fault.for_good && fault.count > fault.fail_at));
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails_now() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails_now() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
    return fails_now() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
    return fails_now() ? NULL : __real_strndup(s, n);
}

enum resume { RESUME_NOT, RESUME_GOOD, RESUME_GONE };

static const struct login {
    const char *name, *mechanism;
    bool sasl2, sm, want_token, token, known, upgrade;
    enum resume resume;
} logins[] = {
    {"PLAIN", "PLAIN"},
    {"SCRAM-SHA-256", "SCRAM-SHA-256"},
    {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256-PLUS"},
    {"DIGEST-MD5", "DIGEST-MD5"},
    {"stream management after binding", "PLAIN", .sm = true},
    {"resumption instead of binding", "PLAIN", .sm = true, .resume = RESUME_GOOD},
    {"binding after a resumption that failed", "PLAIN", .sm = true, .resume = RESUME_GONE},
    {"SASL2 and a new token", "SCRAM-SHA-256-PLUS", .sasl2 = true, .sm = true, .want_token = true},
    {"a token", "SCRAM-SHA-256", .sasl2 = true, .sm = true, .token = true},
    {"a token with the header", "SCRAM-SHA-256", .sasl2 = true, .token = true, .known = true},
    {"a token that resumes", "PLAIN", .sasl2 = true, .sm = true, .token = true,
     .resume = RESUME_GOOD},
    {"SASL2 and two upgrades", "SCRAM-SHA-256-PLUS", .sasl2 = true, .upgrade = true},
    {"SASL2 after a resumption that failed", "PLAIN", .sasl2 = true, .sm = true,
     .resume = RESUME_GONE},
};

struct end {
    struct stream *stream;
    enum stream_side side;
    bool ready, closed, got_message;
    unsigned upgraded; /* 1 << enum hash_alg */
    struct sasl_credential *credentials;
    struct sm *old, *begun; /* references */
};

static const char token[] = "0123456789abcdef0123456789abcdef", agent[] = "agent",
                  old_message[] = "<message to='romeo@localhost'><body>before</body></message>";

static const char password[] = "pencil";

static void zeros(void *ctx, void *out, size_t len)
{
    (void)ctx;
    memset(out, 7, len);
}

static void give_secret(struct end *e, const struct stream_event *ev)
{
    struct sasl_secret secret = {.kind = SASL_SECRET_NONE};
    if (ev->sasl->client_id.ptr) {
        secret = (struct sasl_secret){.kind = SASL_SECRET_TOKEN, .token_count = 1};
        secret.tokens[0] = STR_LIT(token);
    } else if (e->side == STREAM_CLIENT) {
        secret.kind = SASL_SECRET_PASSWORD;
        secret.password = STR_LIT(password);
    }
    for (size_t i = 0; !ev->sasl->client_id.ptr && e->credentials && e->credentials[i].scheme[0];
         i++)
        if (!ev->sasl->scheme[0] || strcmp(ev->sasl->scheme, e->credentials[i].scheme) == 0) {
            secret.kind = SASL_SECRET_CREDENTIAL;
            secret.credential = e->credentials[i];
            break;
        }
    stream_answer_secret(e->stream, 0, ev->id, &secret);
}

static void derive(struct end *e, const struct stream_event *ev)
{
    uint8_t key[HASH_MAX_BYTES];
    bool good =
        hash_pbkdf2(ev->sasl->alg, ev->sasl->password, ev->sasl->salt, ev->sasl->iterations, key);
    stream_answer_derive(e->stream, 0, ev->id, good ? key : NULL);
}

static void send_message(struct end *e)
{
    struct arena a = {0};
    struct element *m = stanza_message(&a, "romeo@localhost", "chat", STR_LIT("hello"));
    if (!a.failed)
        stream_send(e->stream, 0, m);
    arena_finish(&a);
}

static void give_session(struct end *e, const struct stream_event *ev)
{
    const struct stream_session_info *asked = ev->session;
    struct stream_session_answer answer = {.resource = STR_LIT("r")};
    if (asked->resumes && e->old && sm_resume(e->old, asked->resume_h, 0) == SM_OK) {
        answer.resumed = e->old;
        answer.resumed_address = STR_LIT("juliet@localhost/before");
    } else if (asked->enables) {
        sm_unref(e->begun);
        answer.sm = e->begun = sm_new(NULL);
        if (answer.sm && !sm_set_id(answer.sm, STR_LIT("begun")))
            answer.sm = NULL;
    }
    stream_answer_session(e->stream, 0, ev->id, &answer);
}

static void give_token(struct end *e, const struct stream_event *ev)
{
    struct stream_token_answer answer = {.accepted = true, .expires_s = 2000000000};
    answer.token = ev->token->issue ? STR_LIT("a new one") : STR_NONE;
    stream_answer_token(e->stream, 0, ev->id, &answer);
}

static void choose_upgrade(struct end *e, const struct stream_event *ev)
{
    struct stream_upgrade_answer answer = {.wanted = true, .iterations = 1};
    answer.alg = ev->upgrade->algs & 1u << HASH_SHA256 ? HASH_SHA256 : HASH_SHA512;
    e->upgraded |= 1u << answer.alg;
    stream_answer_upgrade(e->stream, 0, ev->id, &answer);
}

static void take_acked(struct end *e)
{
    uint64_t tag;
    while (stream_sm(e->stream) && sm_next_acked(stream_sm(e->stream), &tag))
        ;
}

static void on_event(struct end *e, const struct stream_event *ev)
{
    struct tls_facts facts = {.version = "TLSv1.3", .verdict = TLS_VERDICT_OK, .exporter_len = 32};
    switch (ev->kind) {
    case STREAM_WANT_TLS:
        stream_answer_tls(e->stream, 0, ev->id, STREAM_TLS_FINISHED, &facts, NULL);
        break;
    case STREAM_WANT_SECRET:
        give_secret(e, ev);
        break;
    case STREAM_WANT_DERIVE:
        derive(e, ev);
        break;
    case STREAM_WANT_ADMIT:
        stream_answer_admit(e->stream, 0, ev->id, SASL_ERROR_NONE, STR_NONE);
        break;
    case STREAM_WANT_SESSION:
        give_session(e, ev);
        break;
    case STREAM_WANT_TOKEN:
        give_token(e, ev);
        break;
    case STREAM_WANT_UPGRADE:
        choose_upgrade(e, ev);
        break;
    case STREAM_WANT_UPGRADED:
        stream_answer_upgraded(e->stream, 0, ev->id, true);
        break;
    case STREAM_EVENT_ACKED:
        take_acked(e);
        break;
    case STREAM_EVENT_READY:
        e->ready = true;
        if (e->side == STREAM_CLIENT)
            send_message(e);
        break;
    case STREAM_EVENT_STANZA:
        e->got_message = true;
        stream_handled(e->stream, 1);
        break;
    case STREAM_EVENT_CLOSED:
        assert(!e->closed);
        e->closed = true;
        if (!fault.fail_at)
            fprintf(stderr, "closed: %s\n", ev->error->sentence);
        break;
    default:
        break;
    }
}

static bool work(struct end *e)
{
    struct stream_event ev;
    bool any = false;
    while (stream_event(e->stream, &ev)) {
        on_event(e, &ev);
        any = true;
    }
    return any;
}

/* Moves what `from` wrote to `to`, which first does what it has to do: TLS begins at both ends
 * before bytes move again. False when there was nothing to do. */
static bool pump(struct end *from, struct end *to)
{
    struct stream_output out;
    bool any = work(from);
    any |= work(to);
    if (!stream_output(from->stream, &out))
        return any;
    size_t used = stream_input(to->stream, 0, out.data, out.len, 0);
    stream_output_ack(from->stream, 0, used);
    return any || used > 0;
}

/* A session that was broken off, with one message on its way to the server. NULL: out of memory. */
static struct sm *old_session(enum stream_side side)
{
    struct sm *sm = sm_new(NULL);
    if (sm && sm_set_id(sm, STR_LIT("before")) &&
        (side == STREAM_SERVER || sm_sent(sm, STR_LIT(old_message), 0, 0) == SM_OK)) {
        sm_detach(sm);
        return sm;
    }
    sm_unref(sm);
    return NULL;
}

static void shown_features(const struct login *login, struct stream_fast_path *f)
{
    static const char known[] =
        "<stream:features><authentication xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-256"
        "</mechanism><inline><bind xmlns='urn:xmpp:bind:0'/><fast xmlns='urn:xmpp:fast:0'>"
        "<mechanism>HT-SHA-256-EXPR</mechanism></fast></inline></authentication>"
        "<config-version xmlns='urn:xmpp:iap:0' scheme='opaque' value='old'/></stream:features>";
    if (login->known) /* and so the server refuses it, and all begins anew */
        f->known_features = STR_LIT(known);
}

static struct stream *open_end(struct end *e, const struct login *login)
{
    static const char *const domains[] = {"localhost", NULL};
    struct stream_config c = {
        .side = e->side,
        .random = {zeros, NULL},
        .domains = domains,
        .domain = STR_LIT("localhost"),
        .username = STR_LIT("juliet"),
        .fake_iterations = 1,
        .no_sasl2 = !login->sasl2,
        .fast = true,
        .sm = login->sm,
        .upgrade = login->upgrade,
        .upgrades = login->upgrade ? 1u << HASH_SHA256 | 1u << HASH_SHA512 : 0,
        .fast_path = {.off = !login->sasl2,
                      .agent_id = STR_LIT(agent),
                      .sm = login->sm,
                      .want_token = login->want_token,
                      .token = login->token ? STR_LIT(token) : STR_NONE,
                      .token_mechanism = STR_LIT("HT-SHA-256-EXPR"),
                      .token_count = 1,
                      .resume = e->old,
                      .resume_address = STR_LIT("juliet@localhost/before")},
    };
    shown_features(login, &c.fast_path);
    c.policy.legacy = true;
    c.policy.iterations_min = 1;
    if (e->side == STREAM_CLIENT)
        memcpy(c.policy.mechanism, login->mechanism, strlen(login->mechanism) + 1);
    return stream_new(&c, 0);
}

static bool end_begin(struct end *e, const struct login *login)
{
    bool has_old =
        login->resume == RESUME_GOOD || (login->resume == RESUME_GONE && e->side == STREAM_CLIENT);
    if (has_old && !(e->old = old_session(e->side)))
        return false;
    e->stream = open_end(e, login);
    return e->stream != NULL;
}

static void end_finish(struct end *e)
{
    stream_free(e->stream);
    sm_unref(e->old);
    sm_unref(e->begun);
}

/* Until the client has what it sent acknowledged, the clock is put forward. */
static bool let_time_pass(struct end *client)
{
    if (!stream_sm(client->stream) || sm_pending(stream_sm(client->stream)) == 0)
        return false;
    stream_tick(client->stream, SM_ASK_PAUSE_MS);
    return stream_output_pending(client->stream) > 0;
}

/* Whether the way was the one that is to be tested. */
static bool went_as_meant(const struct end *client, const struct login *login)
{
    unsigned path = stream_path(client->stream);
    const struct sm *sm = stream_sm(client->stream);
    return !(path & STREAM_PATH_SASL2) == !login->sasl2 &&
           !(path & STREAM_PATH_TOKEN) == !login->token &&
           !(path & STREAM_PATH_RESUMED) == (login->resume != RESUME_GOOD) && !sm == !login->sm &&
           (!sm || (sm_id(sm).len > 0 && sm_pending(sm) == 0));
}

/* One run; true when it came through whole. */
static bool run(const struct login *login, struct sasl_credential *credentials)
{
    struct end client = {.side = STREAM_CLIENT}, server = {.side = STREAM_SERVER};
    server.credentials = credentials;
    if (end_begin(&client, login) && end_begin(&server, login)) {
        bool busy = true;
        while (busy) {
            busy = pump(&client, &server);
            busy |= pump(&server, &client);
            busy = busy || let_time_pass(&client);
        }
        if (!client.closed && !server.got_message)
            assert(server.closed || fault.fail_at); /* stuck without a reason would be a fault */
    }
    bool whole = client.ready && server.got_message && !client.closed && !server.closed;
    whole = whole && went_as_meant(&client, login) &&
            server.upgraded == (login->upgrade ? 1u << HASH_SHA256 | 1u << HASH_SHA512 : 0);
    end_finish(&client);
    end_finish(&server);
    return whole;
}

static void make_credentials(struct sasl_credential *out)
{
    uint8_t salted[HASH_MAX_BYTES];
    struct str salt = STR_LIT("0123456789abcdef");
    bool good =
        hash_pbkdf2(HASH_SHA256, STR_LIT(password), salt, 1, salted) &&
        sasl_scram_credential(HASH_SHA256, salted, salt, 1, &out[0]) &&
        sasl_digest_credential(STR_LIT("juliet"), STR_LIT("localhost"), STR_LIT(password), &out[1]);
    assert(good);
}

/* Fails each of the `total` allocations that the login makes. */
static void fail_each(const struct login *login, struct sasl_credential *credentials,
                      unsigned long total)
{
    for (fault.fail_at = 1; fault.fail_at <= total; fault.fail_at++)
        for (int for_good = 0; for_good < 2; for_good++) {
            fault.count = 0;
            fault.for_good = for_good;
            run(login, credentials);
        }
    fault.fail_at = 0;
}

int main(void)
{
    struct sasl_credential credentials[3] = {0};
    make_credentials(credentials);
    for (size_t i = 0; i < ARRAY_LEN(logins); i++) {
        fault.count = 0;
        bool whole = run(&logins[i], credentials);
        unsigned long total = fault.count;
        if (!whole)
            fprintf(stderr, "%s: does not come through without faults\n", logins[i].name);
        assert(whole && total > 20);
        fail_each(&logins[i], credentials, total);
        printf("ok %s: %lu allocations, each failed once alone and once for good\n", logins[i].name,
               total);
    }
    return 0;
}
