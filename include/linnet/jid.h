/*
 * linnet/jid.h - addresses: "local@domain/resource" (RFC 7622), checked and prepared.
 *
 * Preparation folds case and width, normalises to NFC and turns the domain to its Unicode form, so
 * equal addresses have equal strings. A struct linnet_jid never changes and may be read by several
 * threads.
 */
#ifndef LINNET_JID_H
#define LINNET_JID_H

#include <linnet/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct linnet_jid;

/* Parses and prepares `text` (RFC 7622 §3). On success *ret_jid is the caller's, for
 * linnet_jid_free. Otherwise *ret_jid is NULL and LINNET_ERROR_BAD_ADDRESS says which part is wrong
 * and why, or LINNET_ERROR_NO_MEMORY. `error` may be NULL. */
LINNET_API enum linnet_error_code linnet_jid_new(const char *text, struct linnet_jid **ret_jid,
                                                 struct linnet_error *error) LINNET_MUST_USE;
LINNET_API void linnet_jid_free(struct linnet_jid *jid);

/* The parts; all borrowed until linnet_jid_free. `local` and `resource` are "" when absent. */
LINNET_API const char *linnet_jid_full(const struct linnet_jid *jid);
LINNET_API const char *linnet_jid_bare(const struct linnet_jid *jid);
LINNET_API const char *linnet_jid_local(const struct linnet_jid *jid);
LINNET_API const char *linnet_jid_domain(const struct linnet_jid *jid);
LINNET_API const char *linnet_jid_resource(const struct linnet_jid *jid);

#ifdef __cplusplus
}
#endif
#endif
