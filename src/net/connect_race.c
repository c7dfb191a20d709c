#include "net/connect_race.h"

#include "net/loop.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RESOLUTION_DELAY_MS = 50, /* RFC 8305 §3: how long A waits for AAAA */
    ATTEMPT_DELAY_MS = 250    /* RFC 8305 §5 */
};

static const uint64_t NEVER = UINT64_MAX;

enum { FAMILY_V6, FAMILY_V4, FAMILIES };

enum race_address_state { ADDRESS_UNTRIED = 0, ADDRESS_TRYING, ADDRESS_FAILED, ADDRESS_OUTRUN };

struct race_address {
    struct dns_address dns;
    enum race_address_state state;
};

/* One question of a target. */
struct race_lookup {
    struct race_target *target;
    struct dns_query *query;
    enum dns_status status;
    bool answered;
    struct race_address addresses[DNS_MAX_ADDRESSES];
    size_t count;
};

struct race_target {
    struct connect_race *race;
    const struct srv_record *record;
    struct race_lookup lookups[FAMILIES];
    uint64_t answered_ms; /* of the first answer that had an address */
    int last_family;      /* tried last, so that families alternate */
    bool rejected;
};

/* One connection under way. */
struct race_flight {
    struct connect_race *race;
    struct race_target *target;
    struct race_address *address;
    int fd; /* -1: the slot is free */
    struct loop_poll *poll;
    uint64_t gives_up_ms;
    size_t attempt;
};

enum { RACE_MAX_FLIGHTS = 16 };

struct connect_race {
    struct connect_race_settings s;
    struct loop_timer *timer;
    struct race_flight flights[RACE_MAX_FLIGHTS];
    uint64_t next_attempt_ms;
    struct race_target *winner; /* of the last race */
    bool resolving, over;
    size_t count;
    struct race_target targets[];
};

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

static size_t log_begin(struct connect_race *r, const struct race_target *t,
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

static void log_end(struct connect_race *r, size_t at, enum connect_outcome outcome,
                    const char *reason)
{
    struct connect_attempt *a = &r->s.log->attempts[at];
    a->outcome = outcome;
    a->took_ms = (unsigned)(loop_now_ms() - r->s.log->began_ms[at]);
    snprintf(a->reason, sizeof(a->reason), "%s", reason);
    if (!r->over && outcome != CONNECT_CONNECTED)
        r->s.progress(r->s.ctx, CONNECT_STEP_FAILED, &a->target, a->reason);
}

static enum connect_outcome outcome_of(int error)
{
    switch (error) {
    case ECONNREFUSED:
        return CONNECT_REFUSED;
    case ETIMEDOUT:
        return CONNECT_TIMED_OUT;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL: /* an IPv6 destination where there is no IPv6 address */
        return CONNECT_UNREACHABLE;
    default:
        return CONNECT_FAILED;
    }
}

/* ---- flights ---- */

static void flight_close(struct race_flight *f)
{
    loop_poll_free(f->poll);
    if (f->fd >= 0)
        close(f->fd);
    f->poll = NULL;
    f->fd = -1;
}

static void flight_failed(struct race_flight *f, enum connect_outcome outcome, const char *reason)
{
    flight_close(f);
    f->address->state = ADDRESS_FAILED;
    f->race->next_attempt_ms = 0; /* the next need not wait for its turn */
    log_end(f->race, f->attempt, outcome, reason);
}

static void flight_failed_errno(struct race_flight *f, int error)
{
    char buf[96], text[96];
    snprintf(text, sizeof(text), "%s", strerror_r(error, buf, sizeof(buf)));
    text[0] = (char)tolower((unsigned char)text[0]);
    flight_failed(f, outcome_of(error), text);
}

/* The losers did nothing wrong: they may be tried again when the winner proves useless. */
static void flight_outrun(struct race_flight *f)
{
    flight_close(f);
    f->address->state = ADDRESS_OUTRUN;
    log_end(f->race, f->attempt, CONNECT_LOST_RACE, "another address was quicker");
}

static void race_step(void *ctx);

static void flight_won(struct race_flight *f)
{
    struct connect_race *r = f->race;
    int fd = f->fd;
    loop_poll_free(f->poll);
    f->poll = NULL;
    f->fd = -1;
    r->winner = f->target;
    r->over = true;
    loop_timer_stop(r->timer);
    for (size_t i = 0; i < RACE_MAX_FLIGHTS; i++)
        if (r->flights[i].fd >= 0)
            flight_outrun(&r->flights[i]);
    log_end(r, f->attempt, CONNECT_CONNECTED, "");
    r->s.done(r->s.ctx, fd, f->attempt);
}

static void flight_ready(void *ctx, unsigned events)
{
    struct race_flight *f = ctx;
    int error = 0;
    (void)events;
    if (getsockopt(f->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof(error)}) != 0)
        error = errno;
    if (error == 0) {
        flight_won(f);
        return;
    }
    flight_failed_errno(f, error);
    race_step(f->race);
}

static int flight_connect(const struct dns_address *a, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = a->ip.v4};
    struct sockaddr_in6 v6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = a->ip.v6};
    bool is_v4 = a->family == AF_INET;
    int fd = socket(a->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    const void *address = is_v4 ? (const void *)&v4 : (const void *)&v6;
    if (connect(fd, address, is_v4 ? sizeof(v4) : sizeof(v6)) == 0 || errno == EINPROGRESS)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static void flight_begin(struct race_flight *f, struct race_target *t, struct race_address *a)
{
    struct connect_race *r = f->race;
    f->target = t;
    f->address = a;
    a->state = ADDRESS_TRYING;
    t->last_family = a->dns.family == AF_INET6 ? FAMILY_V6 : FAMILY_V4;
    f->attempt = log_begin(r, t, &a->dns);
    r->s.progress(r->s.ctx, CONNECT_STEP_CONNECTING, &r->s.log->attempts[f->attempt].target, NULL);
    uint64_t now_ms = loop_now_ms();
    r->next_attempt_ms = now_ms + ATTEMPT_DELAY_MS;
    f->gives_up_ms = now_ms + r->s.attempt_timeout_ms;
    f->fd = flight_connect(&a->dns, t->record->port);
    if (f->fd < 0) {
        flight_failed_errno(f, errno);
        return;
    }
    f->poll = loop_poll_new(r->s.loop, f->fd, flight_ready, f);
    if (f->poll)
        loop_poll_set(f->poll, CHAN_WANTS_WRITE);
    else
        flight_failed_errno(f, ENOMEM);
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

/* The next address that may be tried at `now_ms`, or NULL; *ret_at_ms is then when to look again,
 * NEVER if only an answer can change it. *ret_left: whether there is or can be another at all. */
static struct race_address *race_pick(struct connect_race *r, uint64_t now_ms,
                                      struct race_target **ret_target, uint64_t *ret_at_ms,
                                      bool *ret_left)
{
    bool earlier_unsettled = false;
    *ret_at_ms = NEVER;
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

static uint64_t min_ms(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- names ---- */

static void target_unresolved(struct race_target *t)
{
    const struct race_lookup *v6 = &t->lookups[FAMILY_V6], *v4 = &t->lookups[FAMILY_V4];
    if (!target_settled(t) || v6->count + v4->count > 0)
        return;
    enum dns_status status = dns_status_is_none(v4->status) ? v6->status : v4->status;
    log_end(t->race, log_begin(t->race, t, NULL), CONNECT_UNRESOLVED, dns_status_text(status));
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

static void target_resolve(struct race_target *t)
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

/* ---- the race ---- */

static struct race_flight *race_free_flight(struct connect_race *r)
{
    for (size_t i = 0; i < RACE_MAX_FLIGHTS; i++)
        if (r->flights[i].fd < 0)
            return &r->flights[i];
    return NULL;
}

/* Ends what took too long. Returns when the next one will, and counts those under way. */
static uint64_t race_expire(struct connect_race *r, uint64_t now_ms, size_t *ret_flying)
{
    uint64_t next_ms = NEVER;
    *ret_flying = 0;
    for (size_t i = 0; i < RACE_MAX_FLIGHTS; i++) {
        struct race_flight *f = &r->flights[i];
        if (f->fd >= 0 && now_ms >= f->gives_up_ms)
            flight_failed(f, CONNECT_TIMED_OUT, "no answer");
        if (f->fd >= 0) {
            (*ret_flying)++;
            next_ms = min_ms(next_ms, f->gives_up_ms);
        }
    }
    return next_ms;
}

/* Does all that is due, and sets the timer for what is not yet. */
static void race_step(void *ctx)
{
    struct connect_race *r = ctx;
    if (r->over)
        return;
    if (!r->resolving) {
        r->resolving = true;
        for (size_t i = 0; i < r->count; i++)
            target_resolve(&r->targets[i]);
    }
    for (;;) {
        size_t flying;
        uint64_t now_ms = loop_now_ms(), pick_ms;
        uint64_t wake_ms = race_expire(r, now_ms, &flying);
        struct race_target *t;
        bool left;
        struct race_address *a = race_pick(r, now_ms, &t, &pick_ms, &left);
        struct race_flight *f = race_free_flight(r);
        bool turn = flying == 0 || now_ms >= r->next_attempt_ms;
        if (a && f && turn) {
            flight_begin(f, t, a);
            continue;
        }
        if (!left && flying == 0) {
            r->over = true;
            loop_timer_stop(r->timer);
            r->s.done(r->s.ctx, -1, 0);
            return;
        }
        if (a && f)
            pick_ms = r->next_attempt_ms;
        wake_ms = min_ms(wake_ms, pick_ms);
        if (wake_ms != NEVER)
            loop_timer_set_at(r->timer, wake_ms);
        return;
    }
}

struct connect_race *connect_race_new(const struct connect_race_settings *s,
                                      const struct srv_record *records, size_t count)
{
    struct connect_race *r = calloc(1, sizeof(*r) + count * sizeof(r->targets[0]));
    if (!r)
        return NULL;
    r->s = *s;
    r->count = count;
    for (size_t i = 0; i < RACE_MAX_FLIGHTS; i++)
        r->flights[i] = (struct race_flight){.race = r, .fd = -1};
    for (size_t i = 0; i < count; i++) {
        struct race_target *t = &r->targets[i];
        t->race = r;
        t->record = &records[i];
        t->last_family = FAMILY_V4; /* so that IPv6 is first */
        t->lookups[FAMILY_V6].target = t->lookups[FAMILY_V4].target = t;
    }
    r->timer = loop_timer_new(s->loop, race_step, r);
    if (!r->timer) {
        free(r);
        return NULL;
    }
    loop_timer_set(r->timer, 0);
    return r;
}

bool connect_race_next(struct connect_race *r)
{
    bool left;
    uint64_t at_ms;
    struct race_target *t;
    if (!r->winner)
        return false;
    r->winner->rejected = true;
    r->winner = NULL;
    for (size_t i = 0; i < r->count; i++)
        for (int family = 0; family < FAMILIES; family++) {
            struct race_lookup *l = &r->targets[i].lookups[family];
            for (size_t k = 0; k < l->count; k++)
                if (l->addresses[k].state == ADDRESS_OUTRUN)
                    l->addresses[k].state = ADDRESS_UNTRIED;
        }
    race_pick(r, loop_now_ms(), &t, &at_ms, &left);
    r->over = !left;
    r->next_attempt_ms = 0;
    if (left)
        loop_timer_set(r->timer, 0);
    return left;
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

void connect_race_free(struct connect_race *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < RACE_MAX_FLIGHTS; i++)
        flight_close(&r->flights[i]);
    for (size_t i = 0; i < r->count; i++)
        for (int family = 0; family < FAMILIES; family++)
            dns_cancel(r->targets[i].lookups[family].query);
    loop_timer_free(r->timer);
    free(r);
}
