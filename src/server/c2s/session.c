#include "server/c2s/session.h"

#include "server/memory.h"
#include "server/route/presence.h"
#include "server/route/router.h"
#include "server/route/user.h"

#include <stdio.h>
#include <stdlib.h>

/* 120 bits that nobody can guess: a resource is part of the address that iq goes to. */
static struct str make_resource(const struct server *server, char made[SESSION_RESOURCE_BYTES])
{
    uint8_t raw[15];
    random_fill(&server->random, raw, sizeof raw);
    hash_hex(str_of(raw, sizeof raw), made);
    return str_from(made);
}

struct stream_session_answer session_claim(struct conn *c, const struct stream_session_info *asked,
                                           char made[SESSION_RESOURCE_BYTES])
{
    struct worker *w = c->worker;
    struct user *u = user_find(w, router_key_of_local(w, asked->username));
    struct str resource = asked->resource.ptr ? asked->resource : make_resource(w->server, made);
    struct session *older = u ? user_session(u, resource) : NULL;
    if (older)
        conn_close(older->conn, STREAM_CONFLICT, "another client has taken this resource");
    u = user_find(w, router_key_of_local(w, asked->username));
    if (u && u->session_count >= worker_settings(w)->limits_sessions_per_account)
        return (struct stream_session_answer){.refused = STANZA_RESOURCE_CONSTRAINT};
    return (struct stream_session_answer){.resource = resource};
}

void session_begin(struct conn *c)
{
    struct session *s = MEMORY_NEW(struct session);
    s->conn = c;
    s->jid = stream_jid(c->stream);
    buf_init(&s->directed, 0, false);
    pressure_init(&s->pressure);
    c->session = s;
    user_add(c->worker, jid_bare(s->jid), s);
    c->worker->shown_sessions++;
}

void session_end(struct conn *c)
{
    struct session *s = c->session;
    if (!s)
        return;
    c->session = NULL; /* nothing is sent to it any more */
    presence_end(s);
    pressure_end(s);
    user_remove(c->worker, s);
    block_unref(s->presence);
    buf_finish(&s->directed);
    free(s);
    c->worker->shown_sessions--;
}

void session_send(struct session *s, enum stanza_kind kind, struct str to, const struct block *b,
                  const struct parcel_sender *sender)
{
    struct buf *out = &s->conn->worker->scratch;
    buf_reset(out);
    block_head(out, kind, to, STREAM_FRAMING_TCP);
    buf_str(out, block_str(b));
    if (out->failed)
        memory_exhausted();
    if (!stream_send_bytes(s->conn->stream, worker_now_ms(s->conn->worker), buf_peek(out), 0))
        return;
    conn_touch(s->conn);
    pressure_sent(s, sender);
}

void session_send_element(struct session *s, const struct element *e)
{
    const struct parcel_sender self = {s->conn->id, s->conn->worker->index};
    if (!stream_send(s->conn->stream, worker_now_ms(s->conn->worker), e))
        return;
    conn_touch(s->conn);
    pressure_sent(s, &self);
}

size_t session_memory(const struct session *s)
{
    return s ? sizeof *s + s->directed.cap + (s->presence ? s->presence->len : 0) : 0;
}
