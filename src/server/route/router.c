#include "server/route/router.h"

#include "server/c2s/session.h"
#include "server/memory.h"
#include "server/mod/mod.h"
#include "server/route/presence.h"
#include "server/route/user.h"

/* ---- homes ---- */

void router_key(const char *domain, struct str local, struct buf *out)
{
    buf_reset(out);
    buf_str(out, local);
    buf_byte(out, '@');
    buf_cstr(out, domain);
    if (out->failed)
        memory_exhausted();
}

struct str router_key_of_local(struct worker *w, struct str local)
{
    router_key(w->server->domain, local, &w->key);
    return buf_peek(&w->key);
}

unsigned router_home(const struct worker *w, struct str key)
{
    return (unsigned)(map_hash(w->server->home_key, key) % w->server->worker_count);
}

/* ---- between loops ---- */

static void parcel_arrived(struct mail *m, void *receiver)
{
    user_deliver(receiver, parcel_of_mail(m));
    parcel_mail_free(m);
}

/* The sender waits with its input until the other loop has taken its mail. */
static void stall(struct worker *w, uint64_t conn, unsigned home)
{
    struct conn *c = worker_conn(w, conn);
    if (!c || c->stalled_member)
        return;
    c->stalled_member = true;
    list_push(&w->stalled[home], &c->stalled);
}

void router_send(struct worker *w, const struct parcel *p)
{
    unsigned home = router_home(w, p->key);
    if (home == w->index)
        user_deliver(w, p);
    else if (worker_post(w, home, parcel_mail_new(p, parcel_arrived)) && p->sender.loop == w->index)
        stall(w, p->sender.conn, home);
}

/* The address of a sender is a full JID, as it was stamped. */
static void address_to(struct worker *w, struct str full, struct parcel *reply)
{
    size_t at = 0, slash;
    while (at < full.len && full.ptr[at] != '@')
        at++;
    for (slash = at; slash < full.len && full.ptr[slash] != '/';)
        slash++;
    reply->to = full;
    if (slash < full.len)
        reply->resource = str_of(full.ptr + slash + 1, full.len - slash - 1);
    reply->key = router_key_of_local(w, str_of(full.ptr, at));
}

void router_reply(struct worker *w, const struct parcel *p, struct parcel *reply)
{
    if (w->scratch.failed)
        memory_exhausted();
    reply->block = block_new(buf_peek(&w->scratch));
    reply->sender = p->sender; /* who asks faster than it reads answers has to wait */
    address_to(w, p->from, reply);
    router_send(w, reply);
    block_unref(reply->block);
}

void router_bounce(struct worker *w, const struct parcel *p, enum stanza_condition c)
{
    if (!parcel_may_bounce(p))
        return;
    struct parcel reply = {.kind = p->kind, .type = PARCEL_ERROR};
    buf_reset(&w->scratch);
    block_write_error(&w->scratch, p->kind, p->to, p->id, c);
    router_reply(w, p, &reply);
}

/* ---- what a client sends ---- */

void router_refuse(struct session *s, const struct element *e, enum stanza_condition c)
{
    struct arena *a = &s->conn->worker->arena;
    const struct element *reply = stanza_error(a, e, c, NULL, NULL);
    if (a->failed)
        memory_exhausted();
    if (reply)
        session_send_element(s, reply);
    arena_reset(a);
}

/* RFC 6120 §8.1.2.1: a `from` must be the session's own, bare or full. */
static bool from_is_own(const struct session *s, const struct element *e)
{
    const char *from = element_attr(e, "from");
    struct jid j;
    if (!from || str_is(jid_full(s->jid), from) || str_is(jid_bare(s->jid), from))
        return true;
    if (jid_parse(str_from(from), &j) != JID_OK)
        return false;
    bool own = j.resource.ptr ? jid_equal(&j, s->jid) : jid_bare_equal(&j, s->jid);
    jid_finish(&j);
    return own;
}

/* As a stanza is written it may be several times as long as it came: one that would fill a
 * recipient's queue by itself is its sender's fault, and nobody else is to be ended for it. */
static bool too_long(const struct worker *w, size_t len)
{
    const struct settings *set = worker_settings(w);
    int64_t half = set->limits_send_queue_bytes / 2, whole = set->limits_max_stanza_bytes;
    return len > (size_t)(half > whole ? half : whole);
}

/* Makes the block of `e` and sends the parcel. */
static void send_on(struct session *s, const struct element *e, struct parcel *p)
{
    struct worker *w = s->conn->worker;
    buf_reset(&w->scratch);
    block_write(&w->scratch, e, p->from, str_from(s->conn->lang));
    if (w->scratch.failed) { /* the writer refuses what the reader took: not ours to judge */
        buf_reset(&w->scratch);
        router_refuse(s, e, STANZA_BAD_REQUEST);
        return;
    }
    if (too_long(w, buf_len(&w->scratch))) {
        router_refuse(s, e, STANZA_POLICY_VIOLATION);
        return;
    }
    p->block = block_new(buf_peek(&w->scratch));
    if (p->kind == STANZA_MESSAGE)
        figures_count(&w->figures, FIGURE_MESSAGES);
    if (p->kind != STANZA_PRESENCE || presence_directed(s, p))
        router_send(w, p);
    else
        router_refuse(s, e, STANZA_RESOURCE_CONSTRAINT);
    block_unref(p->block);
}

static void to_user(struct session *s, const struct element *e, struct parcel *p,
                    const struct jid *to)
{
    if (p->kind == STANZA_IQ && !to->resource.ptr) {
        /* RFC 6121 §8.5.2.1.3: the server answers on behalf of the account. Only its owner is told
         * anything; for others an account that exists and one that does not are the same. */
        if (str_eq(jid_bare(to), jid_bare(s->jid)))
            mod_handle(s, e, MOD_ACCOUNT);
        else
            router_refuse(s, e, STANZA_SERVICE_UNAVAILABLE);
        return;
    }
    p->to = jid_full(to);
    p->resource = to->resource;
    p->key = jid_bare(to);
    send_on(s, e, p);
}

static void to_server(struct session *s, const struct element *e, const struct parcel *p,
                      const struct jid *to)
{
    if (p->kind == STANZA_IQ && !to->resource.ptr)
        mod_handle(s, e, MOD_SERVER);
    else if (p->kind == STANZA_IQ || (p->kind == STANZA_MESSAGE && p->type != PARCEL_HEADLINE))
        router_refuse(s, e, STANZA_SERVICE_UNAVAILABLE);
    /* Presence for a server that keeps none has nobody to tell. */
}

static void to_address(struct session *s, const struct element *e, struct parcel *p,
                       const struct jid *to)
{
    if (!str_is(to->domain, s->conn->worker->server->domain))
        router_refuse(s, e, STANZA_REMOTE_SERVER_NOT_FOUND); /* RFC 6120 §10.4: no federation */
    else if (to->local.ptr)
        to_user(s, e, p, to);
    else
        to_server(s, e, p, to);
}

/* RFC 6120 §10.3: without `to` it is for the account itself. */
static void to_nobody(struct session *s, const struct element *e, struct parcel *p)
{
    if (p->kind == STANZA_PRESENCE) {
        presence_broadcast(s, e, p->type);
    } else if (p->kind == STANZA_IQ) {
        mod_handle(s, e, MOD_ACCOUNT);
    } else {
        p->to = p->key = jid_bare(s->jid);
        send_on(s, e, p);
    }
}

static void invalid(struct session *s, const struct element *e, enum stanza_kind kind)
{
    const char *type = element_attr(e, "type");
    if (kind != STANZA_IQ || !(cstr_eq(type, "result") || cstr_eq(type, "error")))
        router_refuse(s, e, STANZA_BAD_REQUEST);
}

void router_stanza(struct session *s, const struct element *e)
{
    enum stanza_kind kind = stanza_kind(e, NS_CLIENT);
    const char *to = element_attr(e, "to");
    if (!from_is_own(s, e)) {
        conn_close(s->conn, STREAM_INVALID_FROM, NULL);
        return;
    }
    struct parcel p = {.kind = kind,
                       .type = parcel_type_of(kind, e),
                       .from = jid_full(s->jid),
                       .id = str_from(element_attr(e, "id")),
                       .sender = {s->conn->id, s->conn->worker->index}};
    struct jid address = {0};
    if (p.type == PARCEL_INVALID)
        invalid(s, e, kind);
    else if (!to)
        to_nobody(s, e, &p);
    else if (jid_parse(str_from(to), &address) != JID_OK)
        router_refuse(s, e, STANZA_JID_MALFORMED);
    else
        to_address(s, e, &p, &address);
    jid_finish(&address);
}
