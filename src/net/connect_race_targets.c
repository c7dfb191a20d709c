#include "net/connect_race_private.h"

#include "net/loop.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { RESOLUTION_DELAY_MS = 50 }; /* RFC 8305 §3: how long A waits for AAAA */

/* ---- the log ---- */

static void describe(const struct race_target *t, struct connect_target *ret)
{
    *ret = (struct connect_target){.port = t->record->port,
                                   .direct_tls = t->record->direct_tls,
                                   .from_srv = t->race->s.from_srv};
    snprintf(ret->host, sizeof(ret->host), "%s", t->record->target);
}

/* A place in the log; one that has ended when it is full, the newest: those under way are fewer,
 * and the winner is known by its place. */
static size_t log_place(struct connect_log *log)
{
    if (log->count < CONNECT_MAX_ATTEMPTS)
        return log->count++;
    size_t at = CONNECT_MAX_ATTEMPTS - 1;
    while (at > 0 && log->attempts[at].outcome == CONNECT_TRYING)
        at--;
    return at;
}

size_t race_log_begin(struct connect_race *r, const struct race_target *t,
                      const struct dns_address *address)
{
    struct connect_log *log = r->s.log;
    size_t at = log_place(log);
    struct connect_attempt *a = &log->attempts[at];
    *a = (struct connect_attempt){0};
    log->began_ms[at] = loop_now_ms();
    describe(t, &a->target);
    if (address)
        inet_ntop(address->family, &address->ip, a->target.address, sizeof(a->target.address));
    return at;
}

void race_log_end(struct connect_race *r, size_t at, enum connect_outcome outcome,
                  const char *reason)
{
    struct connect_attempt *a = &r->s.log->attempts[at];
    a->outcome = outcome;
    a->took_ms = (unsigned)(loop_now_ms() - r->s.log->began_ms[at]);
    snprintf(a->reason, sizeof(a->reason), "%s", reason);
    if (!r->over && outcome != CONNECT_CONNECTED)
        r->s.progress(r->s.ctx, CONNECT_STEP_FAILED, &a->target, a->reason);
}

/* ---- which address is next ---- */

static struct race_address *lookup_untried(struct race_lookup *l)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->addresses[i].state == ADDRESS_UNTRIED)
            return &l->addresses[i];
    return NULL;
}

/* The family that was not tried last comes first. */
static struct race_address *target_untried(struct race_target *t)
{
    int first = t->last_family == FAMILY_V6 ? FAMILY_V4 : FAMILY_V6;
    struct race_address *a = lookup_untried(&t->lookups[first]);
    return a ? a : lookup_untried(&t->lookups[first == FAMILY_V6 ? FAMILY_V4 : FAMILY_V6]);
}

static bool target_settled(const struct race_target *t)
{
    return t->rejected || (t->lookups[FAMILY_V6].answered && t->lookups[FAMILY_V4].answered);
}

/* When the addresses of `t` may be used: an AAAA answer, or both, at once; A alone, or while a
 * target before it is still being resolved, after the resolution delay. */
static uint64_t target_usable_ms(const struct race_target *t, bool earlier_unsettled)
{
    bool at_once = target_settled(t) || t->lookups[FAMILY_V6].count > 0;
    return t->answered_ms + (at_once && !earlier_unsettled ? 0 : RESOLUTION_DELAY_MS);
}

struct race_address *race_pick(struct connect_race *r, uint64_t now_ms,
                               struct race_target **ret_target, uint64_t *ret_at_ms, bool *ret_left)
{
    bool earlier_unsettled = false;
    *ret_at_ms = RACE_NEVER;
    *ret_left = false;
    for (size_t i = 0; i < r->count; i++) {
        struct race_target *t = &r->targets[i];
        struct race_address *a = t->rejected ? NULL : target_untried(t);
        *ret_left |= a || !target_settled(t);
        if (a) {
            uint64_t usable_ms = target_usable_ms(t, earlier_unsettled);
            if (now_ms >= usable_ms) {
                *ret_target = t;
                return a;
            }
            *ret_at_ms = usable_ms;
            return NULL;
        }
        earlier_unsettled |= !target_settled(t);
    }
    return NULL;
}

/* ---- names ---- */

static void target_unresolved(struct race_target *t)
{
    const struct race_lookup *v6 = &t->lookups[FAMILY_V6], *v4 = &t->lookups[FAMILY_V4];
    if (!target_settled(t) || v6->count + v4->count > 0)
        return;
    enum dns_status status = dns_status_is_none(v4->status) ? v6->status : v4->status;
    race_log_end(t->race, race_log_begin(t->race, t, NULL), CONNECT_UNRESOLVED,
                 dns_status_text(status));
}

static void lookup_answered(void *ctx, const struct dns_address_answer *answer)
{
    struct race_lookup *l = ctx;
    struct race_target *t = l->target;
    l->query = NULL;
    l->answered = true;
    l->status = answer->status;
    for (size_t i = 0; i < answer->count; i++)
        l->addresses[l->count++].dns = answer->addresses[i];
    if (l->count > 0 && t->answered_ms == 0)
        t->answered_ms = loop_now_ms();
    target_unresolved(t);
    race_step(t->race);
}

static void lookup_begin(struct race_lookup *l, int family)
{
    struct connect_race *r = l->target->race;
    l->query = dns_query_addresses(r->s.dns, l->target->record->target, family, lookup_answered, l);
    if (!l->query) {
        l->answered = true;
        l->status = DNS_NO_MEMORY;
    }
}

/* An IP literal is its own answer. */
static bool target_is_address(struct race_target *t)
{
    struct race_lookup *v6 = &t->lookups[FAMILY_V6], *v4 = &t->lookups[FAMILY_V4];
    const char *text = t->record->target;
    if (inet_pton(AF_INET, text, &v4->addresses[0].dns.ip) == 1) {
        v4->addresses[0].dns.family = AF_INET;
        v4->count = 1;
        v6->status = DNS_NODATA;
    } else if (inet_pton(AF_INET6, text, &v6->addresses[0].dns.ip) == 1) {
        v6->addresses[0].dns.family = AF_INET6;
        v6->count = 1;
        v4->status = DNS_NODATA;
    } else {
        return false;
    }
    v6->answered = v4->answered = true;
    t->answered_ms = loop_now_ms();
    return true;
}

void race_target_resolve(struct race_target *t)
{
    struct connect_target description;
    if (target_is_address(t))
        return;
    describe(t, &description);
    t->race->s.progress(t->race->s.ctx, CONNECT_STEP_RESOLVING, &description, NULL);
    lookup_begin(&t->lookups[FAMILY_V6], AF_INET6); /* AAAA first (RFC 8305 §3) */
    lookup_begin(&t->lookups[FAMILY_V4], AF_INET);
    target_unresolved(t); /* when there was no memory to ask */
}

enum dns_status connect_race_dns(const struct connect_race *r, const char **ret_host)
{
    enum dns_status status = DNS_NODATA;
    *ret_host = r->targets[0].record->target;
    for (size_t i = 0; i < r->count; i++)
        for (int family = 0; family < FAMILIES; family++) {
            const struct race_lookup *l = &r->targets[i].lookups[family];
            if (l->count > 0)
                return DNS_OK;
            if (l->answered && (dns_status_is_none(status) || !dns_status_is_none(l->status)) &&
                l->status != DNS_NODATA) {
                status = l->status;
                *ret_host = r->targets[i].record->target;
            }
        }
    return status;
}
