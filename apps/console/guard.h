/*
 * guard.h - whether a request comes from a page of ours. Pure; any thread.
 *
 * A Host that is no name of ours was brought here by a name that somebody else owns (DNS
 * rebinding). Its port is not looked at: a tunnel may have another.
 */
#ifndef CONSOLE_GUARD_H
#define CONSOLE_GUARD_H

#include "base/base.h"

/* What a listening socket goes by. */
struct guard_names {
    bool tls; /* https: then any IP address, and these names; else loopback addresses alone */
    const char *const
        *names; /* of its certificate, in ASCII; "*.example.org" has any first label */
    size_t count;
};

/* Without TLS: localhost, 127.0.0.0/8, [::1]. With TLS: an IP literal, or one of the names. With a
 * port or without. */
bool guard_host(const struct guard_names *ours, const char *host) MUST_USE;

/* "http://", or "https://" with TLS, and that host, exactly. */
bool guard_origin(const struct guard_names *ours, const char *origin, const char *host) MUST_USE;

/* Sec-Fetch-Site, by which a browser says whose page asks (Fetch Metadata): "same-origin", or
 * "none" for who typed the address. NULL, of what is no browser or an old one, is fine too. */
bool guard_site(const char *value) MUST_USE;

/* What the heads of a request say about where it ends. Zeroed before the first. */
struct guard_frame {
    unsigned lengths;
    bool unclear;
};

/* Takes a head. What two readers could take for different ends of the request is unclear: a second
 * Content-Length, one that is no number or too large for one, any Transfer-Encoding (no page of
 * ours needs it), a name that HTTP does not allow ("Content-Length " with its space), a control
 * character in a value (RFC 9112 §6.3, §11.2). */
void guard_frame_take(struct guard_frame *frame, const char *name, const char *value);

/* "application/json", alone or with charset=utf-8. */
bool guard_json(const char *content_type) MUST_USE;

/* The value of cookie `name` in a Cookie header, or STR_NONE; also when it is there twice, for one
 * of them is somebody else's. */
struct str guard_cookie(const char *header, const char *name);

/* No object or list within more than `max` others. What is no JSON is left to its reader. */
bool guard_depth(struct str json, unsigned max) MUST_USE;

/* %XX and +, as forms write them. Decodes in place; false for a NUL, and for what
 * is not encoded as it should be. Whether it is UTF-8 is for others to see. */
bool guard_decode(char *text) MUST_USE;

#endif
