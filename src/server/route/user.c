#include "server/route/user.h"

#include "server/c2s/redeliver.h"
#include "server/memory.h"
#include "server/route/router.h"
#include "server/route/rules.h"

#include <stdlib.h>

struct user *user_find(const struct worker *w, struct str key)
{
    return map_get(&w->users, key);
}

struct session *user_session(struct user *u, struct str resource)
{
    LIST_EACH(&u->sessions, it)
    if (str_eq(session_of_link(it)->jid->resource, resource))
        return session_of_link(it);
    return NULL;
}

void user_add(struct worker *w, struct str key, struct session *s)
{
    struct user *u = user_find(w, key);
    if (!u) {
        u = memory_alloc(sizeof *u + key.len);
        list_init(&u->sessions);
        u->key_len = key.len;
        memcpy(u->key, key.ptr, key.len);
        if (!map_set(&w->users, str_of(u->key, u->key_len), u))
            memory_exhausted();
    }
    s->user = u;
    list_push(&u->sessions, &s->link);
    u->session_count++;
}

void user_remove(struct worker *w, struct session *s)
{
    struct user *u = s->user;
    list_remove(&s->link);
    if (--u->session_count > 0)
        return;
    map_remove(&w->users, str_of(u->key, u->key_len));
    free(u);
}

/* The highest priority of an available session; -129 when none is available. */
static int best_priority(struct user *u)
{
    int best = INT8_MIN - 1;
    if (u)
        LIST_EACH(&u->sessions, it)
    if (session_of_link(it)->available && session_of_link(it)->priority > best)
        best = session_of_link(it)->priority;
    return best;
}

static bool is_for(const struct session *s, int priority)
{
    return s->available && s->priority >= priority;
}

/* False when there are sessions of that priority, and none of them took it. */
static bool deliver_from(struct worker *w, struct user *u, const struct parcel *p, int priority)
{
    unsigned count = 0, taken = 0;
    LIST_EACH(&u->sessions, it)
    count += is_for(session_of_link(it), priority);
    uint64_t copies = count > 1 ? session_copies(w, priority) : SESSION_ALONE;
    LIST_EACH(&u->sessions, it)
    if (is_for(session_of_link(it), priority))
        taken += session_send(session_of_link(it), p->kind, p->to, p->block, &p->sender, copies);
    return count == 0 || taken > 0;
}

/* The contact's server answers that there is no subscription (RFC 6121 §3.1.3, §4.3.2). */
static void decline(struct worker *w, const struct parcel *p)
{
    struct parcel reply = {.kind = STANZA_PRESENCE, .type = PARCEL_UNSUBSCRIBED};
    struct str bare = p->resource.ptr ? str_of(p->to.ptr, p->to.len - p->resource.len - 1) : p->to;
    buf_reset(&w->scratch);
    block_write_presence(&w->scratch, bare, "unsubscribed");
    router_reply(w, p, &reply);
}

void user_deliver(struct worker *w, const struct parcel *p)
{
    struct user *u = user_find(w, p->key);
    struct session *match = u && p->resource.ptr ? user_session(u, p->resource) : NULL;
    enum rules_target target = !p->resource.ptr ? RULES_BARE : match ? RULES_MATCH : RULES_NO_MATCH;
    int best = best_priority(u);
    switch (rules_decide(p->kind, p->type, target, best >= 0)) {
    case RULES_DELIVER:
        if (!session_send(match, p->kind, p->to, p->block, &p->sender, SESSION_ALONE))
            router_bounce(w, p, STANZA_RESOURCE_CONSTRAINT);
        break;
    case RULES_BEST:
        if (!deliver_from(w, u, p, best))
            router_bounce(w, p, STANZA_RESOURCE_CONSTRAINT);
        break;
    case RULES_NON_NEGATIVE:
        deliver_from(w, u, p, 0);
        break;
    case RULES_AVAILABLE:
        if (u)
            deliver_from(w, u, p, INT8_MIN);
        break;
    case RULES_BOUNCE:
        if (!redeliver_later(u, p))
            router_bounce(w, p, STANZA_SERVICE_UNAVAILABLE);
        break;
    case RULES_DECLINE:
        decline(w, p);
        break;
    case RULES_IGNORE:
        break;
    }
}
