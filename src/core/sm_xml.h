/*
 * sm_xml.h - the elements of stream management (XEP-0198, urn:xmpp:sm:3) as values. Pure; any
 * thread.
 *
 * Counts are read strictly: decimal digits, 0 to 2^32 - 1, no sign and no space. Hints of the peer
 * (max, location, whether it may be resumed) that make no sense are as good as not given; no
 * session fails for them. Attributes and children that are not known are ignored.
 */
#ifndef CORE_SM_XML_H
#define CORE_SM_XML_H

#include "core/condition.h"

#define NS_SM "urn:xmpp:sm:3"

/* "domainpart:port", brackets included. */
enum { SM_LOCATION_MAX_BYTES = 1023 + sizeof "[]:65535" - 1 };

enum sm_kind {
    SM_NONE = 0,
    SM_ENABLE,  /* client: begin */
    SM_ENABLED, /* server: begun */
    SM_RESUME,  /* client: go on with what `id` names */
    SM_RESUMED, /* server: done */
    SM_FAILED,  /* server: neither */
    SM_REQUEST, /* <r/>: how many have you handled? */
    SM_ANSWER   /* <a/>: so many */
};

/* Strings are borrowed from the element that was read. */
struct sm_element {
    enum sm_kind kind;
    bool resume;         /* ENABLE: asked for; ENABLED: granted, and `id` is there */
    bool has_h;          /* FAILED: the old session is known, and handled `h` */
    uint32_t h;          /* RESUME, RESUMED, ANSWER; FAILED */
    uint32_t max_s;      /* ENABLE, ENABLED: how long it may be resumed, or 0: not said */
    struct str id;       /* ENABLED: id, or absent; RESUME, RESUMED: previd */
    struct str location; /* ENABLED, or absent: not checked for its form */
    enum stanza_condition condition; /* FAILED */
};

/* What `e` is; SM_NONE when it is not of this namespace or unknown there. */
enum sm_kind sm_kind(const struct element *e);

/* False when `e` is none of them, or one that may not be acted upon: RESUME, RESUMED or ANSWER
 * without a right `h`, RESUME or RESUMED without an id of 1 to SM_ID_MAX_BYTES. */
bool sm_read(const struct element *e, struct sm_element *ret) MUST_USE;

/* The element that sm_read reads as `v`, in arena `a`. A `condition` STANZA_OK is left out, and
 * reads as undefined-condition. */
struct element *sm_build(struct arena *a, const struct sm_element *v);

/* What a stream error undefined-condition holds besides when a peer acknowledges `h` stanzas where
 * `sent` were sent to it (§6). */
struct element *sm_build_too_high(struct arena *a, uint32_t h, uint32_t sent);

/* Whether a <stream:error/> holds that, with both counts. */
bool sm_read_too_high(const struct element *error, uint32_t *ret_h, uint32_t *ret_sent);

#endif
