#include "core/sm.h"

#include "base/buf.h"

#include <stdlib.h>

enum { STANZAS_DEFAULT = 1000, BYTES_DEFAULT = 1 << 20 };

/* What stands in the queue before the XML of each stanza. */
struct record {
    uint64_t tag, since_ms;
    uint32_t len;
};

/* Every stanza out has a number, from 1. Those numbered
 *
 *      taken < n <= acked     are acknowledged, and not yet taken by the owner
 *      acked < n <= sent      are unacknowledged
 *      written < n <= sent    have been on no stream: `written` is `sent` but while detached
 *
 * and the queue holds a record of each that is not taken, in order. */
struct sm {
    struct buf queue;
    size_t untaken_bytes;    /* of the queue: its acknowledged part */
    uint64_t consumed_bytes; /* ever: where the queue begins, for cursors */
    uint64_t taken, acked, written, sent;
    uint64_t handled;           /* inbound: h, not yet modulo */
    uint64_t asked;             /* the last stanza that an <r/> or an <a/> covered */
    uint64_t asked_ms, last_ms; /* when <r/> was written; when the last stanza was sent */
    size_t unasked_bytes;       /* of XML, after `asked` */
    size_t max_bytes;
    char *id; /* NULL when it cannot be resumed */
    uint32_t max_stanzas;
    uint32_t unfinished;
    uint32_t finished, finished_after; /* so many more count once so many of those do */
    unsigned refs;
    bool detached, unanswered;
};

struct sm *sm_new(const struct sm_limits *limits)
{
    static const struct sm_limits none;
    if (!limits)
        limits = &none;
    struct sm *sm = calloc(1, sizeof *sm);
    if (!sm)
        return NULL;
    sm->refs = 1;
    sm->max_stanzas = limits->max_stanzas ? limits->max_stanzas : STANZAS_DEFAULT;
    if (sm->max_stanzas > INT32_MAX)
        sm->max_stanzas = INT32_MAX; /* half a wrap: beyond it, low could not be told from high */
    sm->max_bytes = limits->max_bytes ? limits->max_bytes : BYTES_DEFAULT;
    buf_init(&sm->queue, 0, false);
    return sm;
}

struct sm *sm_ref(struct sm *sm)
{
    if (sm)
        sm->refs++;
    return sm;
}

void sm_unref(struct sm *sm)
{
    if (!sm || --sm->refs > 0)
        return;
    buf_finish(&sm->queue);
    free(sm->id);
    free(sm);
}

struct sm_counts sm_counts(const struct sm *sm)
{
    return (struct sm_counts){sm->acked, sm->written, sm->handled};
}

void sm_restore(struct sm *sm, uint64_t sent, uint64_t handled)
{
    sm->taken = sm->acked = sm->written = sm->sent = sm->asked = sent;
    sm->handled = handled;
}

bool sm_set_id(struct sm *sm, struct str id)
{
    char *copy = NULL;
    if (id.len > SM_ID_MAX_BYTES)
        return false;
    if (id.len > 0) {
        copy = malloc(id.len + 1);
        if (!copy)
            return false;
        memcpy(copy, id.ptr, id.len);
        copy[id.len] = '\0';
    }
    free(sm->id);
    sm->id = copy;
    return true;
}

struct str sm_id(const struct sm *sm)
{
    return sm->id ? str_from(sm->id) : STR_LIT("");
}

/* ---- the queue ---- */

/* The record `at` bytes into the queue. */
static struct record record_at(const struct sm *sm, size_t at, struct str *ret_xml)
{
    struct record r;
    const uint8_t *from = sm->queue.data + sm->queue.start + at;
    memcpy(&r, from, sizeof r);
    *ret_xml = str_of(from + sizeof r, r.len);
    return r;
}

/* How far it is from the record `at` bytes into the queue to the next. */
static size_t record_size(const struct sm *sm, size_t at)
{
    struct str xml;
    return sizeof(struct record) + record_at(sm, at, &xml).len;
}

static enum sm_result append(struct sm *sm, struct str xml, uint64_t tag, uint64_t now_ms)
{
    struct record r = {.tag = tag, .since_ms = now_ms, .len = (uint32_t)xml.len};
    uint8_t *to = buf_reserve(&sm->queue, sizeof r + xml.len);
    if (!to) {
        sm->queue.failed = false; /* it holds what it held */
        return SM_NO_MEMORY;
    }
    memcpy(to, &r, sizeof r);
    if (xml.len > 0)
        memcpy(to + sizeof r, xml.ptr, xml.len);
    buf_commit(&sm->queue, sizeof r + xml.len);
    return SM_OK;
}

/* XML in the queue, without the records' heads. */
static size_t held_bytes(const struct sm *sm)
{
    return buf_len(&sm->queue) - (size_t)(sm->sent - sm->taken) * sizeof(struct record);
}

enum sm_result sm_sent(struct sm *sm, struct str xml, uint64_t tag, uint64_t now_ms)
{
    if (sm->sent - sm->taken >= sm->max_stanzas || xml.len > UINT32_MAX ||
        xml.len > sm->max_bytes - held_bytes(sm))
        return SM_FULL;
    enum sm_result result = append(sm, xml, tag, now_ms);
    if (result != SM_OK)
        return result;
    sm->sent++;
    if (!sm->detached)
        sm->written = sm->sent;
    sm->unasked_bytes += xml.len;
    sm->last_ms = now_ms;
    return SM_OK;
}

uint32_t sm_sent_count(const struct sm *sm)
{
    return (uint32_t)sm->written;
}

size_t sm_written(const struct sm *sm)
{
    return (size_t)(sm->written - sm->acked);
}

size_t sm_pending(const struct sm *sm)
{
    return (size_t)(sm->sent - sm->acked);
}

size_t sm_pending_bytes(const struct sm *sm)
{
    return buf_len(&sm->queue) - sm->untaken_bytes - sm_pending(sm) * sizeof(struct record);
}

bool sm_next(const struct sm *sm, struct sm_cursor *c, struct sm_entry *ret)
{
    if (c->passed < sm->acked) { /* new, or what it would come to was acknowledged */
        c->passed = sm->acked;
        c->at = sm->consumed_bytes + sm->untaken_bytes;
    }
    if (c->passed == sm->sent)
        return false;
    struct record r = record_at(sm, (size_t)(c->at - sm->consumed_bytes), &ret->xml);
    ret->tag = r.tag;
    ret->since_ms = r.since_ms;
    c->passed++;
    c->at += sizeof r + r.len;
    return true;
}

/* ---- acknowledgement ---- */

/* How many more than before `h` acknowledges. What lies between `acked` and `written`, modulo 2^32,
 * is new. Below it is a count that was true once, unless so many were never sent; a peer that
 * answers the first stanza with 2^32 - 1 is not late, it is wrong. */
static enum sm_result judge(const struct sm *sm, uint32_t h, uint32_t *ret_more)
{
    uint32_t more = h - (uint32_t)sm->acked, less = (uint32_t)sm->acked - h;
    *ret_more = more;
    if (more <= sm->written - sm->acked)
        return SM_OK;
    return less <= INT32_MAX && less <= sm->acked ? SM_STALE : SM_TOO_HIGH;
}

enum sm_result sm_acked(struct sm *sm, uint32_t h)
{
    uint32_t more;
    enum sm_result result = judge(sm, h, &more);
    if (result == SM_TOO_HIGH)
        return result;
    sm->unanswered = false; /* an answer it is, even if it says nothing new */
    if (result == SM_STALE)
        return result;
    for (uint32_t i = 0; i < more; i++)
        sm->untaken_bytes += record_size(sm, sm->untaken_bytes);
    sm->acked += more;
    if (sm->asked < sm->acked) { /* unasked for: the next question need not cover these */
        sm->asked = sm->acked;
        sm->unasked_bytes = sm_pending_bytes(sm);
    }
    return SM_OK;
}

bool sm_next_acked(struct sm *sm, uint64_t *ret_tag)
{
    if (sm->taken == sm->acked)
        return false;
    struct str xml;
    struct record r = record_at(sm, 0, &xml);
    size_t size = sizeof r + r.len;
    *ret_tag = r.tag;
    buf_consume(&sm->queue, size);
    buf_trim(&sm->queue);
    sm->untaken_bytes -= size;
    sm->consumed_bytes += size;
    sm->taken++;
    return true;
}

/* ---- from stream to stream ---- */

void sm_detach(struct sm *sm)
{
    sm->detached = true;
    sm->unanswered = false; /* whoever was asked is gone */
}

enum sm_result sm_resume(struct sm *sm, uint32_t h, uint64_t now_ms)
{
    sm_detach(sm); /* the old stream may be open still: it is not ours any more */
    enum sm_result result = sm_acked(sm, h);
    if (result != SM_OK)
        return result;
    sm->detached = false;
    sm->written = sm->sent;
    sm->asked = sm->acked; /* what is written again is asked for again */
    sm->unasked_bytes = sm_pending_bytes(sm);
    sm->last_ms = now_ms;
    return SM_OK;
}

enum sm_result sm_may_resume(const struct sm *sm, uint32_t h)
{
    uint32_t more;
    return judge(sm, h, &more);
}

/* ---- inbound ---- */

void sm_received(struct sm *sm)
{
    sm->unfinished++;
}

/* Where there are some already, they wait for what the newest waits for: an h may be too low for a
 * while, not too high. */
void sm_received_finished(struct sm *sm)
{
    sm->finished++;
    sm->finished_after = sm->unfinished;
    sm_handled(sm, 0);
}

void sm_handled(struct sm *sm, uint32_t count)
{
    if (count > sm->unfinished)
        count = sm->unfinished;
    sm->unfinished -= count;
    sm->handled += count;
    sm->finished_after -= count < sm->finished_after ? count : sm->finished_after;
    if (sm->finished_after > 0)
        return;
    sm->handled += sm->finished;
    sm->finished = 0;
}

uint32_t sm_unfinished(const struct sm *sm)
{
    return sm->unfinished;
}

uint32_t sm_h(const struct sm *sm)
{
    return (uint32_t)sm->handled;
}

/* ---- when to ask ---- */

uint64_t sm_deadline_ms(const struct sm *sm)
{
    if (sm->detached || sm->unanswered || sm_pending(sm) == 0)
        return UINT64_MAX;
    if (sm->sent - sm->asked >= SM_ASK_STANZAS || sm->unasked_bytes >= SM_ASK_BYTES)
        return 0;
    return sm->sent > sm->asked ? sm->last_ms + SM_ASK_PAUSE_MS : sm->asked_ms + SM_ASK_AGAIN_MS;
}

bool sm_wants_request(const struct sm *sm, uint64_t now_ms)
{
    return now_ms >= sm_deadline_ms(sm);
}

void sm_requested(struct sm *sm, uint64_t now_ms)
{
    sm->asked = sm->sent;
    sm->unasked_bytes = 0;
    sm->asked_ms = now_ms;
    sm->unanswered = true;
}

bool sm_unanswered(const struct sm *sm, uint64_t *ret_since_ms)
{
    *ret_since_ms = sm->asked_ms;
    return sm->unanswered;
}

size_t sm_memory(const struct sm *sm)
{
    return sizeof *sm + sm->queue.cap + (sm->id ? strlen(sm->id) + 1 : 0);
}
