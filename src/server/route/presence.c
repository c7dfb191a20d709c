#include "server/route/presence.h"

#include "server/c2s/redeliver.h"
#include "server/memory.h"
#include "server/route/router.h"
#include "server/route/user.h"

#include <stdlib.h>

enum { DIRECTED_MAX_BYTES = 16 * 1024 };

/* To all available resources of the user, `s` itself included (RFC 6121 §4.2.2, §4.4.2, §4.5.2). */
static void to_own(const struct session *s, const struct block *b)
{
    LIST_EACH(&s->user->sessions, it)
    {
        struct session *to = session_of_link(it);
        if (to->available)
            session_send(to, STANZA_PRESENCE, jid_full(to->jid), b, NULL, SESSION_ALONE);
    }
}

/* What the user's other resources have said so far. */
static void from_others(struct session *s)
{
    LIST_EACH(&s->user->sessions, it)
    {
        const struct session *other = session_of_link(it);
        if (other != s && other->available)
            session_send(s, STANZA_PRESENCE, jid_full(s->jid), other->presence, NULL,
                         SESSION_ALONE);
    }
}

/* RFC 6121 §4.7.2.3: an integer from -128 to 127, 0 when there is none. */
static bool read_priority(const struct element *e, int8_t *ret)
{
    struct str text = element_child_text(e, NS_CLIENT, "priority");
    char digits[8] = "";
    char *end;
    *ret = 0;
    if (!text.ptr)
        return !element_child(e, NS_CLIENT, "priority");
    if (text.len == 0 || text.len >= sizeof digits)
        return false;
    memcpy(digits, text.ptr, text.len);
    long value = strtol(digits, &end, 10);
    if (*end || value < INT8_MIN || value > INT8_MAX)
        return false;
    *ret = (int8_t)value;
    return true;
}

/* ---- directed presence ---- */

/* Where `address` stands in the list, or NULL. */
static const char *directed_find(const struct buf *list, struct str address)
{
    struct str held = buf_peek(list);
    for (const char *at = held.ptr; at < held.ptr + held.len; at += strlen(at) + 1)
        if (str_is(address, at))
            return at;
    return NULL;
}

static void directed_forget(struct buf *list, struct str address)
{
    const char *at = directed_find(list, address);
    struct str held = buf_peek(list);
    if (!at)
        return;
    size_t before = (size_t)(at - held.ptr), gone = address.len + 1;
    memmove(list->data + list->start + before, at + gone, held.len - before - gone);
    buf_truncate(list, held.len - gone);
    buf_trim(list);
}

bool presence_directed(struct session *s, const struct parcel *p)
{
    if (p->type == PARCEL_UNAVAILABLE)
        directed_forget(&s->directed, p->to);
    if (p->type != PARCEL_AVAILABLE || directed_find(&s->directed, p->to))
        return true;
    if (buf_len(&s->directed) + p->to.len + 1 > DIRECTED_MAX_BYTES)
        return false;
    buf_str(&s->directed, p->to);
    buf_byte(&s->directed, '\0');
    if (s->directed.failed)
        memory_exhausted();
    return true;
}

/* RFC 6121 §4.6.3: they learn that it goes. */
static void to_directed(struct session *s, struct block *b)
{
    struct worker *w = s->worker;
    struct str held = buf_peek(&s->directed);
    for (const char *at = held.ptr; at < held.ptr + held.len; at += strlen(at) + 1) {
        struct jid to;
        if (jid_parse(str_from(at), &to) != JID_OK)
            memory_exhausted(); /* it was parsed before */
        struct parcel p = {.kind = STANZA_PRESENCE,
                           .type = PARCEL_UNAVAILABLE,
                           .to = jid_full(&to),
                           .resource = to.resource,
                           .key = jid_bare(&to),
                           .from = jid_full(s->jid),
                           .block = b};
        router_send(w, &p);
        jid_finish(&to);
    }
    buf_reset(&s->directed);
    buf_trim(&s->directed);
}

/* ---- broadcasts ---- */

static void become_available(struct session *s, struct block *b, int8_t priority)
{
    bool initial = !s->available;
    session_stand(s, priority);
    block_unref(s->presence);
    s->presence = block_ref(b);
    to_own(s, b);
    if (!initial)
        return;
    from_others(s);
    redeliver_inherit(s);
}

static void become_unavailable(struct session *s, struct block *b)
{
    s->available = false;
    block_unref(s->presence);
    s->presence = NULL;
    to_directed(s, b);
}

void presence_broadcast(struct session *s, const struct element *e, enum parcel_type type)
{
    struct worker *w = s->worker;
    int8_t priority;
    if (type != PARCEL_AVAILABLE && type != PARCEL_UNAVAILABLE)
        return; /* a subscription to nobody, an error of nothing */
    if (!read_priority(e, &priority)) {
        router_refuse(s, e, STANZA_BAD_REQUEST);
        return;
    }
    buf_reset(&w->scratch);
    block_write(&w->scratch, e, jid_full(s->jid), str_from(s->conn->lang));
    if (w->scratch.failed) {
        router_refuse(s, e, STANZA_BAD_REQUEST);
        return;
    }
    struct block *b = block_new(buf_peek(&w->scratch));
    if (type == PARCEL_AVAILABLE) {
        become_available(s, b, priority);
    } else {
        if (s->available)
            to_own(s, b);
        become_unavailable(s, b);
    }
    block_unref(b);
}

void presence_end(struct session *s)
{
    struct worker *w = s->worker;
    if (!s->available && buf_len(&s->directed) == 0)
        return;
    buf_reset(&w->scratch);
    block_write_presence(&w->scratch, jid_full(s->jid), "unavailable");
    if (w->scratch.failed)
        memory_exhausted();
    struct block *b = block_new(buf_peek(&w->scratch));
    bool was_available = s->available;
    become_unavailable(s, b);
    if (was_available)
        to_own(s, b); /* to the others: it hears nothing any more */
    block_unref(b);
}
