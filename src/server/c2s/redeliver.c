#include "server/c2s/redeliver.h"

#include "base/datetime.h"
#include "server/c2s/resume.h"
#include "server/memory.h"
#include "server/route/router.h"
#include "server/route/user.h"
#include "xml/reader.h"

#include <time.h>

#define NS_DELAY "urn:xmpp:delay"

/* ---- a stanza as it was kept ---- */

/* It may hold more than we take from a client: our own attributes, and each declaration where the
 * writer needs it. */
struct element *redeliver_read_back(struct arena *a, struct str xml)
{
    static const char header[] =
        "<stream:stream xmlns='" NS_CLIENT "' xmlns:stream='" NS_STREAM "'>";
    struct xml_limits limits = xml_limits_after_auth;
    struct element *e = NULL;
    size_t used;
    limits.element_bytes = sizeof header + xml.len; /* the header is one, too */
    limits.attributes *= 4;
    limits.children *= 2;
    limits.name_bytes *= 2;
    struct xml_reader *r = xml_reader_new(&limits, false);
    if (!r)
        memory_exhausted();
    if (xml_reader_read(r, header, sizeof header - 1, &used) == XML_HEADER &&
        xml_reader_read(r, xml.ptr, xml.len, &used) == XML_ELEMENT && used == xml.len)
        e = element_copy(a, xml_reader_element(r));
    xml_reader_free(r);
    return e;
}

/* Whether it was delivered anew before, and so says since when it waits. */
static bool is_delayed(const struct worker *w, const struct element *e)
{
    for (const struct node *n = e->children; n; n = n->next)
        if (element_is(n->element, NS_DELAY, "delay") &&
            cstr_eq(element_attr(n->element, "from"), w->server->domain))
            return true;
    return false;
}

/* XEP-0203: when it was sent first. */
static void add_delay(struct worker *w, struct arena *a, struct element *e, uint64_t since_ms)
{
    if (is_delayed(w, e))
        return;
    char stamp[DATETIME_BYTES];
    /* It may have been before this machine was started: only differences mean something. */
    int64_t ago_ms = (int64_t)(worker_now_ms(w) - since_ms);
    datetime_format((int64_t)time(NULL) - (ago_ms > 0 ? ago_ms / 1000 : 0), stamp);
    struct element *delay = element_add(a, e, NS_DELAY, "delay");
    element_set(a, delay, "from", w->server->domain);
    element_set(a, delay, "stamp", stamp);
}

/* Whether a session of the user is there that got what was sent to several then. */
static bool others_have(const struct worker *w, struct str key, uint64_t copies)
{
    struct user *u = user_find(w, key);
    if (u)
        LIST_EACH(&u->sessions, it)
        {
            if (session_has_copy(session_of_link(it), copies))
                return true;
        }
    return false;
}

/* What is done with each: `e` is of `kind` and says when it was sent; `to` is its addressee. */
struct visit {
    struct worker *w;
    const struct sm_entry *entry;
    const struct element *e;
    enum stanza_kind kind;
    const struct jid *to;
    struct str from;
};

/* The parcel that takes it on its way; the caller has the reference of its block. */
static struct parcel parcel_of(const struct visit *v)
{
    struct worker *w = v->w;
    buf_reset(&w->scratch);
    block_write(&w->scratch, v->e, v->from, STR_NONE);
    if (w->scratch.failed)
        memory_exhausted();
    return (struct parcel){.kind = v->kind,
                           .type = parcel_type_of(v->kind, v->e),
                           .key = jid_bare(v->to),
                           .to = jid_full(v->to),
                           .resource = v->to->resource,
                           .from = v->from,
                           .id = str_from(element_attr(v->e, "id")),
                           .block = block_new(buf_peek(&w->scratch))};
}

static void visit_one(struct worker *w, const struct sm_entry *entry,
                      void (*use)(const struct visit *v, void *ctx), void *ctx)
{
    struct arena a;
    struct jid to = {0};
    arena_init(&a, 0, false);
    struct element *e = redeliver_read_back(&a, entry->xml);
    struct visit v = {.w = w, .entry = entry, .e = e, .to = &to};
    v.kind = e ? stanza_kind(e, NS_CLIENT) : STANZA_NONE;
    if (v.kind == STANZA_MESSAGE)
        add_delay(w, &a, e, entry->since_ms);
    if (a.failed)
        memory_exhausted();
    if (v.kind == STANZA_MESSAGE || v.kind == STANZA_IQ) {
        v.from = str_from(element_attr(e, "from"));
        if (v.from.ptr && jid_parse(str_from(element_attr(e, "to")), &to) == JID_OK)
            use(&v, ctx);
    }
    jid_finish(&to);
    arena_finish(&a);
}

static void visit_all(struct worker *w, const struct sm *sm,
                      void (*use)(const struct visit *v, void *ctx), void *ctx)
{
    struct sm_cursor cursor = {0};
    struct sm_entry entry;
    while (sm && sm_next(sm, &cursor, &entry))
        visit_one(w, &entry, use, ctx);
}

/* ---- by the rules ---- */

static void by_the_rules(const struct visit *v, void *ctx)
{
    (void)ctx;
    struct parcel p = parcel_of(v);
    bool shared = v->entry->tag != SESSION_ALONE && others_have(v->w, p.key, v->entry->tag);
    if (router_home(v->w, p.key) == v->w->index && p.type != PARCEL_INVALID && !shared)
        user_deliver(v->w, &p);
    block_unref(p.block);
}

void redeliver_all(struct worker *w, const struct sm *sm)
{
    visit_all(w, sm, by_the_rules, NULL);
}

/* ---- heirs ---- */

static void bequeath(const struct visit *v, void *ctx)
{
    struct sm *estate = ctx;
    bool personal = v->kind == STANZA_IQ ||
                    parcel_type_of(v->kind, v->e) == PARCEL_GROUPCHAT; /* of the old address */
    if (personal || sm_sent(estate, v->entry->xml, v->entry->tag, v->entry->since_ms) != SM_OK)
        by_the_rules(v, NULL);
}

void redeliver_bequeath(struct worker *w, const struct sm *sm, struct sm **estate)
{
    const struct sm_limits limits = resume_limits(w);
    if (!sm || sm_pending(sm) == 0)
        return;
    if (!*estate && !(*estate = sm_new(&limits)))
        memory_exhausted();
    visit_all(w, sm, bequeath, *estate);
}

/* With its delays an estate is longer than it was: what fills the heir's queue comes back, before
 * the heir is ended for it. */
static bool has_room(const struct session *s, const struct parcel *p)
{
    enum { HEAD_BYTES = 32, ESCAPED = 6 };
    size_t most = resume_limits(s->worker).max_bytes;
    size_t held = s->sm ? sm_pending_bytes(s->sm) : stream_output_pending(s->conn->stream);
    return held + HEAD_BYTES + ESCAPED * p->to.len + p->block->len <= most - most / 8;
}

static void inherit(const struct visit *v, void *ctx)
{
    struct parcel p = parcel_of(v);
    if (!has_room(ctx, &p) || !session_send(ctx, p.kind, p.to, p.block, NULL, v->entry->tag))
        router_bounce(v->w, &p, STANZA_RESOURCE_CONSTRAINT);
    block_unref(p.block);
}

void redeliver_inherit(struct session *s)
{
    struct sm *estate = s->estate;
    s->estate = NULL;
    visit_all(s->worker, estate, inherit, s);
    sm_unref(estate);
}

bool redeliver_later(struct user *u, const struct parcel *p)
{
    if (!u || p->kind != STANZA_MESSAGE || (p->type != PARCEL_NORMAL && p->type != PARCEL_CHAT))
        return false;
    LIST_EACH(&u->sessions, it)
    {
        struct session *s = session_of_link(it);
        struct buf *out = &s->worker->scratch;
        if (!s->estate)
            continue;
        buf_reset(out);
        block_head(out, p->kind, p->to, STREAM_FRAMING_TCP);
        buf_str(out, block_str(p->block));
        if (out->failed)
            memory_exhausted();
        return sm_sent(s->estate, buf_peek(out), SESSION_ALONE, worker_now_ms(s->worker)) == SM_OK;
    }
    return false;
}
