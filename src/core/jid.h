/*
 * jid.h - XMPP addresses (RFC 7622): parsed, prepared, compared. Pure; any thread.
 *
 * A jid holds its parts prepared (UsernameCaseMapped, domain to U-label, OpaqueString), in one
 * allocation of its own. Equal addresses have equal strings.
 */
#ifndef CORE_JID_H
#define CORE_JID_H

#include "base/base.h"

enum { JID_PART_MAX_BYTES = 1023, JID_MAX_BYTES = 3 * JID_PART_MAX_BYTES + 2 };

enum jid_fault {
    JID_OK = 0,
    JID_EMPTY,    /* the whole, or a part that is announced by '@' or '/' */
    JID_TOO_LONG, /* a part over 1023 bytes */
    JID_NOT_UTF8,
    JID_LOCAL_CHARACTER, /* a character that a name before '@' may not hold */
    JID_DOMAIN_INVALID,  /* not a host name, IP literal or internationalised domain */
    JID_RESOURCE_CHARACTER,
    JID_NO_MEMORY
};

/* One sentence: "A user name may not contain spaces." */
const char *jid_fault_text(enum jid_fault fault);

struct jid {
    char *full; /* "local@domain/resource", prepared, NUL-terminated; owns the memory */
    struct str local, domain, resource; /* into full; STR_NONE when absent */
    size_t bare_len;                    /* of "local@domain" in full */
};

/* Parses and prepares `text`. On failure *ret is zeroed. jid_finish frees. */
enum jid_fault jid_parse(struct str text, struct jid *ret) MUST_USE;

/* The same from parts; STR_NONE for an absent one. */
enum jid_fault jid_make(struct str local, struct str domain, struct str resource,
                        struct jid *ret) MUST_USE;
void jid_finish(struct jid *j);
bool jid_copy(const struct jid *from, struct jid *ret) MUST_USE;

static inline struct str jid_bare(const struct jid *j)
{
    return (struct str){j->full, j->bare_len};
}

static inline struct str jid_full(const struct jid *j)
{
    return str_from(j->full);
}

bool jid_equal(const struct jid *a, const struct jid *b);
bool jid_bare_equal(const struct jid *a, const struct jid *b);

/* One part prepared into `out` (at least JID_PART_MAX_BYTES + 1), NUL-terminated. */
enum jid_fault jid_prepare_local(struct str in, char *out, size_t *ret_len) MUST_USE;
enum jid_fault jid_prepare_domain(struct str in, char *out, size_t *ret_len) MUST_USE;
enum jid_fault jid_prepare_resource(struct str in, char *out, size_t *ret_len) MUST_USE;

/* The A-label form of a prepared domain, for DNS and SNI, into 256 bytes. False if there is none
 * (an IP literal keeps its text, without brackets). */
bool jid_domain_ascii(struct str domain, char out[256]) MUST_USE;

/* Whether the domainpart is an IPv4 or bracketed IPv6 literal. */
bool jid_domain_is_ip(struct str domain);

#endif
