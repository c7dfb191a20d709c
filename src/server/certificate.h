/*
 * certificate.h - the certificate that the settings name, or one that the server makes itself in
 * DATA/tls. One thread; reads and writes files.
 */
#ifndef SERVER_CERTIFICATE_H
#define SERVER_CERTIFICATE_H

#include "base/log.h"
#include "net/chan_tls.h"
#include "server/settings.h"

/* Makes DATA/tls/cert.pem and key.pem when none is configured and none is there; warns of one that
 * expires soon, or is for another domain. */
enum linnet_error_code certificate_prepare(const struct settings *s, const struct log_sink *log,
                                           struct linnet_error *error) MUST_USE;

/* Whether the files can be used; that none is there is fine when one will be made. */
enum linnet_error_code certificate_check(const struct settings *s,
                                         struct linnet_error *error) MUST_USE;

/* A context of the files as they are now. Without `once` it takes no early data. */
enum linnet_error_code certificate_load(const struct settings *s, struct tls_tickets *tickets,
                                        struct tls_once *once, struct tls_ctx **ret,
                                        struct linnet_error *error) MUST_USE;

/* Whether clients of that domain will find it in the certificate. */
bool certificate_is_for(const struct tls_ctx *ctx, const char *domain) MUST_USE;

#endif
