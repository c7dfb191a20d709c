/*
 * precis.h - preparation of internationalized strings (RFC 8264) on the Unicode properties of
 * utf8proc: the two profiles that addresses need (RFC 8265), and the mapping of domains.
 *
 * All work happens on the stack: nothing here allocates. Pure; any thread.
 */
#ifndef CORE_PRECIS_H
#define CORE_PRECIS_H

#include "base/base.h"

enum { PRECIS_MAX_BYTES = 1023 };

enum precis_fault {
    PRECIS_OK = 0,
    PRECIS_NOT_UTF8,
    PRECIS_TOO_LONG, /* over PRECIS_MAX_BYTES when prepared */
    PRECIS_CHARACTER /* a code point, or an order of them, that the profile does not allow */
};

/* Each writes at most PRECIS_MAX_BYTES and a NUL. What comes out comes out unchanged when it is
 * put in again. An empty string is the caller's to judge. */

/* UsernameCaseMapped (RFC 8265 §3.3). */
enum precis_fault precis_username(struct str in, char *out, size_t *ret_len) MUST_USE;

/* OpaqueString (RFC 8265 §4.2). */
enum precis_fault precis_opaque(struct str in, char *out, size_t *ret_len) MUST_USE;

/* The mapping of RFC 7622 §3.2.2 (it is that of RFC 5895): lower case, plain width, NFC, and
 * U+3002 to a full stop. Whether the labels are valid is for IDNA to say. */
enum precis_fault precis_map_domain(struct str in, char *out, size_t *ret_len) MUST_USE;

/* Whether a label obeys the Bidi Rule (RFC 5893 §2), if it must. `label` is a prepared one. */
bool precis_bidi_valid(struct str label) MUST_USE;

#endif
