/*
 * sim.h - both ends of the protocol over a link in virtual time, from one seed.
 *
 *   sim_rng    a seeded stream of numbers: everything that happens is drawn from it
 *   sim_pipe   one direction: bytes are cut, delayed, stalled, and perhaps cut off for good
 *   sim_end    a host for one struct stream: pumps bytes, plays TLS, answers wants late
 *   sim_kept   what an end keeps from one connection to the next: tokens, features, a session
 *   sim_run    a login and a conversation, perhaps a second after the first broke, and what must be
 *              true of them
 *
 * TLS is played: a hello each way that begins with 0x16, then every byte is masked, so that a byte
 * on the wrong side of the boundary breaks the run. What travels unmasked is recorded as clear.
 */
#ifndef TESTS_SIM_H
#define TESTS_SIM_H

#include "core/stream.h"

/* ---- randomness ---- */

struct sim_rng {
    uint64_t state;
};

uint64_t sim_next(struct sim_rng *r);
uint64_t sim_below(struct sim_rng *r, uint64_t n); /* 0..n-1 */
bool sim_chance(struct sim_rng *r, unsigned percent);
struct random_source sim_random(struct sim_rng *r);

/* ---- a direction of the link ---- */

enum sim_cut { SIM_CUT_NONE, SIM_CUT_RESET, SIM_CUT_END, SIM_CUT_SILENCE };

struct sim_pipe {
    struct buf bytes;  /* written, not yet delivered */
    uint64_t ready_ms; /* when the next piece arrives */
    uint64_t passed;   /* bytes delivered so far */
    uint64_t cut_at;   /* the fault strikes after this many bytes */
    enum sim_cut cut;
    bool cut_done;
};

/* ---- what an end keeps ---- */

struct sim_end;

/* Each message is of a connection, an epoch, in which it has a number: its tag. */
enum { SIM_EPOCHS = 2 };

struct sim_kept {
    /* FAST */
    char token[40], mechanism[24];
    uint64_t count; /* client: of the last use; server: the highest that came */
    /* XEP-0509, client */
    struct buf features;
    /* XEP-0198 */
    struct sm *sm; /* a reference; of the session that was broken off */
    char address[256];
    bool resend; /* how much of it arrived is known; the rest goes to the new session */
    unsigned issued;
    unsigned sent[SIM_EPOCHS], received[SIM_EPOCHS];
    const char *broken; /* what was wrong, or NULL */
};

void sim_kept_finish(struct sim_kept *k);
/* Adds to the configuration of an end's next stream what it kept. */
void sim_kept_configure(struct sim_end *e, struct stream_config *c);
/* Before the stream goes: its session is kept, and more is sent meanwhile. */
void sim_kept_leave(struct sim_end *e, uint64_t now_ms);

/* The host's part in events and wants. */
void sim_kept_event(struct sim_end *e, const struct stream_event *ev);
void sim_kept_ready(struct sim_end *e, uint64_t now_ms);
bool sim_give_tokens(const struct sim_end *e, struct sasl_secret *ret);
bool sim_answer_token(struct sim_end *e, const struct stream_event *ev, uint64_t now_ms);
bool sim_answer_session(struct sim_end *e, const struct stream_event *ev, uint64_t now_ms);

/* ---- an end ---- */

struct sim_end {
    struct stream *stream;
    struct sim_rng *rng;
    struct sim_pipe *in, *out;
    enum stream_side side;
    const struct sim_case *test;
    const struct sim_end *peer;
    struct sim_kept kept;
    unsigned epoch; /* of the connection, from 0 */
    unsigned path;  /* how it became ready */
    bool over_tls;

    struct buf unread; /* received, not consumed by the stream */
    bool tls_playing, tls_on;
    uint64_t tls_want;
    struct buf tls_hello; /* of the peer, as far as it came */
    bool ended;           /* the transport is gone */

    struct stream_event asked; /* the want that waits for its time */
    struct sasl_want asked_sasl;
    uint64_t answer_ms;

    /* what happened */
    unsigned ready, closed;
    uint64_t outcome_ms;
    struct linnet_error error;
    char jid[256];
    unsigned auth_failures;
    struct buf clear; /* all that it wrote without TLS */
};

/* ---- a run ---- */

struct sim_case {
    uint64_t seed;
    struct login_policy client_policy, server_policy;
    bool direct_tls, verdict_good, accept_bad, wrong_password, unknown_user, disabled, tls12,
        can_bind, store_down, host_wrong;
    bool sasl2[2], sm[2]; /* by side */
    bool fast, token_stale, known, known_stale;
    bool again;                 /* there is a second connection ... */
    bool old_gone, old_counted; /* ... and the session before is no more, but for its count */
    const char *password;
    unsigned messages;
    struct tls_facts facts;
    struct sasl_credential credentials[5];
    size_t credential_count;
    bool verbose;
};

/* The fault of the link: drawn from the seed, or one place for one direction. */
struct sim_fault {
    bool chosen;
    enum sim_cut cut;
    bool upwards;   /* from client to server */
    uint64_t at;    /* bytes that still pass */
    uint64_t total; /* out: how many passed that way in all */
};

/* Runs the seed; NULL when everything held, or a sentence that says what did not. */
const char *sim_run(uint64_t seed, struct sim_fault *fault, bool verbose);

/* The hosts' parts, for sim_run. An end begins a connection, leaves it, and may begin another. */
void sim_end_init(struct sim_end *e, enum stream_side side, const struct sim_case *test,
                  struct sim_rng *rng, struct sim_pipe *in, struct sim_pipe *out);
void sim_end_connect(struct sim_end *e, uint64_t now_ms);
void sim_end_leave(struct sim_end *e, uint64_t now_ms);
void sim_end_finish(struct sim_end *e);
/* Lets the end do all it can at `now`; false when nothing was left to do. */
bool sim_end_work(struct sim_end *e, uint64_t now_ms);
/* When it next has something to do by itself. */
uint64_t sim_end_deadline(const struct sim_end *e);

#define SIM_DOMAIN "localhost"
#define SIM_USER "juliet"

#endif
