#include "server/c2s/resume.h"

#include "server/memory.h"
#include "server/route/router.h"
#include "server/route/user.h"

#include <stdlib.h>

enum {
    SM_ID_RANDOM_BYTES = 18,
    STANZA_LEAST_BYTES = 64 /* of memory that one takes while it is kept, with its record */
};

/* What a session without a connection has instead of one. */
struct parted {
    struct list link; /* among its worker's, longest detached first */
    struct session *session;
    struct jid jid;
    struct wheel_node expiry;
    uint64_t since_ms, connection;
    size_t memory_bytes; /* as counted in the worker's sum */
};

static struct parted *parted_of_link(struct list *link)
{
    return CONTAINER_OF(link, struct parted, link);
}

uint64_t resume_connection_id(const struct session *s)
{
    return s->parted->connection;
}

uint64_t resume_since_ms(const struct session *s)
{
    return s->parted->since_ms;
}

/* ---- its state ---- */

struct sm_limits resume_limits(const struct worker *w)
{
    size_t most_bytes = (size_t)worker_settings(w)->limits_send_queue_bytes;
    return (struct sm_limits){.max_stanzas = (uint32_t)(most_bytes / STANZA_LEAST_BYTES),
                              .max_bytes = most_bytes};
}

struct sm *resume_sm_new(const struct conn *c, const struct stream_session_info *asked,
                         uint32_t *ret_max_s)
{
    const struct worker *w = c->worker;
    uint32_t most_s = (uint32_t)worker_settings(w)->c2s_resume_s;
    const struct sm_limits limits = resume_limits(w);
    uint8_t raw[SM_ID_RANDOM_BYTES];
    char id[2 * sizeof raw + 1];
    struct sm *sm = sm_new(&limits);
    *ret_max_s = asked->max_s && asked->max_s < most_s ? asked->max_s : most_s;
    if (!sm)
        memory_exhausted();
    if (!asked->resumable || most_s == 0)
        return sm;
    random_fill(&w->server->random, raw, sizeof raw);
    hash_hex(str_of(raw, sizeof raw), id);
    if (!sm_set_id(sm, str_from(id)))
        memory_exhausted();
    return sm;
}

bool resume_is_possible(const struct session *s)
{
    return s->sm && sm_id(s->sm).len > 0;
}

/* ---- without a connection ---- */

void resume_count_memory(struct session *s)
{
    struct parted *p = s->parted;
    size_t now = sizeof *p + session_memory(s);
    s->worker->memory_bytes += now - p->memory_bytes;
    p->memory_bytes = now;
}

void resume_part(struct session *s, struct str address, uint64_t since_ms, uint64_t connection)
{
    struct worker *w = s->worker;
    struct parted *p = MEMORY_NEW(struct parted);
    *p = (struct parted){.session = s, .since_ms = since_ms, .connection = connection};
    if (jid_parse(address, &p->jid) != JID_OK)
        memory_exhausted(); /* it was parsed before */
    sm_detach(s->sm);
    s->conn = NULL;
    s->jid = &p->jid;
    s->parted = p;
    list_init(&p->link);
    list_push(&w->parted, &p->link);
    wheel_node_init(&p->expiry);
    wheel_set(&w->parting, &p->expiry, worker_now_ms(w) + resume_left_ms(s));
    resume_count_memory(s);
}

uint64_t resume_left_ms(const struct session *s)
{
    uint64_t gone_ms = worker_now_ms(s->worker) - s->parted->since_ms;
    uint64_t all_ms = s->resume_s * UINT64_C(1000);
    return gone_ms < all_ms ? all_ms - gone_ms : 0;
}

void resume_detach(struct conn *c)
{
    struct session *s = c->session;
    pressure_end(s);
    c->session = NULL;
    figures_count(&s->worker->figures, FIGURE_CHANGES);
    resume_part(s, jid_full(s->jid), worker_now_ms(c->worker), c->id);
    conn_log(c, LOG_INFO, "detached: may be resumed for %u s, %zu stanzas unacknowledged jid=%s",
             (unsigned)s->resume_s, sm_pending(s->sm), s->jid->full);
}

void resume_forget(struct session *s)
{
    struct parted *p = s->parted;
    if (!p)
        return;
    s->parted = NULL;
    s->worker->memory_bytes -= p->memory_bytes;
    list_remove(&p->link);
    wheel_remove(&p->expiry);
    jid_finish(&p->jid);
    free(p);
}

void resume_due(struct wheel_node *n)
{
    session_close(CONTAINER_OF(n, struct parted, expiry)->session, STREAM_CONNECTION_TIMEOUT,
                  "its time to be resumed is over");
}

void resume_expire(struct session *s)
{
    wheel_remove(&s->parted->expiry);
    wheel_set(&s->worker->parting, &s->parted->expiry, worker_now_ms(s->worker));
}

struct session *resume_oldest(const struct worker *w)
{
    return list_empty(&w->parted) ? NULL : parted_of_link(w->parted.next)->session;
}

struct session *resume_after(const struct session *s)
{
    struct list *next = s->parted->link.next;
    return next == &s->worker->parted ? NULL : parted_of_link(next)->session;
}

bool resume_end_oldest(struct worker *w)
{
    struct session *oldest = resume_oldest(w);
    if (oldest)
        session_close(oldest, STREAM_RESOURCE_CONSTRAINT, "others need its memory");
    return oldest;
}

/* ---- resumed ---- */

static struct session *find(struct worker *w, struct str username, struct str id)
{
    /* Only among the account's own: an id is worth nothing to anybody else. */
    struct user *u = user_find(w, router_key_of_local(w, username));
    if (u)
        LIST_EACH(&u->sessions, it)
    if (session_of_link(it)->sm && str_eq(sm_id(session_of_link(it)->sm), id) && id.len > 0)
        return session_of_link(it);
    return NULL;
}

struct session *resume_prepare(struct conn *c, const struct stream_session_info *asked,
                               struct stream_session_answer *ret)
{
    struct worker *w = c->worker;
    struct session *s = find(w, asked->username, asked->resume_id);
    *ret = (struct stream_session_answer){0};
    if (!s)
        return NULL;
    if (sm_may_resume(s->sm, asked->resume_h) != SM_OK) {
        ret->old_known = true;
        ret->old_h = sm_h(s->sm);
        return NULL;
    }
    /* The old connection may not know yet that it is dead. It loses its session before anything is
     * answered, and is told. */
    if (s->conn)
        conn_leave(s->conn, STREAM_CONFLICT, "its session was resumed by another connection");
    if (sm_resume(s->sm, asked->resume_h, worker_now_ms(w)) != SM_OK)
        abort(); /* sm_may_resume lied */
    ret->resumed = s->sm;
    ret->resumed_address = jid_full(s->jid);
    return s;
}

void resume_attach(struct session *s, struct conn *c)
{
    resume_forget(s);
    s->conn = c;
    s->jid = stream_jid(c->stream);
    c->session = s;
    session_take_software(s, c);
    figures_count(&s->worker->figures, FIGURE_CHANGES);
    pressure_resumed(s);
    conn_touch(c);
}
