/*
 * stanza.h - message, presence and iq (RFC 6120 §8) as elements: what they are, and replies.
 * Pure; any thread.
 */
#ifndef CORE_STANZA_H
#define CORE_STANZA_H

#include "core/condition.h"
#include "core/jid.h"

enum stanza_kind { STANZA_NONE = 0, STANZA_MESSAGE, STANZA_PRESENCE, STANZA_IQ };

/* The kind of a first-level element in `ns` (jabber:client or jabber:server), or STANZA_NONE. */
enum stanza_kind stanza_kind(const struct element *e, const char *ns);

enum iq_type { IQ_INVALID = 0, IQ_GET, IQ_SET, IQ_RESULT, IQ_ERROR };

/* IQ_INVALID when type or id is missing or wrong, or a get or set has not exactly one child
 * (RFC 6120 §8.2.3). */
enum iq_type stanza_iq_type(const struct element *iq);

/* The payload {ns}name of an iq of that type, or NULL when `iq` is anything else. */
const struct element *stanza_iq_payload(const struct element *iq, enum iq_type type, const char *ns,
                                        const char *name);

/* Builders, in `ns` jabber:client, in arena `a`; id, type, to may be NULL. */
struct element *stanza_new(struct arena *a, const char *name, const char *to, const char *type,
                           const char *id);
struct element *stanza_message(struct arena *a, const char *to, const char *type, struct str body);

/* A request with the payload {ns}name, which *ret_payload (may be NULL) is given to fill. */
struct element *stanza_iq_get(struct arena *a, const char *to, const char *id, const char *ns,
                              const char *name, struct element **ret_payload);

/* The result that answers `iq`: to and from swapped, same id, no children yet. */
struct element *stanza_iq_result(struct arena *a, const struct element *iq);

/* The error that answers `stanza`, or NULL when none may be sent: errors and results are never
 * answered with an error (RFC 6120 §8.3.1). `type` NULL for the condition's default. */
struct element *stanza_error(struct arena *a, const struct element *stanza, enum stanza_condition c,
                             const char *type, const char *text);

/* Reads the <error/> of an error stanza; *ret_text borrowed or STR_NONE. */
enum stanza_condition stanza_error_read(const struct element *stanza, struct str *ret_text);

/* Whether an id of ours answers: an iq result or error with that id. */
bool stanza_is_reply(const struct element *e, const char *id);

#endif
