/*
 * console_certificate.h - the certificate of the web console: the one that the settings name, or
 * one that the server makes itself in DATA/console. One thread; reads and writes files.
 */
#ifndef SERVER_CONSOLE_CERTIFICATE_H
#define SERVER_CONSOLE_CERTIFICATE_H

#include "base/log.h"
#include "server/settings.h"

/* Descriptors of the certificate and its key, for reading; the caller closes them. Its own is made
 * when there is none, and made anew when it is not for the domain in force. False after the log was
 * told why. */
bool console_certificate_open(const struct settings *s, const struct log_sink *log,
                              int ret_fds[2]) MUST_USE;

/* Whether what the settings name can be used; what the server makes itself always can. False after
 * the log was told why. */
bool console_certificate_check(const struct settings *s, const struct log_sink *log) MUST_USE;

#endif
