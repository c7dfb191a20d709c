#include "server/c2s/resume.h"

#include "base/datetime.h"
#include "server/memory.h"
#include "server/route/router.h"
#include "server/route/user.h"
#include "xml/reader.h"

#include <stdlib.h>
#include <time.h>

enum {
    SM_ID_RANDOM_BYTES = 18,
    STANZA_LEAST_BYTES = 64 /* of memory that one takes while it is kept, with its record */
};

#define NS_DELAY "urn:xmpp:delay"

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

struct sm *resume_sm_new(const struct conn *c, const struct stream_session_info *asked,
                         uint32_t *ret_max_s)
{
    const struct worker *w = c->worker;
    uint32_t most_s = (uint32_t)worker_settings(w)->c2s_resume_s;
    size_t most_bytes = (size_t)worker_settings(w)->limits_send_queue_bytes;
    const struct sm_limits limits = {.max_stanzas = (uint32_t)(most_bytes / STANZA_LEAST_BYTES),
                                     .max_bytes = most_bytes};
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
    return s->sm && sm_id(s->sm).len > 0 && !s->worker->stopping;
}

/* ---- without a connection ---- */

void resume_count_memory(struct session *s)
{
    struct parted *p = s->parted;
    size_t now = sizeof *p + session_memory(s);
    s->worker->memory_bytes += now - p->memory_bytes;
    p->memory_bytes = now;
}

void resume_detach(struct conn *c)
{
    struct session *s = c->session;
    struct worker *w = c->worker;
    struct parted *p = MEMORY_NEW(struct parted);
    *p = (struct parted){.session = s, .since_ms = worker_now_ms(w), .connection = c->id};
    if (jid_parse(jid_full(s->jid), &p->jid) != JID_OK)
        memory_exhausted(); /* it was parsed before */
    sm_detach(s->sm);
    pressure_end(s);
    c->session = NULL;
    s->conn = NULL;
    s->jid = &p->jid;
    s->parted = p;
    list_init(&p->link);
    list_push(&w->parted, &p->link);
    wheel_node_init(&p->expiry);
    wheel_set(&w->parting, &p->expiry, p->since_ms + s->resume_s * UINT64_C(1000));
    resume_count_memory(s);
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

bool resume_end_oldest(struct worker *w)
{
    if (list_empty(&w->parted))
        return false;
    session_close(parted_of_link(w->parted.next)->session, STREAM_RESOURCE_CONSTRAINT,
                  "others need its memory");
    return true;
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
    /* The old connection may not know yet that it is dead. It loses its session before anything is
     * answered, and is told. */
    struct conn *old = s->conn;
    if (old) {
        resume_detach(old);
        conn_close(old, STREAM_CONFLICT, "its session was resumed by another connection");
    }
    if (sm_resume(s->sm, asked->resume_h, worker_now_ms(w)) != SM_OK) {
        ret->old_known = true;
        ret->old_h = sm_h(s->sm);
        return NULL;
    }
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
    conn_touch(c);
}

/* ---- what nobody acknowledged ---- */

/* A stanza as it was written to the session's stream, into `a`. It may hold more than we take from
 * a client: our own attributes, and each declaration where the writer needs it. */
static struct element *read_back(struct arena *a, struct str xml)
{
    static const char header[] =
        "<stream:stream xmlns='" NS_CLIENT "' xmlns:stream='" NS_STREAM "'>";
    struct xml_limits limits = xml_limits_after_auth;
    struct element *e = NULL;
    size_t used;
    limits.element_bytes = xml.len + 1;
    limits.attributes *= 4;
    limits.name_bytes *= 2;
    struct xml_reader *r = xml_reader_new(&limits, false);
    if (!r)
        memory_exhausted();
    if (xml_reader_read(r, header, sizeof header - 1, &used) == XML_HEADER &&
        xml_reader_read(r, xml.ptr, xml.len, &used) == XML_ELEMENT)
        e = element_copy(a, xml_reader_element(r));
    xml_reader_free(r);
    return e;
}

/* XEP-0203: when it was sent first. */
static void add_delay(struct worker *w, struct arena *a, struct element *e, uint64_t since_ms)
{
    char stamp[DATETIME_BYTES];
    uint64_t now_ms = worker_now_ms(w);
    datetime_format(
        (int64_t)time(NULL) - (int64_t)((now_ms > since_ms ? now_ms - since_ms : 0) / 1000), stamp);
    struct element *delay = element_add(a, e, NS_DELAY, "delay");
    element_set(a, delay, "from", w->server->domain);
    element_set(a, delay, "stamp", stamp);
}

/* Whether a session of the user is there that got what was sent to several then. */
static bool others_have(const struct worker *w, struct str key, uint64_t since_ms)
{
    struct user *u = user_find(w, key);
    if (u)
        LIST_EACH(&u->sessions, it)
        {
            const struct session *s = session_of_link(it);
            if (s->available && s->priority >= 0 && s->since_ms <= since_ms)
                return true;
        }
    return false;
}

static void deliver_anew(struct worker *w, const struct element *e, enum stanza_kind kind,
                         const struct sm_entry *entry)
{
    struct str from = str_from(element_attr(e, "from"));
    struct jid to = {0};
    if (!from.ptr || jid_parse(str_from(element_attr(e, "to")), &to) != JID_OK)
        return;
    struct parcel p = {.kind = kind,
                       .type = parcel_type_of(kind, e),
                       .key = jid_bare(&to),
                       .to = jid_full(&to),
                       .resource = to.resource,
                       .from = from,
                       .id = str_from(element_attr(e, "id"))};
    buf_reset(&w->scratch);
    block_write(&w->scratch, e, from, STR_NONE);
    if (w->scratch.failed)
        memory_exhausted();
    p.block = block_new(buf_peek(&w->scratch));
    bool shared = entry->tag == SESSION_SHARED && others_have(w, p.key, entry->since_ms);
    if (router_home(w, p.key) == w->index && p.type != PARCEL_INVALID && !shared)
        user_deliver(w, &p);
    block_unref(p.block);
    jid_finish(&to);
}

void resume_redeliver(struct worker *w, struct sm *sm)
{
    struct sm_cursor cursor = {0};
    struct sm_entry entry;
    while (sm_next(sm, &cursor, &entry)) {
        struct arena a;
        arena_init(&a, 0, false);
        struct element *e = read_back(&a, entry.xml);
        enum stanza_kind kind = e ? stanza_kind(e, NS_CLIENT) : STANZA_NONE;
        if (kind == STANZA_MESSAGE)
            add_delay(w, &a, e, entry.since_ms);
        if (a.failed)
            memory_exhausted();
        if (kind == STANZA_MESSAGE || kind == STANZA_IQ)
            deliver_anew(w, e, kind, &entry);
        arena_finish(&a);
    }
}
