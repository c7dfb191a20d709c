/*
 * condition.h - the stream errors of RFC 6120 §4.9.3 and the stanza errors of §8.3.3, as tables.
 * Pure; any thread.
 */
#ifndef CORE_CONDITION_H
#define CORE_CONDITION_H

#include "xml/writer.h"

#include <linnet/error.h>

#define NS_STREAM "http://etherx.jabber.org/streams"
#define NS_CLIENT "jabber:client"
#define NS_SERVER "jabber:server"
#define NS_STREAM_ERRORS "urn:ietf:params:xml:ns:xmpp-streams"
#define NS_STANZA_ERRORS "urn:ietf:params:xml:ns:xmpp-stanzas"
#define NS_TLS "urn:ietf:params:xml:ns:xmpp-tls"
#define NS_SASL "urn:ietf:params:xml:ns:xmpp-sasl"
#define NS_SASL2 "urn:xmpp:sasl:2"
#define NS_BIND2 "urn:xmpp:bind:0"
#define NS_FAST "urn:xmpp:fast:0"
#define NS_UPGRADE "urn:xmpp:sasl:upgrade:0"
#define NS_SCRAM_UPGRADE "urn:xmpp:scram-upgrade:0"
#define NS_IAP "urn:xmpp:iap:0"
#define NS_BIND "urn:ietf:params:xml:ns:xmpp-bind"
#define NS_SESSION "urn:ietf:params:xml:ns:xmpp-session"
#define NS_XML "http://www.w3.org/XML/1998/namespace"

/* The element that names the condition in a stream or stanza error: the first child in `ns` that is
 * not its <text/>. NULL when there is none. */
const struct element *condition_element(const struct element *error, const char *ns);

/* How long a stream or stanza error asks to wait: the attribute `retry-after`, in seconds, of its
 * application-specific condition, as XEP-0433 §5.4.2 has it; a week at most. 0 when it asks for
 * nothing. */
unsigned condition_retry_after_s(const struct element *error);

/* RFC 6120 §4.9.3, in its order. */
enum stream_condition {
    STREAM_OK = 0,
    STREAM_BAD_FORMAT,
    STREAM_BAD_NAMESPACE_PREFIX,
    STREAM_CONFLICT,
    STREAM_CONNECTION_TIMEOUT,
    STREAM_HOST_GONE,
    STREAM_HOST_UNKNOWN,
    STREAM_IMPROPER_ADDRESSING,
    STREAM_INTERNAL_SERVER_ERROR,
    STREAM_INVALID_FROM,
    STREAM_INVALID_NAMESPACE,
    STREAM_INVALID_XML,
    STREAM_NOT_AUTHORIZED,
    STREAM_NOT_WELL_FORMED,
    STREAM_POLICY_VIOLATION,
    STREAM_REMOTE_CONNECTION_FAILED,
    STREAM_RESET,
    STREAM_RESOURCE_CONSTRAINT,
    STREAM_RESTRICTED_XML,
    STREAM_SEE_OTHER_HOST,
    STREAM_SYSTEM_SHUTDOWN,
    STREAM_UNDEFINED_CONDITION,
    STREAM_UNSUPPORTED_ENCODING,
    STREAM_UNSUPPORTED_FEATURE,
    STREAM_UNSUPPORTED_STANZA_TYPE,
    STREAM_UNSUPPORTED_VERSION,
    STREAM_CONDITION_COUNT
};

const char *stream_condition_name(enum stream_condition c);
/* Unknown names give STREAM_UNDEFINED_CONDITION; "xml-not-well-formed" is accepted (RFC 3920). */
enum stream_condition stream_condition_from_name(const char *name);
/* The row of the failure catalogue that a client reports for it. */
enum linnet_error_code stream_condition_code(enum stream_condition c);
/* Whether trying again can help: what the row says, but a rule that was broken once (a rate, a
 * size) is not broken for ever. */
enum linnet_retry stream_condition_retry(enum stream_condition c);

/* RFC 6120 §8.3.3, in its order. */
enum stanza_condition {
    STANZA_OK = 0,
    STANZA_BAD_REQUEST,
    STANZA_CONFLICT,
    STANZA_FEATURE_NOT_IMPLEMENTED,
    STANZA_FORBIDDEN,
    STANZA_GONE,
    STANZA_INTERNAL_SERVER_ERROR,
    STANZA_ITEM_NOT_FOUND,
    STANZA_JID_MALFORMED,
    STANZA_NOT_ACCEPTABLE,
    STANZA_NOT_ALLOWED,
    STANZA_NOT_AUTHORIZED,
    STANZA_POLICY_VIOLATION,
    STANZA_RECIPIENT_UNAVAILABLE,
    STANZA_REDIRECT,
    STANZA_REGISTRATION_REQUIRED,
    STANZA_REMOTE_SERVER_NOT_FOUND,
    STANZA_REMOTE_SERVER_TIMEOUT,
    STANZA_RESOURCE_CONSTRAINT,
    STANZA_SERVICE_UNAVAILABLE,
    STANZA_SUBSCRIPTION_REQUIRED,
    STANZA_UNDEFINED_CONDITION,
    STANZA_UNEXPECTED_REQUEST,
    STANZA_CONDITION_COUNT
};

const char *stanza_condition_name(enum stanza_condition c);
/* Unknown names give STANZA_UNDEFINED_CONDITION. */
enum stanza_condition stanza_condition_from_name(const char *name);
/* The default error type: "auth", "cancel", "modify" or "wait". */
const char *stanza_condition_type(enum stanza_condition c);

/* <stream:error> with optional text and an optional application condition (may be NULL). */
void stream_condition_write(struct xml_writer *w, enum stream_condition c, struct str text,
                            const struct element *app);

/* Reads a <stream:error/>: the condition, its <text/> (or STR_NONE), and the value inside the
 * condition element (see-other-host), all borrowed from `e`. */
enum stream_condition stream_condition_read(const struct element *e, struct str *ret_text,
                                            struct str *ret_value);

#endif
