/*
 * stream.h - one XMPP stream, either end, without sockets, clock, files, threads or randomness.
 *
 * The host feeds bytes with the time and learns how many were consumed; pulls events one by one;
 * peeks output and acknowledges what was written; and asks for the next deadline. So both ends can
 * be replayed from a seed, byte by byte.
 *
 *     n = stream_input(s, now_ms, data, len, 0);      consumed; the host keeps the rest
 *     while (stream_event(s, &ev)) ...                 nothing re-enters
 *     while (stream_output(s, &out)) ... stream_output_ack(s, written)
 *     deadline = stream_deadline_ms(s); stream_tick(s, now_ms)
 *
 * Work done outside is a WANT event with an id, answered later by the stream_answer_* of its kind.
 * While a want is open nothing is consumed (except to refuse bytes that may not be there). An
 * answer whose id is not that of the open want is wiped and dropped: the answer functions return
 * false for it. At most one want is open at a time.
 *
 * Every pointer in an event is borrowed until the next call of stream_input, stream_tick or an
 * answer. Events that were pulled are gone. After STREAM_EVENT_CLOSED nothing follows but output
 * to be flushed.
 *
 * One thread at a time; a stream may change thread between calls. Out of memory ends the stream
 * with LINNET_ERROR_NO_MEMORY. Times are monotonic milliseconds of the host's choosing.
 */
#ifndef CORE_STREAM_H
#define CORE_STREAM_H

#include "base/log.h"
#include "core/policy.h"
#include "core/sm.h"
#include "core/stanza.h"

/* Role is side and kind, never a boolean. */
enum stream_side { STREAM_CLIENT, STREAM_SERVER };
enum stream_kind { STREAM_C2S, STREAM_S2S, STREAM_COMPONENT };
enum stream_framing { STREAM_FRAMING_TCP, STREAM_FRAMING_WEBSOCKET };

enum stream_direction { STREAM_RECEIVED, STREAM_SENT };

/* Where each item of the wire goes for a trace: XML as text, SASL payloads and passwords masked
 * unless `secrets`. A NULL `line` costs nothing. */
struct stream_trace {
    void (*line)(void *ctx, enum stream_direction direction, struct str xml);
    void *ctx;
    bool secrets;
};

/* What a client may use beyond RFC 6120 to be online in fewer round trips. All copied; secrets are
 * wiped. */
struct stream_fast_path {
    bool off;            /* no SASL2 at all */
    struct str agent_id; /* UUID v4 of this installation (XEP-0388); STR_NONE */
    struct str agent_software, agent_device;
    struct str tag;                    /* of the resource (XEP-0386); STR_NONE */
    bool want_token;                   /* ask for a FAST token (XEP-0484); needs agent_id */
    struct str token, token_mechanism; /* one from earlier; STR_NONE */
    uint64_t token_count;              /* of this use; each use has a higher one; 0: none is sent */
    /* <stream:features/> that the server showed earlier on such a connection, as XML. When they
     * hold a config-version (XEP-0509), <authenticate/> leaves together with the header. */
    struct str known_features;
    bool early_data;            /* use the token in TLS early data where the server takes it */
    bool sm;                    /* stream management (XEP-0198) ... */
    bool sm_brief;              /* ... that nobody will resume: the server need not keep it */
    struct sm_limits sm_limits; /* ... of a session that begins */
    /* A session that was broken off, detached (sm_detach), and its full address: it is gone on with
     * if the server agrees. The stream takes a reference only when it does. Borrowed. */
    struct sm *resume;
    struct str resume_address;
};

struct stream_config {
    enum stream_side side;
    enum stream_kind kind;
    enum stream_framing framing;
    bool direct_tls; /* XEP-0368: TLS before the first byte; the first event is WANT_TLS */
    struct login_policy policy;
    struct random_source random;
    struct log_sink log;
    struct stream_trace trace;
    const char *lang; /* our xml:lang; NULL for "en" */

    /* Deadlines; 0 is the default in brackets. */
    uint32_t login_timeout_ms; /* from the first call to READY [60,000] */
    uint32_t stage_timeout_ms; /* of one answer of the peer during login [30,000] */
    uint32_t close_timeout_ms; /* for the peer's close tag [2,000 client, 5,000 server] */
    uint32_t idle_timeout_ms;  /* READY and nothing received: connection-timeout [none] */
    uint32_t keepalive_ms;     /* READY and nothing sent: one space, RFC 6120 §4.6.1 [none] */

    /* Byte limits of one stanza, before and after authentication; 0: 10,000 and 262,144. */
    size_t max_bytes_before_auth, max_bytes_after_auth;

    /* client; all copied */
    struct str domain;   /* where to log in: `to`, prepared */
    struct str username; /* localpart; STR_NONE to stop after features (probe) */
    struct str authzid;  /* only when acting for another */
    struct str resource; /* STR_NONE: the server chooses */
    struct stream_fast_path fast_path;
    /* The password itself can be given at WANT_SECRET, not only a key that was derived from it:
     * then a server that asks is helped to better hashes of it (XEP-0480), over a bound channel. */
    bool upgrade;

    /* server; borrowed, must outlive the stream */
    const char *const *domains; /* prepared; the first is the default `from`; NULL-terminated */
    uint8_t fake_key[32];       /* see sasl.h */
    unsigned fake_iterations;
    bool no_sasl2;     /* RFC 6120 only */
    bool fast;         /* FAST tokens (XEP-0484): WANT_TOKEN will be answered */
    bool sm;           /* stream management (XEP-0198) */
    unsigned upgrades; /* 1 << enum hash_alg, for each that an account may be given a SCRAM row of
                          by its client (XEP-0480): WANT_UPGRADE will be answered */
    bool early_data;   /* a token may come in TLS early data (XEP-0484 §3.4) */
};

struct stream;

/* NULL when out of memory. `now_ms` starts the login deadline. */
struct stream *stream_new(const struct stream_config *config, uint64_t now_ms);

/* Wipes and frees; NULL is fine. */
void stream_free(struct stream *s);

/* ---- bytes ---- */

enum {
    STREAM_BYTES_EARLY = 1,      /* TLS 1.3 early data (RFC 8446 §2.3) */
    STREAM_BYTES_MESSAGE_END = 2 /* end of a WebSocket message (RFC 7395) */
};

/* Returns how many bytes were consumed: up to the next boundary, event or want, or all. 0 with
 * len > 0 means blocked: pull events, answer the want, or hand the bytes to TLS. A call with len 0
 * after the last event of a burst gives back the memory that event borrowed, so that an idle
 * stream of a server holds at most 704 bytes. */
size_t stream_input(struct stream *s, uint64_t now_ms, const void *data, size_t len,
                    unsigned flags);

/* The transport ended: cleanly (`error` NULL) or with a failure of the network. */
void stream_input_end(struct stream *s, uint64_t now_ms, const struct linnet_error *error);

struct stream_output {
    const uint8_t *data;
    size_t len;
    unsigned flags;
};

/* Bytes to write, or false. Borrowed until the next call on `s`. */
bool stream_output(const struct stream *s, struct stream_output *ret);
void stream_output_ack(struct stream *s, uint64_t now_ms, size_t len);

/* ---- time ---- */

/* When stream_tick must be called at the latest; UINT64_MAX for never. */
uint64_t stream_deadline_ms(const struct stream *s);
void stream_tick(struct stream *s, uint64_t now_ms);

/* ---- events ---- */

enum stream_event_kind {
    STREAM_EVENT_NONE = 0,

    STREAM_EVENT_STAGE,         /* client: `stage` began */
    STREAM_EVENT_HEADER,        /* the peer's stream header was accepted: `header` */
    STREAM_EVENT_FEATURES,      /* client: `element` is what the server offers */
    STREAM_EVENT_MECHANISM,     /* client: `choice`, with the verdicts; server: `mechanism` began */
    STREAM_EVENT_AUTH_FAILED,   /* server: one attempt failed: `auth` */
    STREAM_EVENT_TOKEN,         /* client: a new FAST token to keep: `issued` */
    STREAM_EVENT_TOKEN_REFUSED, /* client: the server refused ours, which is to be forgotten; the
                                   login goes on with the password */
    STREAM_EVENT_READY,         /* bound, or resumed (stream_path): `jid` */
    STREAM_EVENT_MANAGED, /* client: stream_sm is on now, and has an id if it can be resumed */
    STREAM_EVENT_ACKED,   /* stream_sm has acknowledged stanzas to be taken (sm_next_acked) */
    STREAM_EVENT_RESUME_FAILED, /* client: the session that was to be resumed is gone */
    STREAM_EVENT_STANZA,        /* `element`, only after READY */
    STREAM_EVENT_CLOSED,        /* `error`; code LINNET_OK for an orderly end that we asked for, or
                                   that the peer began after READY without an error */

    STREAM_WANT_TLS,      /* everything we wrote is acknowledged: handshake now */
    STREAM_WANT_VERIFY,   /* client: the certificate did not verify: `facts`; go on? */
    STREAM_WANT_SECRET,   /* `sasl`: a password or a stored credential */
    STREAM_WANT_DERIVE,   /* `sasl`: PBKDF2 elsewhere; to cancel is to abandon */
    STREAM_WANT_ADMIT,    /* server: `auth` proved who it is; may it in? Asked before success is
                             written, with no output pending: the moment to change loop */
    STREAM_WANT_UPGRADE,  /* server, admitted: `upgrade`: does the account lack one of the rows that
                             the client can help to? */
    STREAM_WANT_UPGRADED, /* server: `upgrade`: a row to be stored */
    STREAM_WANT_TOKEN,    /* server, admitted: `token`: compare-and-set of the FAST token that was
                             used, and a new one */
    STREAM_WANT_SESSION,  /* server: `session`: resume, bind and inline features: one question */
    STREAM_WANT_REGISTER  /* server: `element`: XEP-0077 before login */
};

struct stream_header_info {
    const char *to, *from, *id, *lang; /* as sent; NULL when absent */
};

struct stream_auth_info {
    /* Prepared localpart; may be empty on failure. Nobody acts for another: an authzid is its own
     * user's or is refused. */
    struct str username;
    const char *mechanism;
    const char *binding; /* "tls-exporter"; NULL for none */
    enum sasl_error failure;
    const char *reason; /* why, for a log; static; NULL when the condition says it all */
    bool fatal;         /* server: too many tries; the stream is closing */
};

/* FAST, server: one question, to be answered when it is on disk. */
struct stream_token_info {
    struct str username, client_id;
    struct str software, device; /* as the client names itself; may be empty */
    const char *used;            /* mechanism of the token that signed in; NULL: none did */
    int used_index;              /* which of those given at WANT_SECRET */
    /* A token need have a count only where its message could be played again, in early data, and
     * there it has one (XEP-0484 §3.4). In a TLS connection of its own nobody can do that, and a
     * client that never sends early data may count nothing. */
    bool has_count;
    uint64_t count; /* accept only if it is above the last one of this token */
    bool invalidate;
    const char *issue; /* mechanism to make a new token for; NULL: only if the old one is to go */
};

struct stream_token_answer {
    bool accepted;
    struct str token;  /* a new one; STR_NONE */
    int64_t expires_s; /* Unix time */
};

/* XEP-0480, server: the client has proved the password over a bound channel. */
struct stream_upgrade_info {
    struct str username;
    unsigned algs; /* UPGRADE: 1 << enum hash_alg, for each that the client can be asked for */
    const struct sasl_credential *credential; /* UPGRADED; a secret */
};

struct stream_upgrade_answer {
    bool wanted;                   /* false: the account lacks none of them */
    enum hash_alg alg;             /* one of `algs` that it lacks */
    uint8_t salt[SASL_SALT_BYTES]; /* new, random */
    unsigned iterations;
};

/* FAST, client. */
struct stream_issued_token {
    struct str token;
    const char *mechanism;
    struct str expiry; /* as sent (XEP-0082) */
};

struct stream_session_info {
    struct str username;
    struct str resource;  /* asked for, prepared; STR_NONE: make one */
    struct str tag;       /* Bind 2: begins the resource that is made; prepared; STR_NONE */
    struct str client_id; /* XEP-0388: an older session of the same client ends; STR_NONE */
    struct str software;  /* the same: as the client names itself; STR_NONE */

    bool binds;              /* a resource is to be bound. False: only what follows is asked for */
    bool enables, resumable; /* XEP-0198: to begin, and so that it can be resumed ... */
    uint32_t max_s;          /* ... for so long; 0: not said */
    bool resumes;            /* XEP-0198: rather than all that, go on with `resume_id` */
    struct str resume_id;
    uint32_t resume_h;
};

struct stream_event {
    enum stream_event_kind kind;
    enum linnet_stage stage;
    uint64_t id; /* of a want */
    union {      /* the one that the kind names */
        const struct element *element;
        const struct tls_facts *facts;
        const struct sasl_want *sasl;
        const struct policy_choice *choice; /* client */
        const char *mechanism;              /* server */
        const struct linnet_error *error;
        const struct stream_header_info *header;
        const struct stream_auth_info *auth;
        const struct stream_upgrade_info *upgrade;
        const struct stream_token_info *token;
        const struct stream_issued_token *issued;
        const struct stream_session_info *session;
        const struct jid *jid;
    };
};

/* The next event, or false. */
bool stream_event(struct stream *s, struct stream_event *ret);

/* ---- answers: false (and nothing happens) when `id` is not the open want of that kind ---- */

enum stream_tls_phase { STREAM_TLS_EARLY, STREAM_TLS_FINISHED };

/* `facts` NULL: the handshake failed with `error`.
 *
 * In phase EARLY the handshake has not finished. Where that is allowed, the stream goes on: what a
 * client writes now goes out as early data (and once more after the handshake if it was not
 * accepted), what a server is given now came as early data. Phase FINISHED is answered later, with
 * the same id. Returns false when nothing may pass early; then only FINISHED follows. */
bool stream_answer_tls(struct stream *s, uint64_t now_ms, uint64_t id, enum stream_tls_phase phase,
                       const struct tls_facts *facts, const struct linnet_error *error);
bool stream_answer_verify(struct stream *s, uint64_t now_ms, uint64_t id, bool accept);
/* `secret` is copied; the caller wipes its own. */
bool stream_answer_secret(struct stream *s, uint64_t now_ms, uint64_t id,
                          const struct sasl_secret *secret);
/* `key` NULL: could not be computed. */
bool stream_answer_derive(struct stream *s, uint64_t now_ms, uint64_t id, const uint8_t *key);
/* SASL_ERROR_NONE admits. */
bool stream_answer_admit(struct stream *s, uint64_t now_ms, uint64_t id, enum sasl_error verdict,
                         struct str text);

/* With Bind 2 a refusal shows as success without a session: the client may bind by RFC 6120. */
struct stream_session_answer {
    enum stanza_condition refused; /* STANZA_OK: bound */
    struct str resource;           /* the one in force, prepared */
    struct sm *sm;                 /* begun, with an id if it can be resumed; borrowed; or NULL */
    uint32_t sm_max_s;

    /* The session goes on (sm_resume was called); borrowed; NULL: it cannot, and a new one is bound
     * if that was asked for too. */
    struct sm *resumed;
    struct str resumed_address; /* its full JID */
    bool old_known;             /* it is gone, but so many of its stanzas were handled */
    uint32_t old_h;
};
bool stream_answer_upgrade(struct stream *s, uint64_t now_ms, uint64_t id,
                           const struct stream_upgrade_answer *answer);
/* Whether it is stored or not, the client is let in; if not, no other row is asked for. */
bool stream_answer_upgraded(struct stream *s, uint64_t now_ms, uint64_t id, bool stored);
bool stream_answer_token(struct stream *s, uint64_t now_ms, uint64_t id,
                         const struct stream_token_answer *answer);
bool stream_answer_session(struct stream *s, uint64_t now_ms, uint64_t id,
                           const struct stream_session_answer *answer);
bool stream_answer_register(struct stream *s, uint64_t now_ms, uint64_t id,
                            enum stanza_condition verdict, struct str text);

/* Whether a want is open: input waits. */
bool stream_waiting(const struct stream *s);

/* ---- what the host may do ---- */

/* Queues a stanza. Only after READY; before it and while closing it is dropped and false returned.
 * There is no limit here: watch stream_output_pending. With stream management it is kept until it
 * is acknowledged; past the limits of that the stream is closed with resource-constraint. */
bool stream_send(struct stream *s, uint64_t now_ms, const struct element *stanza);

/* The same for XML that is already serialized for a stream with default namespace jabber:client.
 * `tag` is what sm_next_acked will give. */
bool stream_send_bytes(struct stream *s, uint64_t now_ms, struct str xml, uint64_t tag);

/* With stream management: the oldest `count` stanzas that were told (STREAM_EVENT_STANZA) are
 * finished with, and may be acknowledged. Harmless without. */
void stream_handled(struct stream *s, uint32_t count);

/* With stream management: asks for acknowledgement now, though it be asked for already. Harmless
 * without. */
void stream_ask_acked(struct stream *s, uint64_t now_ms);

/* What is counted on this stream; NULL without stream management. Borrowed. */
struct sm *stream_sm(const struct stream *s);

/* What is counted goes on without this stream, which was told to close: what still comes on it is
 * neither counted nor confirmed. Harmless without stream management. */
void stream_leave_sm(struct stream *s);

/* Client, after RESUME_FAILED: whether the server said how many stanzas of the old session it had:
 * then what its sm still holds did not arrive. */
bool stream_sm_old_known(const struct stream *s);

size_t stream_output_pending(const struct stream *s);

/* Begins an orderly end: with a stream error, or with the close tag alone (STREAM_OK). CLOSED
 * follows when the peer has closed too, or after close_timeout_ms. Harmless when closing. */
void stream_close(struct stream *s, uint64_t now_ms, enum stream_condition condition,
                  struct str text);

/* Nothing goes to `trace` any more. */
void stream_end_trace(struct stream *s);

/* ---- what it knows ---- */

enum linnet_stage stream_stage(const struct stream *s);
bool stream_is_ready(const struct stream *s);
/* NULL before TLS, and on a server once it is READY: copy what you show. */
const struct tls_facts *stream_tls(const struct stream *s);
const struct jid *stream_jid(const struct stream *s); /* NULL before READY */
const char *stream_mechanism(const struct stream *s); /* NULL before sign-in */
const char *stream_binding(const struct stream *s);   /* "tls-exporter"; NULL for none */

/* What shortened the way to READY; a set. */
enum {
    STREAM_PATH_SASL2 = 1,     /* XEP-0388 */
    STREAM_PATH_BIND2 = 2,     /* XEP-0386 */
    STREAM_PATH_TOKEN = 4,     /* XEP-0484 */
    STREAM_PATH_PIPELINED = 8, /* XEP-0509: header and <authenticate/> in one flight */
    STREAM_PATH_RESUMED = 16,  /* XEP-0198: the session before goes on */
    STREAM_PATH_EARLY = 32     /* it came in TLS early data, which was accepted */
};
/* How it signed in; of a server before READY, how it is tried. */
unsigned stream_path(const struct stream *s);

/* Client, SCRAM, after READY: the derived key that may be cached; see sasl_salted_key. */
bool stream_salted_key(const struct stream *s, struct sasl_want *ret_for, struct str *ret_key);

/* Bytes of memory held, for budgets. */
size_t stream_memory(const struct stream *s);

#endif
