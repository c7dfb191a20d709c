/*
 * feat_sm.h - stream management (XEP-0198) on a stream: what feat_sm.c gives to the other files of
 * the stream, and to those of SASL2 and Bind 2, inside of which it may be asked for.
 */
#ifndef CORE_FEAT_SM_H
#define CORE_FEAT_SM_H

#include "core/sm_xml.h"
#include "core/stream_private.h"

/* --- while it is on --- */

/* Takes part in `sm`; lets go of it. */
void sm_begin(struct stream *s, struct sm *sm);
void sm_end(struct stream *s);

/* Before a stanza is written. False: it may not be, and the stream ends. */
bool sm_note_sent(struct stream *s, struct str xml, uint64_t tag);

/* Writes <r/> if it is time, and when it will be. */
void sm_ask(struct stream *s);
void sm_ask_now(struct stream *s);
uint64_t sm_due_ms(const struct stream *s);

/* Writes <a/>. */
void sm_tell(struct stream *s);

/* Output was acknowledged: answers the <r/> that came while the peer left too much unread. */
void sm_tell_late(struct stream *s);

/* An element of its namespace after READY. */
void sm_ready_element(struct stream *s, const struct element *e);

/* --- client --- */

bool sm_can_resume(const struct stream *s);
struct element *sm_resume_request(const struct stream *s, struct arena *a);
struct element *sm_enable_request(const struct stream *s, struct arena *a);
/* <enable/> was written inside of something else. False: out of memory. */
bool sm_client_begin(struct stream *s);
/* READY: writes <enable/> if that is wanted and not yet done. */
void sm_client_enable(struct stream *s, bool offered);
/* <enabled/> or <failed/>. */
void sm_client_enabled(struct stream *s, const struct element *e);
/* <resumed/>: READY, and what was unacknowledged is sent again; or the stream has ended. */
void sm_client_resumed(struct stream *s, const struct element *e);
/* <failed/>; NULL: nothing was said of it. */
void sm_client_failed(struct stream *s, const struct element *e);

/* --- server --- */

struct element *sm_resumed_answer(struct arena *a, const struct sm *sm);
struct element *sm_failed_answer(struct arena *a, const struct stream_session_answer *answer);
struct element *sm_enabled_answer(struct arena *a, const struct stream_session_answer *answer);
/* Takes over the address of the session that goes on. False: the stream has ended. */
bool sm_server_resumed(struct stream *s, const struct stream_session_answer *answer);
/* <resumed/> is written: READY. */
void sm_server_go_on(struct stream *s, struct sm *sm);
/* The answer to a question that <enable/> or <resume/> alone raised. */
void sm_answer_session(struct stream *s, const struct stream_session_answer *answer);

#endif
