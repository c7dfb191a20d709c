/*
 * linnet/client.h - one client: logs in, sends, receives, closes.
 *
 * Nothing is called back and nothing re-enters: the host runs linnet_client_dispatch when there is
 * work, and pulls events one by one. The shortest host is
 *
 *     for (;;) {
 *         const struct linnet_event *event;
 *         while ((event = linnet_client_event(client)))
 *             handle(event);
 *         linnet_client_wait(client, -1);
 *     }
 *
 * and a program with a loop of its own watches linnet_client_fd for reading, wakes up after
 * linnet_client_timeout_ms, and calls linnet_client_dispatch either way (docs/howto/embed.md).
 *
 * A login that began has exactly one outcome, LINNET_EVENT_ONLINE, LINNET_EVENT_RESUMED (online,
 * with the session before; only where the client reconnects) or LINNET_EVENT_FAILED, before its
 * deadline, however the server behaves. Online has exactly one end, LINNET_EVENT_OFFLINE. After
 * FAILED and after OFFLINE the same client may log in again, or does so by itself: see "logging in
 * again" below.
 *
 * Nothing here blocks but linnet_login and linnet_client_wait: names are resolved, addresses raced
 * and keys derived elsewhere. All functions of a client are called from one thread at a time,
 * linnet_client_post excepted.
 */
#ifndef LINNET_CLIENT_H
#define LINNET_CLIENT_H

#include <linnet/config.h>
#include <linnet/element.h>
#include <linnet/error.h>
#include <linnet/tls.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct linnet_client;

/* A client with a copy of `config`, offline. On success *ret_client is the caller's, for
 * linnet_client_free. Otherwise it is NULL, and the error is the first that a setter met
 * (LINNET_ERROR_USAGE, LINNET_ERROR_BAD_ADDRESS) or LINNET_ERROR_NO_MEMORY. */
LINNET_API enum linnet_error_code linnet_client_new(const struct linnet_config *config,
                                                    struct linnet_client **ret_client,
                                                    struct linnet_error *error) LINNET_MUST_USE;

/* Ends everything at once, without a word to the server, wipes and frees. Close first
 * (linnet_client_close) to leave in order. Functions that were posted and have not run are called
 * with a NULL client. Waits for a key derivation that is running, a second or so at the highest
 * iteration count.
 */
LINNET_API void linnet_client_free(struct linnet_client *client);

/* ---- logging in ---- */

/* Begins a login (RFC 6120 §1.3, §3 to §7) and returns at once; the outcome is an event.
 * LINNET_ERROR_USAGE, and nothing happens, when the client is not offline, or when events of the
 * session before have not been pulled yet. */
LINNET_API enum linnet_error_code linnet_client_login(struct linnet_client *client) LINNET_MUST_USE;

/* Logs in and blocks until the outcome, which it returns: LINNET_OK or what went wrong, in full in
 * `error` (which may be NULL). The events of the login are consumed; those of the session that
 * begins are kept. There is nobody to ask meanwhile: a missing password fails with
 * LINNET_ERROR_USAGE, and a certificate that does not verify is refused. */
LINNET_API enum linnet_error_code linnet_login(struct linnet_client *client,
                                               struct linnet_error *error) LINNET_MUST_USE;

/* Ends what there is in order (RFC 6120 §4.4). Online: what was sent is flushed; where the
 * server acknowledges, that is awaited for 2 seconds at most; the stream is closed and the server's
 * close awaited for 2 seconds at most; then LINNET_EVENT_OFFLINE with LINNET_OK, or with
 * LINNET_ERROR_CONNECTION_LOST when the server did not acknowledge everything. During a login:
 * LINNET_EVENT_FAILED with LINNET_ERROR_INTERRUPTED. Offline: nothing, but that an attempt that was
 * scheduled is dropped, and a session that was kept is given up. Either way no further attempt
 * follows before linnet_client_login or linnet_login is called. */
LINNET_API void linnet_client_close(struct linnet_client *client);

/* ---- logging in again (RFC 6120 §3.3) ----
 *
 * With linnet_config_set_reconnect each LINNET_EVENT_FAILED and LINNET_EVENT_OFFLINE is followed at
 * once (a session that is given up tells its last LINNET_EVENT_ACKED, LINNET_EVENT_UNDELIVERED and
 * LINNET_EVENT_IQ_REPLY in between) by exactly one of
 *
 *     LINNET_EVENT_RETRY_SCHEDULED   a login begins by itself after delay_ms; that login has its
 *                                    stages and its one outcome like any other
 *     LINNET_EVENT_GIVEN_UP          error->retry is LINNET_RETRY_NO: a person must change
 *                                    something; nothing follows until linnet_client_login
 *
 * save when the application ended it itself, with linnet_client_close or by giving up on a password
 * (LINNET_OK, LINNET_ERROR_INTERRUPTED), and after a failure that linnet_login returned; then
 * neither comes. So a client that came online and loses its server tells
 *
 *     OFFLINE RETRY_SCHEDULED [STAGE... FAILED RETRY_SCHEDULED]... STAGE... ONLINE or RESUMED
 *
 * and where a person must mend something
 *
 *     OFFLINE RETRY_SCHEDULED STAGE... FAILED [ACKED|UNDELIVERED|IQ_REPLY]... GIVEN_UP
 *
 * A login by itself begins only when all events up to RETRY_SCHEDULED were pulled. After ONLINE a
 * host must ask again what it asked of the server before (presence, open requests: each had its
 * LINNET_EVENT_IQ_REPLY); after RESUMED nothing has changed.
 *
 * The delay is drawn at random so that those who were lost together do not return together: up to
 * 1 s where the network here changed, up to 60 s where the server ended the session; for failures
 * in a row up to 2, 4, 8 ... s, bounded by linnet_config_set_reconnect_cap_ms. The row ends with a
 * session of a minute. error->retry_after_s is added to it, and two minutes for LINNET_RETRY_LONG;
 * with LINNET_RETRY_ON_NETWORK the cap is waited out unless linnet_client_network_changed tells
 * more.
 *
 * A client that gave up with LINNET_ERROR_BAD_CREDENTIALS has wiped the password, the configured
 * one too, so that none is tried twice: linnet_client_login then asks (LINNET_EVENT_PASSWORD).
 */

/* Begins the login that is scheduled in the next dispatch instead. Returns whether one was. */
LINNET_API bool linnet_client_retry_now(struct linnet_client *client);

/* The host saw the network of this device change: an address, a route, a link; `up`: whether there
 * is a network now. Works without the reconnect setting too. Up and online: the server is asked
 * whether it is still there, and 5 seconds without an answer end the session with
 * LINNET_ERROR_TIMEOUT. Up and waiting for an attempt: it is made within a second, though a
 * network that comes and goes does not bring one forward each time. Down: nothing is done,
 * but a session that is lost within a minute of it, or until the network is up, counts as lost
 * here. Calling it too often does no harm. */
LINNET_API void linnet_client_network_changed(struct linnet_client *client, bool up);

/* ---- hosting ---- */

/* A descriptor that is readable when linnet_client_dispatch has something to do. It stays the same
 * for the life of the client; the library owns it: never read, write or close it. */
LINNET_API int linnet_client_fd(const struct linnet_client *client);

/* How long the host may sleep before it must call linnet_client_dispatch although the descriptor is
 * not readable: milliseconds as poll(2) takes them, -1 for ever, 0 when there is work or an event
 * now. Ask again after each call on the client. */
LINNET_API int linnet_client_timeout_ms(const struct linnet_client *client);

/* Does what can be done now: reads, writes, timers, functions that were posted. Never blocks.
 * Events that come of it wait to be pulled; while more than 1 MiB of them wait nothing more is read
 * from the server. */
LINNET_API void linnet_client_dispatch(struct linnet_client *client);

/* Blocks until an event waits or `timeout_ms` have passed (-1: no limit), dispatching meanwhile.
 * Returns whether an event waits. Returns false at once when nothing can ever happen, that is, when
 * the client is offline, no attempt is scheduled, and `timeout_ms` is -1. */
LINNET_API bool linnet_client_wait(struct linnet_client *client, int timeout_ms);

/* Runs `run(client, ctx)` on the client's thread, in a later linnet_client_dispatch: the only
 * function that other threads may call. It is called exactly once, in the order of posting, and
 * with a NULL client by linnet_client_free when it never came to it, so that it can release `ctx`.
 * LINNET_ERROR_NO_MEMORY: not posted. The client must not be freed while another thread is inside
 * this call. `run` may call every function of the client but dispatch, wait, login and free. */
LINNET_API enum linnet_error_code
linnet_client_post(struct linnet_client *client,
                   void (*run)(struct linnet_client *client, void *ctx), void *ctx) LINNET_MUST_USE;

/* ---- events ---- */

enum linnet_event_kind {
    /* A login passes. `stage` began; `elapsed_ms` since the login began. Stages come in order; one
     * may come again when a second target of the server is tried. */
    LINNET_EVENT_STAGE = 1,

    /* `stage` ended well after `stage_ms`; `detail` says with what, for people:
     * "127.0.0.1:5222", "TLSv1.3 TLS_AES_256_GCM_SHA384", "SCRAM-SHA-256-PLUS, tls-exporter". */
    LINNET_EVENT_STAGE_DONE,

    /* A password is wanted and none was configured: answer `id` with
     * linnet_client_answer_password, now or later. `jid` is the account; `detail` says why, where a
     * token was remembered and the server refused it. */
    LINNET_EVENT_PASSWORD,

    /* The server's certificate does not verify: `certificate`, `error`. Answer `id` with
     * linnet_client_answer_certificate, now or later. Only with
     * linnet_config_set_ask_certificate. */
    LINNET_EVENT_CERTIFICATE,

    /* The outcomes of a login: `jid` is the full address that the server gave, `attempt` which
     * attempt it was, 0 for a login that the host began; or `error`. */
    LINNET_EVENT_ONLINE,
    LINNET_EVENT_FAILED,

    /* `stanza` was received: a message, presence, an error, or an iq request in a namespace of
     * linnet_config_add_feature. */
    LINNET_EVENT_STANZA,

    /* The one reply to the request `id` of linnet_client_iq. `error` is NULL for a result; its code
     * is LINNET_ERROR_STANZA when the peer answered with an error (`stanza` is that answer in both
     * cases), LINNET_ERROR_TIMEOUT when nobody answered in time, and the reason of the end when the
     * session ended first (`stanza` is then NULL). */
    LINNET_EVENT_IQ_REPLY,

    /* The session that came online has ended: `error`, whose code is LINNET_OK when it ended in
     * order because linnet_client_close was called. error->retry says whether logging in again by
     * itself can help, error->retry_after_s when. `unacknowledged` is how much of what was sent the
     * server had not confirmed: it is told of later, or goes again with the next session; without
     * stream management nothing is known of it, and this is 0. */
    LINNET_EVENT_OFFLINE,

    /* After FAILED or OFFLINE, with the same `error`: a login begins by itself in `delay_ms`. It is
     * attempt number `attempt` since the client was last online for a minute. */
    LINNET_EVENT_RETRY_SCHEDULED,

    /* After FAILED or OFFLINE, with the same `error`: another attempt cannot mend it. */
    LINNET_EVENT_GIVEN_UP,

    /* With linnet_config_set_memory: what linnet_client_memory gives has changed and is to be saved
     * now. Before a login uses up something that serves once (the count of a token, a TLS session)
     * this comes first, when the login begins and when it goes on to another server of the domain,
     * and nothing is said to the server until it was pulled: save before the next
     * linnet_client_dispatch, and say linnet_client_memory_unsaved if that cannot be done. A state
     * that is lost all the same costs a refused token, no more. It also comes in front of ONLINE,
     * FAILED and OFFLINE if they changed something. */
    LINNET_EVENT_MEMORY,

    /* The server's certificate verifies, but has another key than at the last login:
     * `certificate` is the present one, `seen_sha256` and `seen_spki_sha256` are the fingerprints
     * of the former. A notice; the login goes on. A server that renews its certificate with a new
     * key causes it too. */
    LINNET_EVENT_CERTIFICATE_CHANGED,

    /* Instead of ONLINE, with the same fields: the session before OFFLINE goes on as if nothing had
     * happened. Open requests are still open, presence still stands, and what was sent and did not
     * arrive was sent again. */
    LINNET_EVENT_RESUMED,

    /* The server has what linnet_client_send_tracked called `id`; in the order of the calls. Each
     * such id has exactly one outcome, ACKED or UNDELIVERED, if linnet_client_is_managed. */
    LINNET_EVENT_ACKED,

    /* The session is gone, and whether `stanza` arrived before is unknown, or it belonged to that
     * session only (presence for all, iq): it is not sent again by itself. `id` as of the call;
     * told also for linnet_client_send. `stanza` is NULL for one too complex to be read back. */
    LINNET_EVENT_UNDELIVERED
};

/* An event. Fields that its kind does not name are 0 or NULL. Pointers, and the event itself, are
 * borrowed until the next call of linnet_client_event, linnet_client_free, linnet_client_login or
 * linnet_login; other calls leave them alone. Later versions may add kinds, which a host ignores,
 * and fields at the end. */
struct linnet_event {
    enum linnet_event_kind kind;
    enum linnet_stage stage;
    uint64_t id;
    uint32_t elapsed_ms;
    uint32_t stage_ms;
    const char *detail;
    const char *jid;
    const struct linnet_error *error;
    const struct linnet_element *stanza;
    const struct linnet_certificate *certificate;
    uint32_t attempt;
    uint32_t delay_ms;
    const uint8_t *seen_sha256, *seen_spki_sha256; /* 32 bytes each */
    uint32_t unacknowledged;
};

/* The next event, or NULL when none waits. Does no work by itself: see linnet_client_dispatch. */
LINNET_API const struct linnet_event *linnet_client_event(struct linnet_client *client);

/* Answers LINNET_EVENT_PASSWORD with `len` bytes of UTF-8, copied and wiped after use; `password`
 * NULL gives the login up (LINNET_ERROR_INTERRUPTED). The password serves this login and later ones
 * of this client until the server refuses it. False, and nothing happens, when `id` is not the open
 * question. */
LINNET_API bool linnet_client_answer_password(struct linnet_client *client, uint64_t id,
                                              const char *password, size_t len);

/* Answers LINNET_EVENT_CERTIFICATE. Accepting holds for this connection only; to accept for ever,
 * configure the key as a pin. False, and nothing happens, when `id` is not the open question. */
LINNET_API bool linnet_client_answer_certificate(struct linnet_client *client, uint64_t id,
                                                 bool accept);

/* ---- stanzas ---- */

/* Sends a message, presence or an answer. The stanza stays the caller's. It is queued and written
 * as the connection takes it, in the order of the calls. Errors, on which nothing is sent:
 * LINNET_ERROR_OFFLINE when not online; LINNET_ERROR_NO_MEMORY, also when the stanza failed while
 * it was built; LINNET_ERROR_USAGE when it is not a stanza, or holds text that XML does not allow;
 * LINNET_ERROR_POLICY when 16 MiB wait to be written: wait for linnet_client_pending_bytes to
 * fall. `error` may be NULL. */
LINNET_API enum linnet_error_code linnet_client_send(struct linnet_client *client,
                                                     const struct linnet_element *stanza,
                                                     struct linnet_error *error) LINNET_MUST_USE;

/* The same, and *ret_id (which may be NULL) is what LINNET_EVENT_ACKED or LINNET_EVENT_UNDELIVERED
 * will carry, if linnet_client_is_managed; the server is asked at once.
 *
 * With reconnecting, a managed session that lost its connection takes stanzas and requests too:
 * between OFFLINE and RESUMED or ONLINE they are queued, and sent then. If the session could not be
 * resumed (ONLINE), messages and presence for somebody that are known not to have arrived go first,
 * in order, as they were; of all else UNDELIVERED tells, behind ONLINE. At most 60,000 stanzas and
 * 16 MiB may be unacknowledged: LINNET_ERROR_POLICY. */
LINNET_API enum linnet_error_code
linnet_client_send_tracked(struct linnet_client *client, const struct linnet_element *stanza,
                           uint64_t *ret_id, struct linnet_error *error) LINNET_MUST_USE;

/* Sends a request built by linnet_iq_new and waits for its reply for `timeout_ms` (0: 30,000). The
 * id on the wire is chosen here (the element's own is replaced); *ret_id, which may be NULL, is
 * what LINNET_EVENT_IQ_REPLY will carry. Exactly one such event follows when this returns
 * LINNET_OK. A reply counts only when its id and its sender match (RFC 6120 §8.1.2.1, §10.3.3).
 * Errors as for linnet_client_send; LINNET_ERROR_POLICY also with 1,024 requests open. */
LINNET_API enum linnet_error_code linnet_client_iq(struct linnet_client *client,
                                                   struct linnet_element *iq, uint32_t timeout_ms,
                                                   uint64_t *ret_id,
                                                   struct linnet_error *error) LINNET_MUST_USE;

enum { LINNET_ID_SIZE = 24 };

/* A fresh, unguessable id for a stanza (RFC 6120 §8.1.3), NUL-terminated. */
LINNET_API void linnet_client_make_id(struct linnet_client *client, char out[LINNET_ID_SIZE]);

/* Bytes that were sent and not yet taken by the connection. */
LINNET_API size_t linnet_client_pending_bytes(const struct linnet_client *client);

/* ---- what it knows; borrowed until the next login begins (by itself: in a dispatch) or the client
 * is freed ---- */

LINNET_API bool linnet_client_is_online(const struct linnet_client *client);

/* Whether the server confirms what it receives (XEP-0198). It is known for good when a request that
 * followed ONLINE has its reply. */
LINNET_API bool linnet_client_is_managed(const struct linnet_client *client);

/* The full address once online, before that the one configured. */
LINNET_API const char *linnet_client_jid(const struct linnet_client *client);

/* "127.0.0.1:5222", the address connected to; "" before. */
LINNET_API const char *linnet_client_peer(const struct linnet_client *client);

/* The SASL mechanism in use and its channel binding ("tls-exporter"); "" for none. */
LINNET_API const char *linnet_client_mechanism(const struct linnet_client *client);
LINNET_API const char *linnet_client_binding(const struct linnet_client *client);

/* What shortened the way to the session. */
enum linnet_path {
    LINNET_PATH_SASL2 = 1,     /* sign-in without a stream restart (XEP-0388) */
    LINNET_PATH_BIND2 = 2,     /* ... and with the session in the same step (XEP-0386) */
    LINNET_PATH_TOKEN = 4,     /* a token in place of the password (XEP-0484) */
    LINNET_PATH_PIPELINED = 8, /* sign-in together with the stream header (XEP-0509) */
    LINNET_PATH_RESUMED = 16,  /* the session before goes on (XEP-0198) */
    LINNET_PATH_EARLY = 32     /* it came in the early data of TLS 1.3, which was accepted */
};

/* A set of enum linnet_path, of the session that there is, or was last; 0 from the moment that
 * another login begins, and after one that failed. */
LINNET_API unsigned linnet_client_path(const struct linnet_client *client);

/* What is to be saved and given to linnet_config_set_memory next time: `*ret_len` bytes of text
 * without a terminator, at most 64 KiB. It holds secrets, a token that is as good as the password
 * and a TLS session: keep it where passwords are kept, for the user's eyes only. With or without
 * linnet_config_set_memory. Borrowed until the next call on the client. NULL when out of memory. */
LINNET_API const char *linnet_client_memory(struct linnet_client *client, size_t *ret_len);

/* What LINNET_EVENT_MEMORY told of could not be saved: call it before the next
 * linnet_client_dispatch. The login that has begun then goes on without what serves once, the token
 * and the TLS session: the next program would find them in the old state and use them again. The
 * password is used, or asked for, and no new token is. Harmless at other times. */
LINNET_API void linnet_client_memory_unsaved(struct linnet_client *client);

/* NULL without TLS. */
LINNET_API const struct linnet_tls *linnet_client_tls(const struct linnet_client *client);

/* How long `stage` of the last login took, in milliseconds; 0 for one that was not reached.
 * LINNET_STAGE_NONE: the whole login. */
LINNET_API uint32_t linnet_client_stage_ms(const struct linnet_client *client,
                                           enum linnet_stage stage);

/* The flight recorder: what was said during the last login, its stages with their times, what was
 * tried and how it ended, as text for a person or a bug report, at most 64 KiB. Passwords, tokens
 * and SASL payloads are always masked. The string is the caller's, for free(3); NULL when out of
 * memory. */
LINNET_API char *linnet_client_recording(const struct linnet_client *client) LINNET_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
