/*
 * network.h - whether the network of this machine changed, as the kernel tells it (rtnetlink(7)):
 * an address came or went, or the way out did. What does not concern a connection, such as a
 * statistic of a link, an address whose time was prolonged or a loopback, is read and forgotten.
 * One thread.
 */
#ifndef CLI_NETWORK_H
#define CLI_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct network {
    int fd;             /* to watch for reading; -1: it cannot be watched here */
    uint64_t addresses; /* a digest of those in use; 0: none */
};

void network_open(struct network *n);
void network_close(struct network *n);

/* Reads what waits and never blocks. True when something changed that a connection may feel;
 * *ret_up: whether there is an address to send from. */
bool network_read(struct network *n, bool *ret_up);

/* Whether `messages`, as the kernel sends them, tell of a default route. For network_read and its
 * test. */
bool network_tells_route(const void *messages, size_t len);

#endif
