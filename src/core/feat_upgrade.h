/*
 * feat_upgrade.h - tasks within sign-in by which a server that has one hash of a password gets a
 * better one (XEP-0480), for SCRAM (§3). Between the proof and <success/> of SASL2:
 *
 *     S: <continue/>    additional-data, one task      step IDLE -> PROVING  (client)
 *     C: <next/>        that task                           OFFERED          (server)
 *     S: <task-data/>   a new salt, iterations              DATA             (both)
 *     C: <task-data/>   SaltedPassword                      ASKING: the want that this needs
 *
 * and so on with the next task. SaltedPassword is worth as much as the password. So both ends do
 * this only with a password and a mechanism that binds the channel (§5), and the client only after
 * it has verified the server's proof.
 *
 * For feat_sasl*.c only.
 */
#ifndef CORE_FEAT_UPGRADE_H
#define CORE_FEAT_UPGRADE_H

#include "core/stream.h"

struct sign_in;

enum upgrade_step {
    UPGRADE_IDLE = 0, /* no task runs */
    UPGRADE_PROVING,  /* client: the proof that came with the first task is being verified */
    UPGRADE_OFFERED,  /* server: <next/> is due */
    UPGRADE_DATA,     /* the peer's <task-data/> is due */
    UPGRADE_ASKING    /* a want of ours is open */
};

static inline unsigned upgrade_bit(enum hash_alg alg)
{
    return 1u << alg;
}

/* Zero in the beginning. Wiped with the exchange that it belongs to. */
struct upgrade {
    enum upgrade_step step;
    unsigned asked;    /* by the client and not done; 1 << enum hash_alg */
    enum hash_alg alg; /* of the task that runs */
    bool concluded;    /* the exchange before it is over, and its last message was told */

    /* client */
    struct sasl_want want;

    /* server */
    struct stream_upgrade_answer given;
    struct sasl_credential credential;
    struct stream_upgrade_info info;
};

/* --- client --- */

/* Adds to <authenticate/> what is asked for, if anything. */
void upgrade_client_ask(struct stream *s, struct arena *a, struct element *e);

/* While the exchange runs: whether `e` was taken, be it as a fault. */
bool upgrade_client_handle(struct stream *s, const struct element *e);

/* The server has proved who it is, with a task. */
void upgrade_client_proved(struct stream *s);

void upgrade_client_secret(struct stream *s, const struct sasl_secret *secret);
void upgrade_client_derived(struct stream *s, const uint8_t *key);

/* --- server --- */

void upgrade_offer(const struct stream *s, struct arena *a, struct element *to);

/* What <authenticate/> asks for. */
void upgrade_server_read(struct stream *s, const struct element *e);

/* After admission: opens WANT_UPGRADE, or returns false when there is nothing to ask. */
bool upgrade_server_ask(struct stream *s);

/* During a task. */
void upgrade_server_handle(struct stream *s, const struct element *e);

/* Adds the exchange's last message, which is told once. */
void upgrade_server_additional(struct sign_in *in, struct arena *a, struct element *to);

#endif
