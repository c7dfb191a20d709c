/*
 * address.h - where a connection comes from, in words. Pure; any thread.
 */
#ifndef CONSOLE_ADDRESS_H
#define CONSOLE_ADDRESS_H

#include "base/base.h"

struct sockaddr;

enum { ADDRESS_BYTES = 64 };

struct address {
    char text[ADDRESS_BYTES]; /* "192.0.2.7", also of one that came mapped to IPv6; "2001:db8::7" */
    /* Who shares its limits: an IPv4 address, of IPv6 the /64 that one subscriber is given. */
    char network[ADDRESS_BYTES];
};

/* NULL, and what is neither, is "::". */
void address_read(struct address *ret, const struct sockaddr *sa);

#endif
