/*
 * linnet/linnet.h - liblinnet: log in to XMPP from C. This header includes all others.
 *
 *     error.h    the catalogue of failures; struct linnet_error
 *     jid.h      addresses (RFC 7622)
 *     element.h  XML elements and stanzas: reading and building
 *     tls.h      what a TLS connection and a certificate showed
 *     config.h   what a client is told: address, password, TLS, timeouts
 *     client.h   the client: log in, send, receive, close
 *     probe.h    look at a server without logging in
 *
 * Build with `cc app.c $(pkg-config --cflags --libs linnet)`; docs/howto/embed.md shows the rest.
 *
 * The library has no global state, starts no thread until a password must be stretched (PBKDF2
 * runs on a worker), installs no signal handler, never prints and never exits. It writes to a
 * socket whose other end is gone without raising SIGPIPE. Strings are NUL-terminated UTF-8. Times
 * are milliseconds of a monotonic clock, unless a name says otherwise.
 *
 * Threads: one object belongs to one thread at a time. linnet_client_post is the only function
 * that may be called on a client from another thread. Different objects are independent.
 *
 * Ownership: what a function returns is borrowed until the moment its comment names; what is
 * called `_new` or comes through a `ret_` pointer is yours, and is given back to the `_free` of
 * its kind. Every `_free` takes NULL.
 *
 * Errors: enum linnet_error_code, LINNET_OK is 0, never to be ignored. With it comes an optional
 * struct linnet_error (the pointer may be NULL) that says where, why and what helps.
 */
#ifndef LINNET_LINNET_H
#define LINNET_LINNET_H

#include <linnet/client.h>
#include <linnet/config.h>
#include <linnet/element.h>
#include <linnet/error.h>
#include <linnet/jid.h>
#include <linnet/probe.h>
#include <linnet/tls.h>

/* The version of these headers. Minor versions add; a major version changes the soname. */
#define LINNET_VERSION_MAJOR 0
#define LINNET_VERSION_MINOR 1
#define LINNET_VERSION_PATCH 0
#define LINNET_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that runs, "0.1.0". Static; any thread. */
LINNET_API const char *linnet_version(void);

#ifdef __cplusplus
}
#endif
#endif
