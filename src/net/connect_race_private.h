/*
 * connect_race_private.h - the inside of a race, for connect_race*.c only.
 *
 *   connect_race.c          attempts under way, the first to connect, the clock
 *   connect_race_targets.c  names to addresses, which address is next; the log
 */
#ifndef NET_CONNECT_RACE_PRIVATE_H
#define NET_CONNECT_RACE_PRIVATE_H

#include "net/connect_race.h"

#define RACE_NEVER UINT64_MAX

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

/* --- connect_race.c --- */

/* Does all that is due, and sets the timer for what is not yet. May free the race. `ctx` is the
 * race. */
void race_step(void *ctx);

/* --- connect_race_targets.c --- */

/* Asks for the addresses of a target; an IP literal is its own answer. */
void race_target_resolve(struct race_target *t);

/* The next address that may be tried at `now_ms`, or NULL; *ret_at_ms is then when to look again,
 * RACE_NEVER if only an answer can change it. *ret_left: whether there is or can be another at all.
 */
struct race_address *race_pick(struct connect_race *r, uint64_t now_ms,
                               struct race_target **ret_target, uint64_t *ret_at_ms,
                               bool *ret_left);

/* A new entry of the log; its place is the attempt's as long as that is under way, and the
 * winner's. `address` NULL: the name has none. */
size_t race_log_begin(struct connect_race *r, const struct race_target *t,
                      const struct dns_address *address);
void race_log_end(struct connect_race *r, size_t at, enum connect_outcome outcome,
                  const char *reason);

#endif
