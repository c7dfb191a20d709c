/*
 * dial.h - from a configuration to a stream that runs: connect, channel, pump; on to the server's
 * next target when one fails before sign-in; and to another host when a server that proved who it
 * is says so (<see-other-host/>, RFC 6120 §4.9.3.19), a configured host or not. Shared by login and
 * probe. The loop's thread.
 */
#ifndef CLIENT_DIAL_H
#define CLIENT_DIAL_H

#include "client/config.h"
#include "client/pump.h"
#include "net/connect.h"

struct dial_hooks {
    /* A stage began: resolve and connect; the stream tells the others. */
    void (*stage)(void *ctx, enum linnet_stage stage);
    /* A TCP connection is there. */
    void (*connected)(void *ctx, const struct connect_target *target);
    /* A target did not work, or sends us on (condition see-other-host); the next one follows. */
    void (*target_failed)(void *ctx, const struct linnet_error *error);
    /* As in pump.h. */
    void (*event)(void *ctx, const struct stream_event *event);
    void (*secured)(void *ctx, const struct tls_facts *facts);
    /* A connection is there: whether to wait for dial_go_on before a stream is made. NULL: no. */
    bool (*holds)(void *ctx);
    /* A stream is about to be made: its policy and fast path may be set; what they point to is
     * borrowed for the call. NULL: nothing is to be set. */
    void (*prepare)(void *ctx, struct stream_config *config);
    /* Nothing is left to try, or the stream ended: once. May free the dial. */
    void (*ended)(void *ctx, const struct linnet_error *error);
};

struct dial_settings {
    uv_loop_t *loop;
    const struct linnet_config *config; /* borrowed until dial_free */
    struct tls_ctx *tls;                /* borrowed until dial_free: dial_tls_new */
    struct random_source random;
    uint64_t deadline_ms;
    bool anonymous; /* a probe: no user name is given to the stream */
    bool upgrade;   /* as in stream_config */
    struct stream_trace trace;
    /* Borrowed until dial_free: to resume, or STR_NONE. The first target to begin TLS gets it. */
    struct str tls_session;
    const struct dns_settings *dns; /* for tests; NULL */
    const struct dial_hooks *hooks;
    void *ctx;
};

struct dial;

/* Trust anchors and pins of a configuration. Reading the system's anchors takes tens of
 * milliseconds, so whoever logs in again keeps it. NULL with `error` (settings, no-memory). */
struct tls_ctx *dial_tls_new(const struct linnet_config *config,
                             struct linnet_error *error) MUST_USE;

/* NULL with `error` (no-memory, bad-address). */
struct dial *dial_start(const struct dial_settings *settings, struct linnet_error *error) MUST_USE;

/* Drops everything at once. Not from within hooks but `ended`. NULL is fine. */
void dial_free(struct dial *d);

/* What `holds` waited for has come: goes on in a later turn of the loop. NULL is fine. */
void dial_go_on(struct dial *d);

/* The pump of the present target; NULL while none is connected. */
struct pump *dial_pump(const struct dial *d);

/* Whether TLS began with the session. False for NULL. */
bool dial_session_offered(const struct dial *d);

/* No target that TLS has not begun with gets the session. NULL is fine. */
void dial_withhold_session(struct dial *d);

/* Of the last host that connecting went to; NULL when there was no memory to go there. */
const struct connect_report *dial_report(const struct dial *d);

/* "192.0.2.1:5222" or "[::1]:5222". */
void dial_format_address(const char *address, uint16_t port, char *out, size_t out_size);

/* The login policy that a configuration asks for. */
void dial_policy(const struct linnet_config *config, struct login_policy *ret);

#endif
