/*
 * recorder.h - the flight recorder: what happened during the last login, as lines of text, at most
 * RECORDER_BYTES of them; the oldest go first. Never a secret: what a sign-in says is masked here
 * even when the stream's trace shows it. Out of memory leaves a gap, never a failure. The client's
 * thread.
 */
#ifndef CLIENT_RECORDER_H
#define CLIENT_RECORDER_H

#include "base/buf.h"

#include <linnet/error.h>

enum { RECORDER_BYTES = 60 * 1024, RECORDER_LINE_BYTES = 4096 };

struct recorder {
    struct buf lines;
    uint64_t start_ms;
    size_t lost_bytes; /* of lines that made room */
};

void recorder_init(struct recorder *r);
void recorder_finish(struct recorder *r);

/* Forgets everything; times count from `now_ms`. */
void recorder_start(struct recorder *r, uint64_t now_ms);

/* One line, "     12 ms  " before it. */
void recorder_printf(struct recorder *r, uint64_t now_ms, const char *fmt, ...) PRINTF(3, 4);

/* One item of the wire, after "C: " or "S: ". `masked`: the stream has masked it already. */
void recorder_wire(struct recorder *r, uint64_t now_ms, bool sent, struct str xml, bool masked);

void recorder_error(struct recorder *r, uint64_t now_ms, const struct linnet_error *error);

/* All lines, for free(); NULL when out of memory. */
char *recorder_text(const struct recorder *r) MUST_USE;

#endif
