#include "server/c2s/conn.h"

#include "server/memory.h"
#include "server/ops/ops_tokens.h"

#include <stdio.h>
#include <stdlib.h>

/* FAST tokens of a sign-in (XEP-0484): read when a client presents one, used up and issued when it
 * is about to succeed. The store holds ids; which of them the client has shows in the proof. */

struct token_job {
    struct conn *conn;
    uint64_t want_id;
    struct ops_request *request;
    bool used; /* a token signs in, and without the store's word nobody is let in */
};

/* The ids of what was given at WANT_SECRET. */
struct token_ids {
    char ids[SASL_TOKENS_MAX][STORE_TOKEN_ID_BYTES];
};

static void forget_ids(struct conn *c)
{
    free(c->newcomer->token_ids);
    c->newcomer->token_ids = NULL;
}

void conn_token_abandon(struct conn *c)
{
    struct newcomer *n = c->newcomer;
    forget_ids(c);
    if (!n->token)
        return;
    ops_forget(n->token->request);
    free(n->token);
    n->token = NULL;
}

/* Takes the job off its connection; the id of the want that waits. */
static uint64_t finish(struct token_job *job)
{
    uint64_t want_id = job->want_id;
    job->conn->newcomer->token = NULL;
    free(job);
    return want_id;
}

/* ---- presented ---- */

static void keep_ids(struct conn *c, const struct ops_reply *reply, struct sasl_secret *secret)
{
    struct token_ids *kept = MEMORY_NEW(struct token_ids);
    c->newcomer->token_ids = kept;
    for (size_t i = 0; i < reply->token_count && i < SASL_TOKENS_MAX; i++) {
        memcpy(kept->ids[i], reply->tokens[i].id, sizeof kept->ids[i]);
        secret->tokens[secret->token_count++] = str_from(reply->tokens[i].text);
    }
}

static void token_found(void *ctx, const struct ops_reply *reply)
{
    struct token_job *job = ctx;
    struct conn *c = job->conn;
    struct sasl_secret secret = {.kind = SASL_SECRET_TOKEN};
    if (reply->result == OPS_OK)
        keep_ids(c, reply, &secret);
    else if (reply->result != OPS_NOT_FOUND)
        secret.kind = SASL_SECRET_UNAVAILABLE;
    conn_remember_refusal(c, reply);
    conn_answer_secret(c, finish(job), &secret);
}

static bool submit(struct conn *c, uint64_t want_id, struct ops_ask *ask,
                   enum ops_result (*call)(struct ops_port *, const struct ops_ask *,
                                           struct ops_request **))
{
    struct token_job *job = MEMORY_NEW(struct token_job);
    *job = (struct token_job){.conn = c, .want_id = want_id};
    ask->ctx = job;
    if (call(c->worker->ops, ask, &job->request) != OPS_OK) {
        free(job);
        return false;
    }
    c->newcomer->token = job;
    return true;
}

void conn_find_token(struct conn *c, const struct stream_event *ev)
{
    struct ops_ask ask = {
        .address = ev->sasl->username,
        .token = {.client = ev->sasl->client_id, .mechanism = str_from(ev->sasl->scheme)},
        .done = token_found,
    };
    forget_ids(c);
    if (!submit(c, ev->id, &ask, ops_token_login))
        conn_answer_secret(c, ev->id, &(struct sasl_secret){.kind = SASL_SECRET_UNAVAILABLE});
}

/* ---- used, and issued ---- */

static void answer(struct conn *c, uint64_t want_id, const struct ops_token_outcome *outcome)
{
    struct stream_token_answer a = {0};
    if (outcome) {
        a.accepted = outcome->accepted;
        a.token = outcome->issued ? str_from(outcome->text) : STR_NONE;
        a.expires_s = outcome->expires_s;
    }
    forget_ids(c);
    stream_answer_token(c->stream, worker_now_ms(c->worker), want_id, &a);
    conn_touch(c);
}

/* The store cannot be asked. That is no reason to call a token expired, whose client would throw it
 * away: the client is sent off, and tries again. A password is as good without a new token. */
static void unavailable(struct conn *c, uint64_t want_id, bool used)
{
    if (used)
        conn_close(c, STREAM_INTERNAL_SERVER_ERROR, "tokens cannot be checked at present");
    else
        answer(c, want_id, NULL);
}

static void committed(void *ctx, const struct ops_reply *reply)
{
    struct token_job *job = ctx;
    struct conn *c = job->conn;
    bool used = job->used;
    uint64_t want_id = finish(job);
    if (used && reply->result == OPS_OK && reply->outcome->accepted)
        conn_throttle_clear(c, reply->user);
    if (reply->result == OPS_OK || reply->result == OPS_NOT_FOUND)
        answer(c, want_id, reply->result == OPS_OK ? reply->outcome : NULL);
    else
        unavailable(c, want_id, used);
}

void conn_want_token(struct conn *c, const struct stream_event *ev)
{
    const struct stream_token_info *t = ev->token;
    const struct newcomer *n = c->newcomer;
    struct str used = STR_NONE;
    conn_login_software(c, t->software);
    if (t->used && t->used_index >= 0 && t->used_index < SASL_TOKENS_MAX && n->token_ids)
        used = str_from(n->token_ids->ids[t->used_index]);
    struct ops_ask ask = {
        .address = t->username,
        .token = {.client = t->client_id,
                  .used_id = used,
                  .mark = n->mark,
                  .has_count = t->has_count,
                  .count = (int64_t)t->count,
                  .invalidate = t->invalidate,
                  .issue_mechanism = str_from(t->issue),
                  .software = t->software,
                  .device = t->device},
        .done = committed,
    };
    if (t->used && !used.ptr)
        answer(c, ev->id, NULL);
    else if (submit(c, ev->id, &ask, ops_token_commit))
        n->token->used = t->used != NULL;
    else
        unavailable(c, ev->id, t->used != NULL);
}
