/*
 * wire_sm.h - what a transcript says of stream management (XEP-0198), and the part of a host that
 * keeps it.
 *
 *     sm: on                      asked for, and on offer
 *     sm-id, sm-max: ...          what the server gives; without an id nothing can be resumed
 *     sm-refused: on              the server does not begin it
 *     hold: on                    stanzas are finished with at a line `handles` only
 *     resume: ADDRESS             both halves bring a session that was broken off, named `sm-id`
 *     resume-gone: on             ... but the server has it no more; `old-h: N`: it knows its count
 *     client-sent, client-handled, server-sent, server-handled: N     its counts
 *     client-unacked, server-unacked: <xml>    what was not acknowledged, may be given repeatedly
 *
 *     client: sends <xml>         a stanza; and so `server:` below
 *     client: handles N           finished with
 *     client: waits MS            time passes
 *     client: closes              in order
 *     client: counts H            what it would answer to <r/>
 *     client: holds N             unacknowledged stanzas, of the old session until it is gone on
 * with client: unmanaged           stream management is off client: managed ID          on; "-" for
 * an id: it cannot be resumed client: heard ID...         stanzas that came, by their ids, since
 * the last such line client: acked N             how many of its own were acknowledged since the
 * last such line client: resume refused | client: resume refused known      the session before is
 * gone
 */
#ifndef TESTS_WIRE_SM_H
#define TESTS_WIRE_SM_H

#include "core/stream.h"

enum { WIRE_UNACKED_MAX = 8 };

struct wire_sm {
    /* settings; those in pairs by side */
    bool on, refused, hold, gone;
    const char *id, *max, *address, *old_h;
    const char *sent[2], *handled[2];
    const char *unacked[2][WIRE_UNACKED_MAX];
    size_t unacked_count[2];
};

struct wire_session {
    const struct wire_sm *script;
    enum stream_side side;
    struct sm *old, *begun; /* references */
    unsigned acked;
    bool managed, resume_refused;
    char heard[128];
};

/* Whether `key` is one of these settings, and `value` can be one. */
bool wire_sm_setting(struct wire_sm *s, const char *key, char *value);

void wire_session_begin(struct wire_session *w, const struct wire_sm *script,
                        enum stream_side side);
void wire_session_finish(struct wire_session *w);

/* Adds what the half's configuration says of it. */
void wire_session_configure(const struct wire_session *w, struct stream_config *c);
/* Server: adds to the answer what was asked for. */
void wire_session_answer(struct wire_session *w, const struct stream_session_info *asked,
                         struct stream_session_answer *ret);
void wire_session_event(struct wire_session *w, struct stream *stream,
                        const struct stream_event *ev);

/* Does what the words say; false: they are none of an act. */
bool wire_session_act(struct wire_session *w, struct stream *stream, uint64_t *now_ms,
                      const char *words);
/* Writes how it stands into `out`, in the form of `want`; false: `want` is none of these. */
bool wire_session_state(struct wire_session *w, const struct stream *stream, const char *want,
                        char *out, size_t size);

#endif
