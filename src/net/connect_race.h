/*
 * connect_race.h - one group of targets of equal rank, resolved and raced (RFC 8305): AAAA and A
 * asked together, addresses of both families interleaved, a new attempt every 250 ms or as soon as
 * one failed, first to connect wins. Internal to connect.c; the loop's thread.
 */
#ifndef NET_CONNECT_RACE_H
#define NET_CONNECT_RACE_H

#include "net/connect.h"

/* What was tried, over all races of a connect. */
struct connect_log {
    struct connect_attempt attempts[CONNECT_MAX_ATTEMPTS];
    uint64_t began_ms[CONNECT_MAX_ATTEMPTS];
    size_t count;
};

struct connect_race_settings {
    uv_loop_t *loop;
    struct dns *dns;
    struct connect_log *log;
    unsigned attempt_timeout_ms;
    bool from_srv;
    void (*progress)(void *ctx, enum connect_step step, const struct connect_target *target,
                     const char *reason);
    /* `fd` (taken) of the winner, whose entry in the log is `attempt`; or -1 when nothing is left.
     * May free the race. */
    void (*done)(void *ctx, int fd, size_t attempt);
    void *ctx;
};

struct connect_race;

/* Races `count` records, in their order; they are borrowed. Work begins on the next turn. */
struct connect_race *connect_race_new(const struct connect_race_settings *s,
                                      const struct srv_record *records, size_t count) MUST_USE;

/* The winner's target did not work above TCP: race the others on. False when none is left. */
bool connect_race_next(struct connect_race *r) MUST_USE;

/* What its targets' names were answered: DNS_OK when any had an address, else the answer that says
 * least about the domain (a failure before "there is none"); `ret_host` is the name (borrowed). */
enum dns_status connect_race_dns(const struct connect_race *r, const char **ret_host);

void connect_race_free(struct connect_race *r); /* NULL is fine */

#endif
