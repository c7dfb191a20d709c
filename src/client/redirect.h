/*
 * redirect.h - where <see-other-host/> sends a login (RFC 6120 §4.9.3.19): the value read, and the
 * hosts counted. What it says is a place to connect to and nothing more: domain, identity and
 * policy stay those of the address. Pure; any thread.
 */
#ifndef CLIENT_REDIRECT_H
#define CLIENT_REDIRECT_H

#include "base/base.h"

enum {
    REDIRECTS_MAX = 5,
    REDIRECT_HOST_BYTES = 256,
    REDIRECT_VALUE_MAX_BYTES = 300, /* a domain of 253 bytes, brackets, port: more is no place */
    REDIRECT_VISITED_BYTES = 640
};

struct redirect {
    char host[REDIRECT_HOST_BYTES]; /* A-label form, or an IP literal without brackets; "": none */
    uint16_t port;                  /* 0: none was named */
};

/* Reads `host[:port]`, an IPv6 address in brackets, nothing before or after. False when it is
 * anything else. */
bool redirect_parse(struct str value, struct redirect *ret) MUST_USE;

/* The redirects of one login. */
struct redirects {
    unsigned count;
    struct redirect to;                   /* the last one followed */
    char visited[REDIRECT_VISITED_BYTES]; /* "192.0.2.1:5222, b.example:5222": for people */
};

/* Notes that `peer` sent the login to `to`. False when that was one too many, and `to` is not
 * taken over. */
bool redirects_follow(struct redirects *r, const char *peer, const struct redirect *to) MUST_USE;

#endif
