/*
 * message.h - what `linnet send` asks of a text and of the server, whether it sends one message or
 * a line after the other. One thread.
 */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include "session.h"

enum {
    MESSAGE_MAX_BYTES = 200000, /* what fits into one stanza of a usual server */
    MESSAGE_GRACE_MS = 150      /* for an error from elsewhere, which comes behind the pong */
};

/* Whether XMPP can carry that text, else `error` is filled. */
enum linnet_error_code message_check(const char *body, size_t len, struct linnet_error *error);

/* The server has worked through all that it got before a ping when it answers it (XEP-0199), since
 * stanzas keep their order (RFC 6120 §10.1). */
enum linnet_error_code message_ping(struct session *s, uint64_t *ret_id);

/* Whether the reply is the server's: an error that answers the ping answers it as well, silence and
 * the end of the connection do not. */
bool message_is_pong(const struct linnet_event *reply);

/* `linnet send --lines`, after the login. `error` of the session is filled when it fails. */
enum linnet_error_code send_lines(struct session *s);

#endif
