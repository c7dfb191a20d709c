#include "net/connect_race_private.h"

#include "net/loop.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ATTEMPT_DELAY_MS = 250 }; /* RFC 8305 §5 */

/* ---- flights ---- */

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
    race_log_end(f->race, f->attempt, outcome, reason);
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
    race_log_end(f->race, f->attempt, CONNECT_LOST_RACE, "another address was quicker");
}

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
    race_log_end(r, f->attempt, CONNECT_CONNECTED, "");
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
    f->attempt = race_log_begin(r, t, &a->dns);
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

/* ---- the race ---- */

static uint64_t min_ms(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

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
    uint64_t next_ms = RACE_NEVER;
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

void race_step(void *ctx)
{
    struct connect_race *r = ctx;
    if (r->over)
        return;
    if (!r->resolving) {
        r->resolving = true;
        for (size_t i = 0; i < r->count; i++)
            race_target_resolve(&r->targets[i]);
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
        if (wake_ms != RACE_NEVER)
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
