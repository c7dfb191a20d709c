/*
 * resume.h - sessions that outlive their connection (XEP-0198): detached when the network fails
 * them, resumed by a new connection of the same account, or ended when their time is over. While
 * detached a session is available as before, and what is sent to it is kept. Home loop's thread.
 *
 * When the server stops it detaches all that can be resumed, for the next one (restart.h).
 */
#ifndef SERVER_C2S_RESUME_H
#define SERVER_C2S_RESUME_H

#include "server/c2s/session.h"

struct parted;

/* Whether `s` may be resumed later. */
bool resume_is_possible(const struct session *s);

/* The connection of a session that can be resumed was lost, or will be. */
void resume_detach(struct conn *c);

/* Makes `s`, which has all but these, one that is detached since then. `connection` was the last
 * that it had. */
void resume_part(struct session *s, struct str address, uint64_t since_ms, uint64_t connection);

/* WANT_SESSION. If the session that is asked for can go on with `c`, prepares it and fills `ret`:
 * then resume_attach must follow as soon as the stream was answered. Else NULL, and `ret` says what
 * is known of it. */
struct session *resume_prepare(struct conn *c, const struct stream_session_info *asked,
                               struct stream_session_answer *ret);
void resume_attach(struct session *s, struct conn *c);

/* The state of a new session of `c`, that can be resumed if `resumable`; the caller has the
 * reference. *ret_max_s is for how long. */
struct sm *resume_sm_new(const struct conn *c, const struct stream_session_info *asked,
                         uint32_t *ret_max_s);

/* How much may be kept for one session. */
struct sm_limits resume_limits(const struct worker *w);

/* The detached sessions of a loop, the longest so first; NULL after the last. */
struct session *resume_oldest(const struct worker *w);
struct session *resume_after(const struct session *s);

/* Ends the detached session that has been so for the longest; false when there is none. */
bool resume_end_oldest(struct worker *w);

/* A detached session's time has come. */
void resume_due(struct wheel_node *n);

/* The session ends: what it keeps for being detached. */
void resume_forget(struct session *s);

/* Ends a detached session at the next tick of the worker's clock. */
void resume_expire(struct session *s);

/* Counts what a detached session holds into its worker's memory. */
void resume_count_memory(struct session *s);

/* What a detached session keeps of its connection. */
uint64_t resume_connection_id(const struct session *s);
uint64_t resume_since_ms(const struct session *s);
/* For how long it may still be resumed. */
uint64_t resume_left_ms(const struct session *s);

#endif
