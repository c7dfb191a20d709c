#include "server/c2s/conn.h"

#include "base/wipe.h"
#include "server/c2s/resume.h"
#include "server/c2s/session.h"
#include "server/memory.h"
#include "server/ops/ops_accounts.h"

#include <stdlib.h>

/* What a stream wants of its host. What cannot be answered at once is a job with the id of the
 * want; while it runs nothing is read, and if the connection ends first the job is abandoned. */

/* ---- TLS ---- */

void conn_want_tls(struct conn *c, const struct stream_event *ev)
{
    struct chan_tls_options options = {.leftover = buf_peek(&c->leftover)};
    bool begun = options.leftover.len > 0; /* the ClientHello came with <starttls/> */
    c->newcomer->want_id = ev->id;
    c->state = CONN_HANDSHAKE;
    c->chan = chan_tls_new(c->worker->tls, c->chan, &options);
    if (!c->chan)
        memory_exhausted();
    buf_reset(&c->leftover);
    buf_trim(&c->leftover);
    if (begun)
        conn_handshake(c);
}

void conn_secured(struct conn *c, const struct tls_facts *facts)
{
    memcpy(c->tls_version, facts->version, sizeof c->tls_version);
    c->tls_version[sizeof c->tls_version - 1] = '\0';
    c->state = CONN_OPEN;
    conn_log(c, LOG_DEBUG, "%s %s%s%s", facts->version, facts->cipher,
             facts->resumed ? ", resumed" : "", c->early ? ", early data" : "");
}

static void handshake_done(struct conn *c)
{
    struct tls_facts facts;
    chan_tls_facts(c->chan, &facts);
    conn_secured(c, &facts);
    conn_login_tls(c, &facts);
    stream_answer_tls(c->stream, worker_now_ms(c->worker), c->newcomer->want_id,
                      STREAM_TLS_FINISHED, &facts, NULL);
    conn_touch(c);
}

/* There is no channel left to say anything on (RFC 6120 §5.4.3.2). */
static void handshake_failed(struct conn *c)
{
    struct linnet_error error = {0};
    char text[PEER_TEXT_BYTES];
    chan_tls_error(c->chan, peer_text(&c->peer, text), &error);
    conn_login_over(c, &error);
    conn_abort(c, error.sentence);
}

void conn_handshake(struct conn *c)
{
    struct worker *w = c->worker;
    if (w->handshakes_left == 0) {
        conn_again(c);
        return;
    }
    w->handshakes_left--;
    switch (chan_tls_handshake(c->chan)) {
    case CHAN_OK:
        handshake_done(c);
        break;
    case CHAN_AGAIN:
        if (conn_early_begin(c))
            return;
        break;
    case CHAN_EOF:
    case CHAN_LOST:
        handshake_failed(c);
        break;
    }
    conn_settle(c);
}

/* ---- the stored credential ---- */

struct secret_job {
    struct ops_request *request;
    struct conn *conn;
    uint64_t want_id;
};

void conn_answer_secret(struct conn *c, uint64_t want_id, const struct sasl_secret *secret)
{
    stream_answer_secret(c->stream, worker_now_ms(c->worker), want_id, secret);
    conn_touch(c);
}

/* Kept until the proof was right: before that nothing is said about an account. */
void conn_remember_refusal(struct conn *c, const struct ops_reply *reply)
{
    struct newcomer *n = c->newcomer;
    free(n->refusal_text);
    n->refusal_text = NULL;
    n->refusal = reply->disabled ? SASL_ERROR_ACCOUNT_DISABLED : SASL_ERROR_NONE;
    if (reply->disabled && reply->reason && reply->reason[0] &&
        !(n->refusal_text = strdup(reply->reason)))
        memory_exhausted();
}

static void secret_found(void *ctx, const struct ops_reply *reply)
{
    struct secret_job *job = ctx;
    struct conn *c = job->conn;
    struct sasl_secret secret = {.kind = SASL_SECRET_UNAVAILABLE};
    if (reply->result == OPS_OK && reply->credential) {
        secret.kind = SASL_SECRET_CREDENTIAL;
        secret.credential = *reply->credential;
        c->newcomer->mark = reply->mark;
    } else if (reply->result == OPS_NOT_FOUND) {
        secret.kind = SASL_SECRET_NONE;
        conn_login_no_account(c);
    }
    c->newcomer->secret = NULL;
    conn_remember_refusal(c, reply);
    conn_answer_secret(c, job->want_id, &secret);
    wipe(&secret, sizeof secret);
    free(job);
}

/* A name that cannot be prepared is nobody's, and never gets as far as a session. */
static uint32_t changes_of(const struct conn *c, struct str typed)
{
    char local[JID_PART_MAX_BYTES + 1];
    size_t len = 0;
    if (jid_prepare_local(typed, local, &len) != JID_OK)
        return 0;
    return server_account_changes(c->worker->server, str_of(local, len));
}

void conn_want_secret(struct conn *c, const struct stream_event *ev)
{
    if (!conn_throttle_holds(c, ev))
        conn_find_secret(c, ev);
}

void conn_find_secret(struct conn *c, const struct stream_event *ev)
{
    c->newcomer->changes = changes_of(c, ev->sasl->username);
    if (ev->sasl->client_id.ptr) {
        conn_find_token(c, ev);
        return;
    }
    struct secret_job *job = MEMORY_NEW(struct secret_job);
    job->conn = c;
    job->want_id = ev->id;
    struct ops_ask ask = {.address = ev->sasl->username,
                          .scheme = str_from(ev->sasl->scheme),
                          .done = secret_found,
                          .ctx = job};
    if (ops_login(c->worker->ops, &ask, &job->request) == OPS_OK) {
        c->newcomer->secret = job;
        return;
    }
    free(job);
    conn_answer_secret(c, ev->id, &(struct sasl_secret){.kind = SASL_SECRET_UNAVAILABLE});
}

/* ---- PBKDF2 ---- */

struct derive_job {
    struct work work;
    struct conn *conn;
    uint64_t want_id;
    enum hash_alg alg;
    unsigned iterations;
    struct buf password, salt;
    bool ok;
    uint8_t key[HASH_MAX_BYTES];
};

static void derive_free(struct derive_job *job)
{
    buf_finish(&job->password);
    buf_finish(&job->salt);
    wipe_free(job, sizeof *job);
}

static void derive_run(struct work *work)
{
    struct derive_job *job = CONTAINER_OF(work, struct derive_job, work);
    job->ok = hash_pbkdf2(job->alg, buf_peek(&job->password), buf_peek(&job->salt), job->iterations,
                          job->key);
}

static void derive_done(struct work *work)
{
    struct derive_job *job = CONTAINER_OF(work, struct derive_job, work);
    struct conn *c = job->conn;
    c->newcomer->derive = NULL;
    stream_answer_derive(c->stream, worker_now_ms(c->worker), job->want_id,
                         job->ok ? job->key : NULL);
    conn_touch(c);
    derive_free(job);
}

static void derive_drop(struct work *work)
{
    derive_free(CONTAINER_OF(work, struct derive_job, work));
}

void conn_want_derive(struct conn *c, const struct stream_event *ev)
{
    struct derive_job *job = MEMORY_NEW(struct derive_job);
    *job = (struct derive_job){.work = {derive_run, derive_done, derive_drop},
                               .conn = c,
                               .want_id = ev->id,
                               .alg = ev->sasl->alg,
                               .iterations = ev->sasl->iterations};
    buf_init(&job->password, 0, true);
    buf_init(&job->salt, 0, true);
    buf_str(&job->password, ev->sasl->password);
    buf_str(&job->salt, ev->sasl->salt);
    if (job->password.failed || job->salt.failed)
        memory_exhausted();
    if (work_submit(ops_port_derive(c->worker->ops), &job->work)) {
        c->newcomer->derive = job;
        return;
    }
    derive_free(job);
    conn_log(c, LOG_WARNING, "too many sign-ins at once: temporary-auth-failure");
    stream_answer_derive(c->stream, worker_now_ms(c->worker), ev->id, NULL);
}

/* ---- the session ---- */

/* Keeps for session_begin, which comes with READY, what the request says beside the resource. */
static void note_request(struct conn *c, const struct stream_session_info *asked,
                         struct stream_session_answer *answer)
{
    struct newcomer *n = c->newcomer;
    free(n->client_id);
    n->client_id =
        asked->client_id.ptr ? strndup(asked->client_id.ptr, asked->client_id.len) : NULL;
    if (asked->client_id.ptr && !n->client_id)
        memory_exhausted();
    if (!asked->enables)
        return;
    sm_unref(n->sm);
    n->sm = resume_sm_new(c, asked, &n->resume_s);
    answer->sm = n->sm;
    answer->sm_max_s = n->resume_s;
}

/* What a client says of itself, made printable and bounded; most say nothing. */
static void note_software(struct conn *c, const struct stream_session_info *asked)
{
    enum { SOFTWARE_BYTES = 101 };
    struct newcomer *n = c->newcomer;
    char clean[SOFTWARE_BYTES];
    if (asked->software.len == 0)
        return;
    error_copy_text(clean, sizeof clean, asked->software);
    free(n->software);
    n->software = strdup(clean);
    if (!n->software)
        memory_exhausted();
    conn_login_software(c, asked->software);
}

static void answer_session(struct conn *c, const struct stream_event *ev,
                           const struct stream_session_answer *answer)
{
    stream_answer_session(c->stream, worker_now_ms(c->worker), ev->id, answer);
}

/* <enable/> of a session that has begun. */
static void enable(struct conn *c, const struct stream_event *ev)
{
    struct stream_session_answer answer = {0};
    struct session *s = c->session;
    if (s && !s->sm) {
        s->sm = resume_sm_new(c, ev->session, &s->resume_s);
        answer.sm = s->sm;
        answer.sm_max_s = s->resume_s;
    }
    answer_session(c, ev, &answer);
}

void conn_want_session(struct conn *c, const struct stream_event *ev)
{
    const struct stream_session_info *asked = ev->session;
    struct stream_session_answer answer = {0}, bound;
    char made[SESSION_RESOURCE_BYTES];
    if (stream_is_ready(c->stream)) {
        enable(c, ev);
        return;
    }
    /* What it proved may not be so any more: with an old password nobody gets in. */
    if (server_account_changes(c->worker->server, ev->session->username) != c->newcomer->changes) {
        conn_close(c, STREAM_NOT_AUTHORIZED, "the account was changed during sign-in");
        return;
    }
    note_software(c, asked);
    struct session *resumed = asked->resumes ? resume_prepare(c, asked, &answer) : NULL;
    if (!resumed && asked->binds) {
        bound = session_claim(c, asked, made);
        answer.refused = bound.refused;
        answer.resource = bound.resource;
        if (answer.refused == STANZA_OK)
            note_request(c, asked, &answer);
        else
            conn_login_bind_refused(c, answer.refused);
    }
    answer_session(c, ev, &answer);
    if (resumed)
        resume_attach(resumed, c);
}

/* ---- the end ---- */

void conn_abandon_jobs(struct conn *c)
{
    struct newcomer *n = c->newcomer;
    if (!n)
        return; /* who has signed in has none */
    conn_throttle_forget(c);
    conn_token_abandon(c);
    conn_upgrade_abandon(c);
    if (n->secret) {
        ops_forget(n->secret->request);
        free(n->secret);
        n->secret = NULL;
    }
    if (n->derive) {
        struct derive_job *job = n->derive;
        n->derive = NULL;
        work_abandon(&job->work);
    }
}
