/*
 * version.h - Software Version (XEP-0092). Pure; any thread.
 */
#ifndef EXT_VERSION_H
#define EXT_VERSION_H

#include "core/stanza.h"

#define NS_VERSION "jabber:iq:version"

/* The operating system is optional, and better left out by servers. */
struct version {
    struct str name, version, os;
};

/* Asks `to` (NULL: the own server). */
struct element *version_request(struct arena *a, const char *to, const char *id);

bool version_is_request(const struct element *iq);

/* The result that answers `iq`. */
struct element *version_result(struct arena *a, const struct element *iq, const struct version *v);

/* Reads a result; false when it is none. What it leaves out is STR_NONE; borrowed from `iq`. */
bool version_read(const struct element *iq, struct version *ret) MUST_USE;

#endif
