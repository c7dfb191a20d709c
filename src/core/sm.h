/*
 * sm.h - the state of stream management (XEP-0198): what was sent and is not acknowledged, and how
 * many stanzas came. It belongs to a session, not to a stream: when a stream breaks, the next one
 * takes it over (sm_detach, sm_resume), and nothing in it starts again at zero.
 *
 * Pure: no stream, no I/O, no clock. One thread at a time. It owns copies of all it is given. While
 * nothing is unacknowledged it holds its own struct and the id, no more.
 *
 * What is counted is stanzas only, `stanza_kind(e) != STANZA_NONE`, and from these moments on (§4,
 * note): outbound from the writing of <enable/> or <enabled/>, inbound from the reading of the
 * other's. A client so calls sm_new when it writes <enable/>, sm_sent from there, and sm_received
 * only after <enabled/> came; a server does all of it when it answers <enable/>.
 *
 *   each stanza out    sm_sent, then its bytes go to the stream, if there is one
 *   each stanza in     sm_received; sm_handled when it is finished with
 *   <a h/>             sm_acked, then sm_next_acked until it is false
 *   <r/>               answered at once with sm_h; also before the stream is closed cleanly
 *   the stream broke   sm_detach; stanzas may still be given to sm_sent
 *   <resume/resumed h> sm_resume, sm_next_acked, then all of sm_next is written to the new stream
 *   <failed h/>        sm_acked, sm_next_acked; what sm_next gives goes to a new session
 *   it is over         what sm_next gives is bounced, stored or shown as not sent; sm_unref
 *
 * Counters are modulo 2^32 on the wire and 64 bits wide here, so that a wrap is no special case.
 *
 * Not its business: that an id is resumed only by the bare JID it was given to.
 */
#ifndef CORE_SM_H
#define CORE_SM_H

#include "base/base.h"

/* Of an SM-ID (§5). */
enum { SM_ID_MAX_BYTES = 4000 };

/* When sm_wants_request: so many stanzas or bytes since the last <r/>; or a pause after the last
 * stanza; or an answer that left something open, and this long after it was asked for. */
enum { SM_ASK_STANZAS = 16, SM_ASK_BYTES = 32768, SM_ASK_PAUSE_MS = 1000, SM_ASK_AGAIN_MS = 10000 };

enum sm_result {
    SM_OK = 0,
    SM_STALE,    /* a count lower than one acknowledged before: nothing was changed */
    SM_TOO_HIGH, /* a count of more than was sent: stream error, handled-count-too-high */
    SM_FULL,     /* past a limit: nothing was changed */
    SM_NO_MEMORY /* nothing was changed */
};

/* Of what is held: unacknowledged, or acknowledged and not yet taken with sm_next_acked. 0 is the
 * default: 1000 stanzas, 1 MiB. */
struct sm_limits {
    uint32_t max_stanzas; /* at most 2^31 - 1 */
    size_t max_bytes;     /* of XML */
};

struct sm;

/* NULL when out of memory. `limits` may be NULL. The caller has the one reference; the session and
 * the stream that it is on at present have one each. NULL is fine for the last two. */
struct sm *sm_new(const struct sm_limits *limits);
struct sm *sm_ref(struct sm *sm);
void sm_unref(struct sm *sm);

/* So many were acknowledged, so many written to a stream, so many handled; ever. */
struct sm_counts {
    uint64_t acked, written, handled;
};
struct sm_counts sm_counts(const struct sm *sm);

/* Goes on, in a new sm, from counts of before: so many were sent and acknowledged, so many
 * handled. sm_sent then adds what was unacknowledged; what was on no stream, after sm_detach. */
void sm_restore(struct sm *sm, uint64_t sent, uint64_t handled);

/* Under which it can be resumed; "" or absent: it cannot. False, and nothing changes, when `id` is
 * longer than SM_ID_MAX_BYTES or memory is out. */
bool sm_set_id(struct sm *sm, struct str id) MUST_USE;
/* Borrowed until sm_set_id; "" when there is none. */
struct str sm_id(const struct sm *sm);

/* ---- outbound ---- */

/* One stanza, exactly as it is written to a stream; `tag` is the owner's. Call it before writing:
 * SM_FULL and SM_NO_MEMORY mean that it is not counted and must not be written. Then wait for
 * acknowledgements, or end the session. */
enum sm_result sm_sent(struct sm *sm, struct str xml, uint64_t tag, uint64_t now_ms) MUST_USE;

/* How many went to a stream, modulo 2^32: the send-count of handled-count-too-high. What was given
 * while detached is not among them until sm_resume. */
uint32_t sm_sent_count(const struct sm *sm);

/* How many of the unacknowledged, the oldest, went to a stream: what follows them reached nobody.
 */
size_t sm_written(const struct sm *sm);

/* The peer has handled `h`. SM_STALE is harmless within a stream: a later <a/> said more. */
enum sm_result sm_acked(struct sm *sm, uint32_t h) MUST_USE;

/* Takes the oldest acknowledged stanza that was not taken yet and frees it; false when there is
 * none. Call it until then: what is not taken counts against the limits. */
bool sm_next_acked(struct sm *sm, uint64_t *ret_tag);

/* What is unacknowledged. */
size_t sm_pending(const struct sm *sm);
size_t sm_pending_bytes(const struct sm *sm);

struct sm_entry {
    struct str xml; /* borrowed until the next call that changes the sm */
    uint64_t tag;
    uint64_t since_ms; /* when it was given to sm_sent: the stamp of a delayed delivery */
};

/* A place among what is unacknowledged; zeroed, before the oldest. It stays right whatever is sent
 * and acknowledged meanwhile, so that resending may go in steps. */
struct sm_cursor {
    uint64_t passed, at;
};

/* Oldest first; false after the newest. */
bool sm_next(const struct sm *sm, struct sm_cursor *c, struct sm_entry *ret);

/* ---- from stream to stream ---- */

/* The stream is gone. What is sent from here on has reached nobody: no count may include it. */
void sm_detach(struct sm *sm);

/* A new stream takes over; the peer has handled `h`. All that sm_next gives must be written to it,
 * in order, uncounted: it has its numbers. What sm_sent adds before that is done comes from sm_next
 * too, in its place. On SM_STALE (the peer lost what it had confirmed and we have dropped) and
 * SM_TOO_HIGH the session cannot be resumed, and is detached still. A server that is not finished
 * with what came (sm_unfinished) waits with <resumed/> until it is, or the client sends that
 * again. */
enum sm_result sm_resume(struct sm *sm, uint32_t h, uint64_t now_ms) MUST_USE;
/* What sm_resume would say; nothing changes. */
enum sm_result sm_may_resume(const struct sm *sm, uint32_t h);

/* ---- inbound ---- */

/* One stanza came. */
void sm_received(struct sm *sm);
/* One came that needs no sm_handled: it counts once all that came before it do. */
void sm_received_finished(struct sm *sm);
/* The `count` oldest unfinished ones are finished with; more than there are counts as all. */
void sm_handled(struct sm *sm, uint32_t count);
/* Of those that came, how many are not finished with. */
uint32_t sm_unfinished(const struct sm *sm);
/* The h of <a/>, <resume/>, <resumed/> and <failed/>. */
uint32_t sm_h(const struct sm *sm);

/* ---- when to ask for acknowledgement ---- */

/* Whether it is time to write <r/>; never while one is unanswered or no stream is there. */
bool sm_wants_request(const struct sm *sm, uint64_t now_ms);
/* When it will be, if nothing happens: 0 for at once, UINT64_MAX for never. */
uint64_t sm_deadline_ms(const struct sm *sm);
/* <r/> was written. */
void sm_requested(struct sm *sm, uint64_t now_ms);
/* Whether an <r/> is unanswered, and since when: a peer that leaves it so may be gone. */
bool sm_unanswered(const struct sm *sm, uint64_t *ret_since_ms);

/* All bytes held, the struct included. */
size_t sm_memory(const struct sm *sm);

#endif
