/*
 * client_private.h - the inside of a client, for client.c, login.c, remember.c, want.c,
 * session.c, iq.c, answer.c and reconnect.c only.
 *
 *   client.c    life, hosting, events, what it knows
 *   login.c     from linnet_client_login to its one outcome, and every end of a connection
 *   remember.c  what a login takes from the memory of the account, and what it leaves there
 *   want.c      what a login needs from outside: password, derived key, verdict on a certificate
 *   session.c   online: stanzas in and out, pings, closing
 *   iq.c        requests and their replies
 *   answer.c    requests of others that the library answers itself
 *   managed.c   what outlives a connection (XEP-0198)
 *   reconnect.c logging in again by itself, as backoff.c says when
 */
#ifndef CLIENT_CLIENT_PRIVATE_H
#define CLIENT_CLIENT_PRIVATE_H

#include "client/config.h"
#include "client/dial.h"
#include "client/element_public.h"
#include "client/event.h"
#include "client/managed.h"
#include "client/memory.h"
#include "client/reconnect.h"
#include "client/recorder.h"
#include "net/entropy.h"
#include "net/work.h"

enum client_state { CLIENT_OFFLINE = 0, CLIENT_LOGIN, CLIENT_ONLINE, CLIENT_CLOSING };

enum {
    CLIENT_EVENTS_BYTES = 1024 * 1024,      /* waiting: nothing more is read */
    CLIENT_OUTPUT_BYTES = 16 * 1024 * 1024, /* unwritten: nothing more is taken */
    CLIENT_IQ_MAX = 1024
};

/* The login that runs, or ran last. */
struct login {
    uint64_t start_ms, stage_start_ms, total_ms;
    uint64_t stage_ms[LINNET_STAGE_READY + 1];
    enum linnet_stage stage;
    struct loop_timer *deadline;
    bool blocking; /* nobody can be asked */
    bool has_tls;
    struct tls_facts tls;
    struct linnet_tls tls_public;
    char peer[CONNECT_TARGET_BYTES + 16];
    char mechanism[24], binding[24];
    unsigned path; /* enum linnet_path, once online */
};

struct remembered {
    struct account_memory memory;
    struct buf text;          /* what the application has, or was told to get (secret) */
    struct buf seen_features; /* of the present target; kept when it gets online */
    bool features_used;       /* the present target was spoken to as the memory says */
    unsigned untold;          /* MEMORY events that the application has not pulled */
    bool token_refused;       /* by this login's server */
    bool withheld;            /* the application could not save: nothing is used that serves once */
    char software[128];       /* for the user agent */
};

/* PBKDF2 for a salt and a count, so that the next login need not do it again (secret). */
struct salted {
    bool valid;
    enum hash_alg alg;
    unsigned iterations;
    uint8_t salt[64];
    size_t salt_len;
    uint8_t key[HASH_MAX_BYTES];
};

struct derive_job;

/* What the stream waits for, and the means to give it. */
struct wants {
    enum stream_event_kind open; /* SECRET or VERIFY that the application was asked for; or NONE */
    uint64_t stream_id;          /* of the stream's want */
    uint64_t event_id;           /* of the application's question */
    uint64_t last_event_id;
    char *password; /* that the application answered; NULL */
    size_t password_len;
    struct salted salted;
    struct work_pool *pool; /* made when first needed */
    struct work_port *port;
    struct derive_job *job;
};

struct session {
    struct loop_timer *ping_timer, *iq_timer;
    uint64_t online_ms, ping_sent_ms; /* ping_sent_ms 0: none is open */
    uint32_t ping_wait_ms;            /* for the answer to the open one */
    struct list requests;             /* iq_request, oldest first */
    size_t request_count;
    uint64_t last_request;
};

struct linnet_client {
    struct linnet_config *config;
    uv_loop_t loop;
    bool has_loop, has_mutex;
    struct entropy entropy;
    struct random_source random;
    enum client_state state;
    struct event_queue events;
    struct event_node outcome, offline; /* made beforehand: they are never lost */
    struct recorder recorder;

    struct loop_wake *wake;
    uv_mutex_t posted_mutex; /* guards `posted` */
    struct list posted;

    struct dial *dial; /* NULL when offline */
    struct login login;
    struct wants wants;
    struct remembered remembered;
    struct session session;
    struct managed managed;
    struct reconnect reconnect;
    struct tls_ctx *tls;            /* anchors and pins; made by the first login */
    struct buf tls_session;         /* to resume the login that runs with (secret) */
    char *jid;                      /* full, once bound; kept afterwards */
    const struct dns_settings *dns; /* tests only */
};

/* The stream of the connection; NULL while there is none. */
struct stream *client_stream(const struct linnet_client *c);

/* Answers or stanzas were given to the stream: let the pump work. */
void client_kick(struct linnet_client *c);

/* --- login.c --- */

bool login_init(struct linnet_client *c) MUST_USE;
void login_finish(struct linnet_client *c);

/* Begins a login of a client that is offline and whose `outcome` and `offline` are in no queue. */
void login_begin(struct linnet_client *c);

/* From within a pump's hook: the connection ends with `error` after this turn. */
void login_doom(struct linnet_client *c, const struct linnet_error *error);
void login_doom_memory(struct linnet_client *c);

/* From anywhere else: ends what there is at once, with the one event that is due. */
void login_end(struct linnet_client *c, const struct linnet_error *error);

/* --- remember.c --- */

/* False with `error`: the memory that was given cannot be used, or there is no memory. */
bool remember_init(struct linnet_client *c, struct linnet_error *error) MUST_USE;
void remember_finish(struct linnet_client *c);

/* A login begins (or is tried again): takes out what serves once, and tells. False: no memory. */
bool remember_login(struct linnet_client *c) MUST_USE;

/* The target before may have seen the token's count: the next gets another, which is told. False:
 * no memory. */
bool remember_next_target(struct linnet_client *c) MUST_USE;

/* As hooks of the dial: `ctx` is the client. What serves once is used when it was told. */
bool remember_holds(void *ctx);
void remember_prepare(void *ctx, struct stream_config *to);

/* The application pulled MEMORY. */
void remember_pulled(struct linnet_client *c);

/* FEATURES, TOKEN and TOKEN_REFUSED; others are ignored. */
void remember_event(struct linnet_client *c, const struct stream_event *event);

/* TLS is up: notes a changed key. False: no memory. */
bool remember_secured(struct linnet_client *c, const struct tls_facts *facts) MUST_USE;

/* How a certificate that does not verify compares with the last one; NULL: there was none. */
const char *remember_key_seen(const struct linnet_client *c, const struct tls_facts *facts);

/* READY, login.mechanism is known: keeps what was found, and tells. False: no memory. */
bool remember_online(struct linnet_client *c) MUST_USE;

/* Whether the login failed because of what was remembered, which is then forgotten: it is to be
 * begun again. */
bool remember_try_again(struct linnet_client *c, const struct linnet_error *error);

/* Online: the server has new keys, so the TLS session is of no use any more. */
void remember_reset(struct linnet_client *c);

/* The session ends otherwise: the newest TLS ticket came after it began. */
void remember_offline(struct linnet_client *c);

/* The login failed for good; the dial is still there, or NULL. */
void remember_failed(struct linnet_client *c);

/* "SCRAM-SHA-256-PLUS, tls-exporter", "token (HT-SHA-256-EXPR), pipelined". */
void remember_way(const struct linnet_client *c, char *out, size_t size);

/* --- want.c --- */

void want_finish(struct linnet_client *c);

/* A SECRET, DERIVE or VERIFY of the stream. */
void want_received(struct linnet_client *c, const struct stream_event *event);

/* The connection is gone: no answer is waited for; `refused`: the server did not accept the
 * credentials, so nothing of them is used again unasked. */
void want_forget(struct linnet_client *c, bool refused);

/* The row of the catalogue for a certificate that does not verify, in full. */
void want_certificate_error(const struct linnet_client *c, const struct tls_facts *facts,
                            struct linnet_error *error);

/* Whether the password itself can be given when it is wanted, by the configuration or by the
 * application that will be asked; not only a key that was derived from it. */
bool want_has_password(const struct linnet_client *c);

/* After READY: keeps the derived key. */
void want_remember(struct linnet_client *c);

/* --- session.c --- */

bool session_init(struct linnet_client *c) MUST_USE;
void session_finish(struct linnet_client *c);
void session_begin(struct linnet_client *c);
/* Online: asks now whether the server is still there, and waits 5 seconds for it. */
void session_probe(struct linnet_client *c);
/* When the server last gave a sign of life, as far as we were willing to hear one. */
uint64_t session_heard_ms(const struct linnet_client *c, uint64_t now_ms);
/* It gave none for so long: ends the session. */
void session_no_answer(struct linnet_client *c, uint32_t waited_ms);
/* The connection is gone: unless the session is kept, every open request is answered with `error`,
 * and what was not acknowledged is told. */
void session_end(struct linnet_client *c, const struct linnet_error *error, bool kept);
void session_stanza(struct linnet_client *c, const struct element *stanza);
/* Gives `stanza` to the application. */
void session_deliver(struct linnet_client *c, const struct element *stanza);
/* Whether a stanza may be sent now. */
enum linnet_error_code session_may_send(const struct linnet_client *c, struct linnet_error *error);
/* Serializes and queues `stanza`; flags and *ret_id as for managed_write. */
enum linnet_error_code session_write(struct linnet_client *c, const struct linnet_element *stanza,
                                     unsigned flags, uint64_t *ret_id, struct linnet_error *error);

/* --- iq.c --- */

/* An iq result or error: whether it answers a request of ours. */
bool iq_reply(struct linnet_client *c, const struct element *iq);
void iq_fail_all(struct linnet_client *c, const struct linnet_error *error);
/* Of the session's timer. */
void iq_timer_fired(void *ctx);

/* --- answer.c --- */

/* An iq get or set: answers it, or gives it to the application. */
void answer_request(struct linnet_client *c, const struct element *iq);

#endif
