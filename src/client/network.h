/*
 * network.h - whether a login that found no server failed because this device has no network at
 * all. The loop's thread.
 */
#ifndef CLIENT_NETWORK_H
#define CLIENT_NETWORK_H

#include "base/error.h"

/* Whether an interface other than the loopback is up and has an address. */
bool network_is_up(void);

/* Corrects what connecting reports: without a network nothing that was not found or not reached
 * says anything about the server; with one, a host to which no route leads is not the whole world.
 */
void network_judge(struct linnet_error *error, bool is_up);

#endif
