/*
 * login_trace.h - what was said on the wire until a client had signed in, as lines of text: who,
 * when, what. At most LOGIN_TRACE_BYTES: how it began is kept and how it ended, of the middle the
 * oldest lines go, and a line in their place says how many. The stream has masked all secrets
 * before (core/stream_trace.c). One thread at a time.
 */
#ifndef SERVER_C2S_LOGIN_TRACE_H
#define SERVER_C2S_LOGIN_TRACE_H

#include "base/buf.h"

enum {
    LOGIN_TRACE_BYTES = 8192,
    LOGIN_TRACE_HEAD_BYTES = 3072,
    LOGIN_TRACE_LINE_BYTES = 1536 /* of one item of the wire; the rest of it is cut off */
};

struct login_trace {
    struct buf head, tail;
    unsigned lost_lines; /* between the two */
};

/* A zeroed one is empty. */
void login_trace_finish(struct login_trace *t);

void login_trace_add(struct login_trace *t, uint32_t at_ms, bool sent, struct str xml);

/* No line comes any more: gives back the room for more. */
void login_trace_close(struct login_trace *t);

/* Bytes that login_trace_print appends, or a few more. */
size_t login_trace_bytes(const struct login_trace *t);

void login_trace_print(const struct login_trace *t, struct buf *out);

#endif
