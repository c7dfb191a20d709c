#include "client/client_private.h"

#include "base/wipe.h"
#include "client/tls_public.h"

#include <stdlib.h>

/* ---- deriving a key on a worker: nothing blocks the loop ---- */

struct derive_job {
    struct work work;
    struct linnet_client *client;
    uint64_t want_id;
    enum hash_alg alg;
    unsigned iterations;
    bool good;
    uint8_t key[HASH_MAX_BYTES];
    size_t salt_len, password_len;
    char bytes[]; /* salt, then password */
};

static void job_free(struct derive_job *job)
{
    wipe_free(job, sizeof *job + job->salt_len + job->password_len);
}

static void job_run(struct work *w)
{
    struct derive_job *job = CONTAINER_OF(w, struct derive_job, work);
    job->good = hash_pbkdf2(job->alg, str_of(job->bytes + job->salt_len, job->password_len),
                            str_of(job->bytes, job->salt_len), job->iterations, job->key);
}

static void job_drop(struct work *w)
{
    job_free(CONTAINER_OF(w, struct derive_job, work));
}

static void job_done(struct work *w)
{
    struct derive_job *job = CONTAINER_OF(w, struct derive_job, work);
    struct linnet_client *c = job->client;
    c->wants.job = NULL;
    stream_answer_derive(client_stream(c), loop_now_ms(), job->want_id,
                         job->good ? job->key : NULL);
    job_free(job);
    client_kick(c);
}

static struct derive_job *job_new(struct linnet_client *c, uint64_t id,
                                  const struct sasl_want *want)
{
    struct derive_job *job = malloc(sizeof *job + want->salt.len + want->password.len);
    if (!job)
        return NULL;
    *job = (struct derive_job){
        .work = {.run = job_run, .done = job_done, .drop = job_drop},
        .client = c,
        .want_id = id,
        .alg = want->alg,
        .iterations = want->iterations,
        .salt_len = want->salt.len,
        .password_len = want->password.len,
    };
    if (want->salt.len)
        memcpy(job->bytes, want->salt.ptr, want->salt.len);
    if (want->password.len)
        memcpy(job->bytes + want->salt.len, want->password.ptr, want->password.len);
    return job;
}

/* The one worker of this client, which starts no thread before it is needed. */
static bool have_worker(struct linnet_client *c)
{
    struct wants *w = &c->wants;
    if (!w->pool)
        w->pool = work_pool_new(1, 1);
    if (w->pool && !w->port)
        w->port = work_port_new(w->pool, &c->loop);
    return w->port != NULL;
}

static void derive(struct linnet_client *c, const struct stream_event *event)
{
    struct derive_job *job = have_worker(c) ? job_new(c, event->id, event->sasl) : NULL;
    if (!job) {
        login_doom_memory(c);
    } else if (work_submit(c->wants.port, &job->work)) {
        c->wants.job = job;
    } else {
        /* The worker still computes for a login that was given up. */
        job_free(job);
        struct linnet_error error = {.stage = c->login.stage};
        error_set(&error, LINNET_ERROR_INTERNAL, LINNET_ORIGIN_HERE, "reason",
                  "the worker that derives keys is busy or cannot start", NULL);
        login_doom(c, &error);
    }
}

/* ---- the password ---- */

static bool salted_fits(const struct salted *s, const struct sasl_want *want)
{
    return s->valid && want->iterations > 0 && s->alg == want->alg &&
           s->iterations == want->iterations && str_eq(str_of(s->salt, s->salt_len), want->salt);
}

static void answer_password(struct linnet_client *c, uint64_t id, struct str password)
{
    struct sasl_secret secret = {.kind = SASL_SECRET_PASSWORD, .password = password};
    stream_answer_secret(client_stream(c), loop_now_ms(), id, &secret);
}

static void answer_salted(struct linnet_client *c, uint64_t id)
{
    const struct salted *s = &c->wants.salted;
    struct sasl_secret secret = {.kind = SASL_SECRET_SALTED, .salted_len = hash_size(s->alg)};
    memcpy(secret.salted, s->key, sizeof secret.salted);
    stream_answer_secret(client_stream(c), loop_now_ms(), id, &secret);
    wipe(&secret, sizeof secret);
}

/* Puts a question to the application. */
static void ask(struct linnet_client *c, const struct stream_event *event, struct event_node *n)
{
    struct wants *w = &c->wants;
    w->open = event->kind;
    w->stream_id = event->id;
    w->event_id = n->event.id = ++w->last_event_id;
    event_push(&c->events, n);
}

static void ask_password(struct linnet_client *c, const struct stream_event *event)
{
    struct event_node *n = event_new(LINNET_EVENT_PASSWORD);
    struct str why = STR_LIT("the server refused the token that was remembered");
    if (!n || !event_set_jid(n, jid_bare(&c->config->address)) ||
        (c->remembered.token_refused && !event_set_detail(n, why))) {
        event_free(n);
        login_doom_memory(c);
        return;
    }
    ask(c, event, n);
}

static void want_secret(struct linnet_client *c, const struct stream_event *event)
{
    const struct linnet_config *config = c->config;
    if (salted_fits(&c->wants.salted, event->sasl)) {
        answer_salted(c, event->id);
    } else if (config->password) {
        answer_password(c, event->id, str_of(config->password, config->password_len));
    } else if (c->wants.password) {
        answer_password(c, event->id, str_of(c->wants.password, c->wants.password_len));
    } else if (c->login.blocking) {
        struct linnet_error error = {.stage = c->login.stage};
        error_set(&error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason",
                  "a password is needed and none was given", NULL);
        login_doom(c, &error);
    } else {
        ask_password(c, event);
    }
}

bool want_has_password(const struct linnet_client *c)
{
    return c->config->password || c->wants.password || !c->wants.salted.valid;
}

static void forget_password(struct wants *w)
{
    wipe_free(w->password, w->password_len);
    w->password = NULL;
    w->password_len = 0;
}

bool linnet_client_answer_password(struct linnet_client *c, uint64_t id, const char *password,
                                   size_t len)
{
    struct wants *w = &c->wants;
    if (w->open != STREAM_WANT_SECRET || w->event_id != id)
        return false;
    w->open = STREAM_EVENT_NONE;
    struct linnet_error error = {.stage = c->login.stage};
    char *copy = password ? malloc(len + 1) : NULL;
    if (!copy) {
        error_set(&error, password ? LINNET_ERROR_NO_MEMORY : LINNET_ERROR_INTERRUPTED,
                  LINNET_ORIGIN_HERE, NULL);
        login_end(c, &error);
        return true;
    }
    memcpy(copy, password, len);
    forget_password(w);
    w->password = copy;
    w->password_len = len;
    answer_password(c, w->stream_id, str_of(copy, len));
    client_kick(c);
    return true;
}

/* ---- the certificate ---- */

void want_certificate_error(const struct linnet_client *c, const struct tls_facts *facts,
                            struct linnet_error *error)
{
    char domain[256];
    error_copy_text(domain, sizeof domain, c->config->address.domain);
    tls_public_error(facts, domain, remember_key_seen(c, facts), error);
}

static void want_verify(struct linnet_client *c, const struct stream_event *event)
{
    struct linnet_error error = {0};
    /* A pin is the application's answer, given beforehand. */
    if (!c->config->ask_certificate || c->login.blocking || c->config->pin_count > 0) {
        stream_answer_verify(client_stream(c), loop_now_ms(), event->id, false);
        return;
    }
    struct event_node *n = event_new(LINNET_EVENT_CERTIFICATE);
    if (!n || !event_set_certificate(n, event->facts)) {
        event_free(n);
        login_doom_memory(c);
        return;
    }
    want_certificate_error(c, event->facts, &error);
    event_set_error(n, &error);
    ask(c, event, n);
}

bool linnet_client_answer_certificate(struct linnet_client *c, uint64_t id, bool accept)
{
    struct wants *w = &c->wants;
    if (w->open != STREAM_WANT_VERIFY || w->event_id != id)
        return false;
    w->open = STREAM_EVENT_NONE;
    stream_answer_verify(client_stream(c), loop_now_ms(), w->stream_id, accept);
    recorder_printf(&c->recorder, loop_now_ms(), "the certificate was %s by hand",
                    accept ? "accepted" : "refused");
    client_kick(c);
    return true;
}

/* ---- all of them ---- */

void want_received(struct linnet_client *c, const struct stream_event *event)
{
    if (event->kind == STREAM_WANT_SECRET)
        want_secret(c, event);
    else if (event->kind == STREAM_WANT_DERIVE)
        derive(c, event);
    else
        want_verify(c, event);
}

void want_forget(struct linnet_client *c, bool refused)
{
    struct wants *w = &c->wants;
    w->open = STREAM_EVENT_NONE;
    if (w->job)
        work_abandon(&w->job->work);
    w->job = NULL;
    if (!refused)
        return;
    forget_password(w);
    wipe(&w->salted, sizeof w->salted);
}

void want_remember(struct linnet_client *c)
{
    struct sasl_want want;
    struct str key;
    struct salted *s = &c->wants.salted;
    if (!stream_salted_key(client_stream(c), &want, &key) || want.salt.len > sizeof s->salt ||
        key.len > sizeof s->key)
        return;
    *s = (struct salted){
        .valid = true, .alg = want.alg, .iterations = want.iterations, .salt_len = want.salt.len};
    memcpy(s->salt, want.salt.ptr, want.salt.len);
    memcpy(s->key, key.ptr, key.len);
}

void want_finish(struct linnet_client *c)
{
    struct wants *w = &c->wants;
    want_forget(c, true);
    work_port_free(w->port);
    work_pool_free(w->pool);
    w->port = NULL;
    w->pool = NULL;
}
