#include "server/c2s/session.h"

#include "server/c2s/redeliver.h"
#include "server/c2s/resume.h"
#include "server/memory.h"
#include "server/route/presence.h"
#include "server/route/router.h"
#include "server/route/user.h"

#include <stdio.h>
#include <stdlib.h>

enum { RANDOM_BYTES = 32, TAG_BYTES = SESSION_RESOURCE_BYTES - RANDOM_BYTES - 1 };

/* 120 bits that nobody can guess: a resource is part of the address that iq goes to. */
static struct str make_resource(const struct server *server, char made[RANDOM_BYTES])
{
    uint8_t raw[15];
    random_fill(&server->random, raw, sizeof raw);
    hash_hex(str_of(raw, sizeof raw), made);
    return str_from(made);
}

/* XEP-0386 §4.2.1: the client's own word first, so that people know it again. */
static struct str tagged_resource(const struct server *server, struct str tag,
                                  char made[SESSION_RESOURCE_BYTES])
{
    char random[RANDOM_BYTES];
    make_resource(server, random);
    snprintf(made, SESSION_RESOURCE_BYTES, "%.*s/%s",
             (int)(tag.len < TAG_BYTES ? tag.len : TAG_BYTES), tag.ptr, random);
    return str_from(made);
}

static struct str resource_for(const struct server *server, const struct stream_session_info *asked,
                               char made[SESSION_RESOURCE_BYTES])
{
    if (asked->resource.ptr)
        return asked->resource;
    if (asked->tag.ptr)
        return tagged_resource(server, asked->tag, made);
    return make_resource(server, made);
}

/* ---- the end ---- */

void session_discard(struct session *s)
{
    user_remove(s->worker, s);
    resume_forget(s);
    s->worker->shown_sessions--;
    figures_count(&s->worker->figures, FIGURE_CHANGES);
    block_unref(s->presence);
    buf_finish(&s->directed);
    sm_unref(s->sm);
    sm_unref(s->estate);
    free(s->client_id);
    free(s->software);
    free(s);
}

/* It has no connection, or none that knows of it any more. Its messages are for the heir of
 * `estate`, if that is given. */
static void finish(struct session *s, struct sm **estate)
{
    struct worker *w = s->worker;
    struct sm *left[] = {s->estate, s->sm}; /* what came first goes first */
    s->sm = s->estate = NULL;
    s->over = true;
    presence_end(s);
    pressure_end(s);
    session_discard(s);
    for (size_t i = 0; i < ARRAY_LEN(left); i++) {
        if (estate)
            redeliver_bequeath(w, left[i], estate);
        else
            redeliver_all(w, left[i]);
        sm_unref(left[i]);
    }
}

static struct copies_had copies_had_by(const struct session *s)
{
    return s->available ? (struct copies_had){s->standing, s->worker->order, s->priority} : s->had;
}

/* A new session of the same client, or for the same resource, which `heir` will have, takes the
 * place of `s`. */
static void take_place(struct session *s, struct conn *heir)
{
    struct conn *c = s->conn;
    if (c)
        c->session = NULL;
    heir->newcomer->had = copies_had_by(s);
    finish(s, &heir->newcomer->estate);
    if (c)
        conn_close(c, STREAM_CONFLICT, "a new session of the same client has taken its place");
}

/* ---- the beginning ---- */

/* A session that the new one takes the place of: it has the resource, or is one that the same
 * installation left behind (XEP-0386 §4.2). */
static struct session *replaced(struct user *u, struct str resource, struct str client_id)
{
    if (u)
        LIST_EACH(&u->sessions, it)
        {
            struct session *s = session_of_link(it);
            if (str_eq(s->jid->resource, resource) ||
                (client_id.ptr && s->client_id && str_is(client_id, s->client_id)))
                return s;
        }
    return NULL;
}

static struct session *detached(struct user *u)
{
    if (u)
        LIST_EACH(&u->sessions, it)
    if (!session_of_link(it)->conn)
        return session_of_link(it);
    return NULL;
}

struct stream_session_answer session_claim(struct conn *c, const struct stream_session_info *asked,
                                           char made[SESSION_RESOURCE_BYTES])
{
    struct worker *w = c->worker;
    int64_t most = worker_settings(w)->limits_sessions_per_account;
    struct str resource = resource_for(w->server, asked, made);
    struct session *older;
    struct user *u;
    while ((older = replaced(user_find(w, router_key_of_local(w, asked->username)), resource,
                             asked->client_id)))
        take_place(older, c);
    /* One that nobody came back to makes room before anybody is refused. */
    while ((u = user_find(w, router_key_of_local(w, asked->username))) &&
           u->session_count >= most) {
        if (!(older = detached(u)))
            return (struct stream_session_answer){.refused = STANZA_RESOURCE_CONSTRAINT};
        session_close(older, STREAM_RESOURCE_CONSTRAINT, "the account has too many sessions");
    }
    return (struct stream_session_answer){.resource = resource};
}

void session_begin(struct conn *c)
{
    struct session *s = MEMORY_NEW(struct session);
    struct newcomer *n = c->newcomer;
    s->conn = c;
    s->worker = c->worker;
    s->sm = n->sm;
    s->estate = n->estate;
    s->had = n->had;
    s->resume_s = n->resume_s;
    s->since_ms = worker_now_ms(c->worker);
    s->client_id = n->client_id;
    n->sm = n->estate = NULL;
    n->client_id = NULL;
    session_take_software(s, c);
    s->jid = stream_jid(c->stream);
    buf_init(&s->directed, 0, false);
    pressure_init(&s->pressure);
    c->session = s;
    user_add(c->worker, jid_bare(s->jid), s);
    c->worker->shown_sessions++;
    figures_count(&c->worker->figures, FIGURE_CHANGES);
}

void session_take_software(struct session *s, struct conn *c)
{
    struct newcomer *n = c->newcomer;
    if (!n->software)
        return;
    free(s->software);
    s->software = n->software;
    n->software = NULL;
}

void session_end(struct conn *c)
{
    struct session *s = c->session;
    if (!s)
        return;
    c->session = NULL; /* nothing is sent to it any more */
    finish(s, NULL);
}

void session_close(struct session *s, enum stream_condition condition, const char *text)
{
    if (s->conn)
        conn_close(s->conn, condition, text);
    else
        finish(s, NULL);
}

/* ---- copies ---- */

enum { PRIORITY_BITS = 8 };

uint64_t session_copies(struct worker *w, int priority)
{
    return ++w->order << PRIORITY_BITS | (uint8_t)(priority - INT8_MIN);
}

uint64_t session_copies_order(uint64_t copies)
{
    return copies >> PRIORITY_BITS;
}

bool session_has_copy(const struct session *s, uint64_t copies)
{
    int priority = (int)(copies & UINT8_MAX) + INT8_MIN;
    uint64_t order = session_copies_order(copies);
    if (order > s->had.after && order <= s->had.until && s->had.priority >= priority)
        return true;
    return s->available && s->priority >= priority && s->standing < order;
}

void session_stand(struct session *s, int8_t priority)
{
    if (!s->available || s->priority != priority)
        s->standing = ++s->worker->order;
    s->available = true;
    s->priority = priority;
}

/* ---- what is sent to it ---- */

static void count_out(struct conn *c)
{
    c->stanzas_out++;
    figures_count(&c->worker->figures, FIGURE_STANZAS_OUT);
}

/* To a session that nobody reads from at present. One that is full ends at the next tick: here
 * somebody may be walking through its user's sessions. */
static bool send_detached(struct session *s, struct str xml, uint64_t copies)
{
    if (sm_sent(s->sm, xml, copies, worker_now_ms(s->worker)) != SM_OK) {
        resume_expire(s);
        return false;
    }
    resume_count_memory(s);
    return true;
}

bool session_send(struct session *s, enum stanza_kind kind, struct str to, const struct block *b,
                  const struct parcel_sender *sender, uint64_t copies)
{
    struct buf *out = &s->worker->scratch;
    if (s->over)
        return true;
    buf_reset(out);
    block_head(out, kind, to, STREAM_FRAMING_TCP);
    buf_str(out, block_str(b));
    if (out->failed)
        memory_exhausted();
    if (!s->conn)
        return send_detached(s, buf_peek(out), copies);
    bool sent = stream_send_bytes(s->conn->stream, worker_now_ms(s->worker), buf_peek(out), copies);
    conn_touch(s->conn);
    if (!sent)
        return false;
    count_out(s->conn);
    pressure_sent(s, sender);
    return true;
}

void session_send_element(struct session *s, const struct element *e)
{
    const struct parcel_sender self = {s->conn->id, s->conn->worker->index};
    if (!stream_send(s->conn->stream, worker_now_ms(s->conn->worker), e))
        return;
    conn_touch(s->conn);
    count_out(s->conn);
    pressure_sent(s, &self);
}

size_t session_memory(const struct session *s)
{
    return s ? sizeof *s + s->directed.cap + (s->presence ? s->presence->len : 0) +
                   (s->sm ? sm_memory(s->sm) : 0) + (s->estate ? sm_memory(s->estate) : 0) +
                   (s->client_id ? strlen(s->client_id) + 1 : 0) +
                   (s->software ? strlen(s->software) + 1 : 0)
             : 0;
}
