#include "server/c2s/conn.h"

#include "server/memory.h"
#include "server/ops/ops_accounts.h"

#include <stdlib.h>

/* Upgrades of a sign-in (XEP-0480): which row of SCRAM the account lacks is read from the store;
 * what its client makes for it is added there, if the password is still the one that was proved. */

static const struct upgrade {
    enum hash_alg alg;
    const char *scheme, *plus;
} upgrades[] = {
    {HASH_SHA256, "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"},
    {HASH_SHA512, "SCRAM-SHA-512", "SCRAM-SHA-512-PLUS"},
};

struct upgrade_job {
    struct conn *conn;
    uint64_t want_id;
    unsigned algs;      /* that the client can be asked for */
    const char *scheme; /* of the row that is being stored; static */
    struct ops_request *request;
};

static bool is_allowed(const struct settings *set, const char *mechanism)
{
    for (size_t i = 0; i < set->login_mechanisms.count; i++)
        if (cstr_eq(set->login_mechanisms.items[i], mechanism))
            return true;
    return set->login_mechanisms.count == 0;
}

unsigned conn_upgrades(const struct settings *set)
{
    unsigned algs = 0;
    for (size_t i = 0; i < ARRAY_LEN(upgrades); i++)
        if (is_allowed(set, upgrades[i].scheme) || is_allowed(set, upgrades[i].plus))
            algs |= 1u << upgrades[i].alg;
    return algs;
}

/* ---- the job ---- */

void conn_upgrade_abandon(struct conn *c)
{
    struct newcomer *n = c->newcomer;
    if (!n->upgrade)
        return;
    ops_forget(n->upgrade->request);
    free(n->upgrade);
    n->upgrade = NULL;
}

/* Takes the job off its connection. */
static struct upgrade_job finish(void *ctx)
{
    struct upgrade_job *job = ctx, copy = *job;
    job->conn->newcomer->upgrade = NULL;
    free(job);
    return copy;
}

static bool submit(const struct upgrade_job *what, struct ops_ask *ask,
                   enum ops_result (*call)(struct ops_port *, const struct ops_ask *,
                                           struct ops_request **, const char **))
{
    const char *why;
    struct upgrade_job *job = MEMORY_NEW(struct upgrade_job);
    *job = *what;
    ask->ctx = job;
    if (call(job->conn->worker->ops, ask, &job->request, &why) != OPS_OK) {
        free(job);
        return false;
    }
    job->conn->newcomer->upgrade = job;
    return true;
}

/* ---- which one ---- */

static const struct upgrade *first_lacked(unsigned algs, const char *schemes)
{
    for (size_t i = 0; i < ARRAY_LEN(upgrades); i++)
        if ((algs & 1u << upgrades[i].alg) && !strstr(schemes, upgrades[i].scheme))
            return &upgrades[i];
    return NULL;
}

/* `u` NULL: none is lacked, or it is not known. */
static void answer(struct conn *c, uint64_t want_id, const struct upgrade *u)
{
    struct stream_upgrade_answer a = {.wanted = u != NULL};
    if (u) {
        a.alg = u->alg;
        a.iterations = (unsigned)worker_settings(c->worker)->login_iterations;
        random_fill(&c->worker->server->random, a.salt, sizeof a.salt);
    }
    stream_answer_upgrade(c->stream, worker_now_ms(c->worker), want_id, &a);
    conn_touch(c);
}

static void account_read(void *ctx, const struct ops_reply *reply)
{
    struct upgrade_job job = finish(ctx);
    const struct upgrade *u =
        reply->account ? first_lacked(job.algs, reply->account->schemes) : NULL;
    answer(job.conn, job.want_id, u);
}

void conn_want_upgrade(struct conn *c, const struct stream_event *ev)
{
    struct ops_ask ask = {.address = ev->upgrade->username, .done = account_read};
    const struct upgrade_job job = {.conn = c, .want_id = ev->id, .algs = ev->upgrade->algs};
    if (!submit(&job, &ask, ops_account_show))
        answer(c, ev->id, NULL);
}

/* ---- its row ---- */

static void answer_stored(struct conn *c, uint64_t want_id, bool stored)
{
    stream_answer_upgraded(c->stream, worker_now_ms(c->worker), want_id, stored);
    conn_touch(c);
}

static void row_added(void *ctx, const struct ops_reply *reply)
{
    struct upgrade_job job = finish(ctx);
    bool stored = reply->result == OPS_OK;
    if (stored)
        conn_log(job.conn, LOG_NOTICE, "upgraded: %s was added for %s", job.scheme, reply->address);
    else
        conn_log(job.conn, LOG_WARNING, "not upgraded: %s could not be added for %s", job.scheme,
                 reply->address);
    answer_stored(job.conn, job.want_id, stored);
}

static const char *scheme_of(const struct sasl_credential *credential)
{
    for (size_t i = 0; i < ARRAY_LEN(upgrades); i++)
        if (cstr_eq(credential->scheme, upgrades[i].scheme))
            return upgrades[i].scheme;
    return "";
}

void conn_want_upgraded(struct conn *c, const struct stream_event *ev)
{
    const struct sasl_credential *credential = ev->upgrade->credential;
    struct ops_ask ask = {.address = ev->upgrade->username,
                          .mark = c->newcomer->mark,
                          .credential = credential,
                          .done = row_added};
    const struct upgrade_job job = {.conn = c, .want_id = ev->id, .scheme = scheme_of(credential)};
    if (!submit(&job, &ask, ops_account_upgrade))
        answer_stored(c, ev->id, false);
}
