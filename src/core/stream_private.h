/*
 * stream_private.h - the inside of a stream, for stream*.c, feature.c and feat_*.c only.
 *
 * How the files share the work:
 *   stream.c        life, output, time
 *   stream_want.c   events, wants, answers
 *   stream_read.c   bytes to items, items to whoever handles them
 *   stream_open.c   headers of both roles, and restarts
 *   stream_end.c    errors and closing: every way a stream ends
 *   stream_trace.c  the masked trace of the wire
 *   feature.c       the negotiation table
 *   feat_NAME.c     one feature, both halves; those of sign-in, feat_sasl*.c, share sign_in.h
 */
#ifndef CORE_STREAM_PRIVATE_H
#define CORE_STREAM_PRIVATE_H

#include "base/error.h"
#include "base/wipe.h"
#include "core/feature.h"
#include "core/stream.h"
#include "xml/reader.h"

/* In the order of a stream's life: comparisons are meaningful. */
enum stream_phase {
    PHASE_HEADER = 0, /* the peer's header is due (before it, direct TLS) */
    PHASE_FEATURES,   /* client: the features are due */
    PHASE_NEGOTIATE,  /* client: `active` runs; server: the client chooses */
    PHASE_READY,
    PHASE_CLOSING, /* our close tag is written, the peer's is due */
    PHASE_CLOSED
};

enum { STREAM_EVENTS_MAX = 6, STREAM_ID_BYTES = 16 };

/* The one open want. It blocks input from the moment it is set; it is told to the host once the
 * output is acknowledged if it `drains`. */
struct stream_want {
    struct stream_event event; /* its kind NONE: no want is open */
    bool drains, told;
};

/* What only a login needs. */
struct stream_login {
    struct arena own; /* copies of the configuration's strings */
    uint64_t deadline_ms, stage_deadline_ms;
    struct stream_header_info header; /* strings: in header_arena */
    struct stream_auth_info auth;
    char *username; /* server: who authenticated (localpart, prepared) */

    const struct feature *active; /* client: whose exchange runs */
    struct arena features_arena;  /* client: what was offered, until READY */
    struct element *features;
    struct starttls starttls;
    struct bind bind;
};

struct stream {
    /* What is needed for as long as the stream lives. The rest of the configuration (policy, keys,
     * names) and what is under `login` serve negotiation, and are gone on a server once it is
     * READY: an idle session counts its bytes. */
    enum stream_side side;
    uint32_t close_timeout_ms, idle_timeout_ms, keepalive_ms;
    struct stream_trace trace;
    struct stream_config *config;
    struct stream_login *login;
    struct xml_reader *reader;
    struct buf out;

    enum stream_phase phase;
    enum linnet_stage stage;
    bool header_sent; /* in this incarnation of the stream */
    bool header_received;
    bool skip_space; /* what the peer sent behind <auth/> or <success/> is not part of the new
                        stream */
    bool authenticated;
    bool verified; /* TLS, and the certificate was accepted */
    bool was_ready;
    bool secrets_travelled; /* sign-in is over: nothing that is written from now on is secret */

    struct stream_event events[STREAM_EVENTS_MAX];
    unsigned event_first, event_count;
    struct stream_want want;
    uint64_t last_want_id;
    uint64_t early_want; /* WANT_TLS whose handshake is not finished while early data passes; 0 */

    /* times, ms */
    uint64_t now_ms;
    uint64_t close_deadline_ms;
    uint64_t last_received_ms, last_sent_ms;

    /* negotiation */
    struct sign_in *sign_in; /* feat_sasl */
    struct sm *sm;           /* a reference; NULL: off */
    bool sm_counts_in;       /* ... and both ends know that it is on */
    bool sm_owes_answer;     /* <r/> came, its <a/> waits for place */
    bool sm_offered;         /* server: <enable/> may come */
    uint8_t sm_tries;        /* server: of <resume/> */
    bool sm_resume_failed;   /* client */
    bool sm_old_known;       /* client: with the count of what was handled */

    struct tls_facts *tls; /* NULL before TLS; freed at READY on a server */
    const char *domain;    /* server: the one the client chose; client: config.domain */
    const char *mechanism, *binding;
    unsigned path; /* STREAM_PATH_* */
    struct jid jid;

    struct arena header_arena;                 /* what the header's and event strings point to */
    const struct stream_session_info *session; /* that was asked last; in header_arena */
    struct linnet_error *error;                /* set once, by stream_end.c */
};

static inline bool stream_is_client(const struct stream *s)
{
    return s->side == STREAM_CLIENT;
}

/* Server: who signed in. */
static inline struct str stream_username(const struct stream *s)
{
    return s->login ? str_from(s->login->username) : s->jid.local;
}

static inline bool stream_over(const struct stream *s)
{
    return s->phase == PHASE_CLOSED;
}

/* CLOSED is for good: a step that goes on after a failure in its middle cannot revive a stream. */
static inline void stream_move(struct stream *s, enum stream_phase to)
{
    if (!stream_over(s))
        s->phase = to;
}

/* --- stream_want.c --- */

/* Queues an event; `e.id` is ignored. */
void stream_emit(struct stream *s, struct stream_event e);

/* Opens a want: input waits from here. */
void stream_ask(struct stream *s, struct stream_event e, bool drains);

/* Asks for a session; the strings of `info` are in header_arena, or outlive the question. */
void stream_ask_session(struct stream *s, const struct stream_session_info *info);

/* --- stream.c --- */

/* Enters a login stage (client: tells the host). */
void stream_enter(struct stream *s, enum linnet_stage stage);

/* The peer gave a sign of life that moves the login on: the stage's clock starts anew. */
void stream_progress(struct stream *s);

/* Writes one element (traced, masked). */
void stream_write(struct stream *s, const struct element *e);

/* A scratch arena for building what is written: secret, finished by stream_write_built. */
void stream_scratch(struct arena *a);
void stream_write_built(struct stream *s, struct arena *a, const struct element *e);

/* Everything is negotiated: READY. */
void stream_become_ready(struct stream *s);

/* --- stream_open.c --- */

/* Writes our header; a client's waits for the answer. */
void stream_open(struct stream *s);

/* Sign-in is complete without a restart (XEP-0388): the limits of what may come are others now. */
void stream_trust(struct stream *s);

/* The stream begins anew on the same connection (RFC 6120 §4.3.3): new reader, nothing learnt. */
void stream_restart(struct stream *s);

/* The peer's header arrived. */
void stream_header_received(struct stream *s, const struct element *header);

/* --- stream_end.c --- */

/* Ends the stream at once with the catalogue's row; the name, value pairs fill its sentence. When
 * `condition` is not STREAM_OK the peer is told. Every failure passes here. */
void stream_fail(struct stream *s, enum stream_condition condition, enum linnet_error_code code,
                 enum linnet_origin origin, ...) LINNET_SENTINEL;

/* The peer broke the protocol: `reason` for people. */
void stream_fail_protocol(struct stream *s, enum stream_condition condition, const char *reason);

/* The same with an application's condition in the stream error. */
void stream_fail_with(struct stream *s, enum stream_condition condition, const struct element *app,
                      const char *reason);

/* What the peer said, kept for the failure that follows. */
void stream_fail_peer(struct stream *s, enum linnet_error_code code, const char *condition,
                      struct str text);

void stream_out_of_memory(struct stream *s);

/* Writes the close tag before a failure that the peer is not to blame for (RFC 6120 §4.4). */
void stream_take_leave(struct stream *s);

/* A <stream:error/> or the close tag of the peer. */
void stream_error_received(struct stream *s, const struct element *e);
void stream_close_received(struct stream *s);

/* The reader gave up. */
void stream_xml_fault(struct stream *s, const void *data, size_t len);

/* A deadline of the login passed. */
void stream_timed_out(struct stream *s, uint32_t waited_ms);

/* --- stream_trace.c --- */
/* `printed`: the same as XML, where it is at hand; or STR_NONE. */
void stream_trace_element(struct stream *s, enum stream_direction d, const struct element *e,
                          struct str printed);
void stream_trace_text(struct stream *s, enum stream_direction d, struct str xml);

#endif
