/*
 * linnet/error.h - one catalogue of failures for library, command line, window and server.
 *
 * Every failure that reaches a person is a row of one table: a code (which is also the exit status
 * of the command-line tools and never changes its meaning), an identifier, a heading, a sentence
 * with named parameters, a remedy and a retry rule. A struct linnet_error is one occurrence of a
 * row. It has a fixed size, owns nothing and may be copied with `=`.
 *
 * All functions here are pure and may be called from any thread.
 */
#ifndef LINNET_ERROR_H
#define LINNET_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__GNUC__)
#define LINNET_API __attribute__((visibility("default")))
#define LINNET_MUST_USE __attribute__((warn_unused_result))
#define LINNET_SENTINEL __attribute__((sentinel))
#else
#define LINNET_API
#define LINNET_MUST_USE
#define LINNET_SENTINEL
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The value of a code is the exit status of the command-line tools. Values are API: they are
 * documented, tested, and never reused. */
enum linnet_error_code {
    LINNET_OK = 0,

    /* here: usage, memory, store */
    LINNET_ERROR_INTERNAL = 1,
    LINNET_ERROR_USAGE = 2,
    LINNET_ERROR_BAD_ADDRESS = 3,
    LINNET_ERROR_NO_MEMORY = 4,
    LINNET_ERROR_STORE = 5,
    LINNET_ERROR_SETTINGS = 6,

    /* dns and network */
    LINNET_ERROR_DNS_NONE = 10,
    LINNET_ERROR_REFUSED = 11,
    LINNET_ERROR_TIMEOUT = 12,
    LINNET_ERROR_OFFLINE = 13,
    LINNET_ERROR_NOT_XMPP = 14,
    LINNET_ERROR_DNS_FAILED = 15,
    LINNET_ERROR_CONNECTION_LOST = 16,

    /* tls */
    LINNET_ERROR_TLS_FAILED = 20,
    LINNET_ERROR_CERT_UNTRUSTED = 21,
    LINNET_ERROR_CERT_NAME = 22,
    LINNET_ERROR_CERT_EXPIRED = 23,
    LINNET_ERROR_TLS_MISSING = 24,

    /* auth */
    LINNET_ERROR_BAD_CREDENTIALS = 30,
    LINNET_ERROR_NO_MECHANISM = 31,
    LINNET_ERROR_ACCOUNT_DISABLED = 32,
    LINNET_ERROR_CREDENTIALS_EXPIRED = 33,
    LINNET_ERROR_AUTH_TEMPORARY = 34,
    LINNET_ERROR_SERVER_PROOF = 35,
    LINNET_ERROR_DOWNGRADE = 36,

    /* the peer's stream */
    LINNET_ERROR_HOST_UNKNOWN = 40,
    LINNET_ERROR_CONFLICT = 41,
    LINNET_ERROR_REDIRECT_LOOP = 42,
    LINNET_ERROR_POLICY = 43,
    LINNET_ERROR_SHUTDOWN = 44,
    LINNET_ERROR_PROTOCOL = 45,
    LINNET_ERROR_SIGNED_OUT = 46,

    LINNET_ERROR_REGISTER_UNSUPPORTED = 50,
    LINNET_ERROR_REGISTER_TAKEN = 51,
    LINNET_ERROR_REGISTER_REJECTED = 52,
    LINNET_ERROR_REGISTER_WEB = 53,

    LINNET_ERROR_STANZA = 60,
    LINNET_ERROR_RECEIPT_TIMEOUT = 61,

    LINNET_ERROR_INTERRUPTED = 130
};

/* Where a login stands. Shown to people as it passes, in this order. */
enum linnet_stage {
    LINNET_STAGE_NONE = 0,
    LINNET_STAGE_RESOLVE,
    LINNET_STAGE_CONNECT,
    LINNET_STAGE_SECURE,
    LINNET_STAGE_SIGN_IN,
    LINNET_STAGE_BIND,
    LINNET_STAGE_READY
};

/* Who found the fault. */
enum linnet_origin {
    LINNET_ORIGIN_HERE = 0, /* this program: its arguments, its memory, its policy */
    LINNET_ORIGIN_NETWORK,  /* what lies between */
    LINNET_ORIGIN_PEER      /* the other end said so */
};

/* Whether trying again by itself can help. */
enum linnet_retry {
    LINNET_RETRY_NO = 0,     /* a person must change something first */
    LINNET_RETRY_YES,        /* after the back-off of the reconnect rules */
    LINNET_RETRY_ON_NETWORK, /* when the network changes */
    LINNET_RETRY_LONG        /* yes, but not before minutes have passed */
};

/* One failure. `params` holds the named parameters of the sentence as consecutive
 * "name\0value\0" pairs, ended by an empty name, so that a translation can be rendered from
 * `code` and `params` alone. Secrets never enter any field. */
struct linnet_error {
    enum linnet_error_code code;
    enum linnet_stage stage;
    enum linnet_origin origin;
    enum linnet_retry retry;
    unsigned retry_after_s; /* a hint of the peer; 0 when it gave none */
    char condition[48];     /* XMPP stream, stanza or SASL condition; "" when none */
    char peer_text[256];    /* the peer's own words, made printable, never parsed; "" when none */
    char params[768];
    char sentence[512]; /* UTF-8, one sentence in English: what happened and where */
};

/* The fixed part of a row of the catalogue. All strings are static. */
struct linnet_error_info {
    enum linnet_error_code code;
    const char *id;       /* "bad-credentials" */
    const char *heading;  /* "Wrong user name or password" */
    const char *sentence; /* with {parameters}; of [a|b|c] the first whose parameters are known */
    const char *remedy;   /* what the person can do; a whole sentence */
    enum linnet_retry retry;
    const char *evidence; /* the parameters that an occurrence may carry, by space; "" when none */
};

/* The row of `code`, or NULL when `code` is LINNET_OK or not in the catalogue. */
LINNET_API const struct linnet_error_info *linnet_error_info(enum linnet_error_code code);

/* The row whose id is `id` ("cert-name"), or NULL. */
LINNET_API const struct linnet_error_info *linnet_error_info_by_id(const char *id);

/* The row at `index` in the order of the codes, or NULL past the end: for listing. */
LINNET_API const struct linnet_error_info *linnet_error_info_at(size_t index);

/* The sentence of the row of `error->code`, rendered in English from `error->params` alone, into
 * `out`, cut where it does not fit: what error->sentence held at the time. "" for a code without a
 * row. */
LINNET_API void linnet_error_sentence(const struct linnet_error *error, char *out, size_t out_size);

/* The value of parameter `name` of `error`, or NULL. Borrowed from `error`. */
LINNET_API const char *linnet_error_param(const struct linnet_error *error, const char *name);

/* "resolve", "connect", "secure", "sign in", "bind", "ready"; "" for LINNET_STAGE_NONE. */
LINNET_API const char *linnet_stage_name(enum linnet_stage stage);

/* "no", "yes", "on-network", "long". */
LINNET_API const char *linnet_retry_name(enum linnet_retry retry);

/* "here", "network", "peer". */
LINNET_API const char *linnet_origin_name(enum linnet_origin origin);

#ifdef __cplusplus
}
#endif
#endif
