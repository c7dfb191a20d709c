/*
 * pump.h - moves bytes between one channel and one client stream, starts TLS when the stream wants
 * it, and keeps the stream's deadlines, on a libuv loop. Knows no login: other events go to its
 * owner. The loop's thread.
 */
#ifndef CLIENT_PUMP_H
#define CLIENT_PUMP_H

#include "client/detect.h"
#include "core/stream.h"
#include "net/chan_tls.h"
#include "net/loop.h"

struct pump_hooks {
    /* An event of the stream but WANT_TLS and CLOSED. May answer wants, send, close the stream and
     * call pump_doom; may not free the pump. */
    void (*event)(void *ctx, const struct stream_event *event);
    /* TLS is up; with early data a first time when what is known of it is enough to be used. */
    void (*secured)(void *ctx, const struct tls_facts *facts);
    /* The stream has ended, or was doomed; what could be written was. The last call of a turn: may
     * free the pump. `error` code LINNET_OK: in order. */
    void (*ended)(void *ctx, const struct linnet_error *error);
};

struct pump_settings {
    struct stream *stream; /* taken */
    struct chan *chan;     /* taken */
    struct tls_ctx *tls;   /* borrowed until pump_free */
    const char *tls_host;  /* borrowed: A-label form or IP literal */
    const char *target;    /* borrowed: "127.0.0.1:5222", for errors */
    bool direct_tls;
    uint32_t tls_timeout_ms;
    bool early_data;        /* in TLS 1.3, where the session and the stream have a use for it */
    struct str tls_session; /* borrowed during pump_new: to resume with, or STR_NONE */
    const struct pump_hooks *hooks;
    void *ctx;
};

struct pump;

/* NULL when out of memory; stream and channel are then freed. Work begins on the loop's next
 * turn. */
struct pump *pump_new(uv_loop_t *loop, const struct pump_settings *settings) MUST_USE;

/* Wipes and frees all, and closes the socket. Not from within `event` or `secured`. NULL is fine.
 */
void pump_free(struct pump *p);

/* Something changed from outside (an answer, a stanza to send): work on the loop's next turn. */
void pump_kick(struct pump *p);

/* While paused nothing is read from the channel. */
void pump_pause(struct pump *p, bool paused);

/* Ends it with `error` at the end of this turn (within a hook) or of the next. */
void pump_doom(struct pump *p, const struct linnet_error *error);

struct stream *pump_stream(const struct pump *p);

/* When bytes last came from the peer; 0 when none did. */
uint64_t pump_received_ms(const struct pump *p);

/* Whether `tls_session` was used: TLS began with it. */
bool pump_session_offered(const struct pump *p);

/* The newest TLS session, to resume with later (secret); false when there is none. */
bool pump_tls_session(const struct pump *p, struct buf *out);

#endif
