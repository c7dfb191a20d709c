/*
 * addresses.h - how many connections each address holds, so that nobody takes them all. An IPv6
 * peer counts by its /64, which is what one subscriber is given. Any thread.
 */
#ifndef SERVER_C2S_ADDRESSES_H
#define SERVER_C2S_ADDRESSES_H

#include "base/map.h"

#include <netinet/in.h>
#include <pthread.h>

struct addresses {
    pthread_mutex_t lock;
    struct map counts;
};

/* An IPv4 address is kept as its mapped IPv6 one. */
struct peer {
    struct in6_addr ip;
    uint16_t port;
};

enum { PEER_TEXT_BYTES = 56 };

struct peer peer_of(const struct sockaddr *sa);
/* "192.0.2.1:5000", "[2001:db8::1]:5000" */
const char *peer_text(const struct peer *p, char out[PEER_TEXT_BYTES]);

void addresses_init(struct addresses *a, const uint8_t key[16]);
void addresses_finish(struct addresses *a);

/* Counts one more, or returns false when there are `max` already. */
bool addresses_enter(struct addresses *a, const struct peer *p, int64_t max) MUST_USE;
void addresses_leave(struct addresses *a, const struct peer *p);

#endif
