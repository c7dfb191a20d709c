#include "server/c2s/pressure.h"

#include "server/c2s/session.h"
#include "server/memory.h"

#include <stdlib.h>

void pressure_init(struct pressure *p)
{
    *p = (struct pressure){.until_ms = UINT64_MAX};
}

/* ---- the sender's side ---- */

static void apply(struct worker *w, const struct pressure_hold *h, int change)
{
    struct conn *c = worker_conn(w, h->sender.conn);
    if (!c)
        return;
    *(h->for_ack ? &c->waits : &c->holds) += (unsigned)change;
    if (!conn_is_held(c))
        conn_again(c);
}

struct hold_mail {
    struct mail mail;
    struct pressure_hold hold;
    int change;
};

static void hold_delivered(struct mail *m, void *receiver)
{
    struct hold_mail *h = CONTAINER_OF(m, struct hold_mail, mail);
    apply(receiver, &h->hold, h->change);
    free(h);
}

static void tell(struct worker *w, const struct pressure_hold *hold, int change)
{
    if (hold->sender.loop == w->index) {
        apply(w, hold, change);
        return;
    }
    struct hold_mail *h = MEMORY_NEW(struct hold_mail);
    *h = (struct hold_mail){{.deliver = hold_delivered}, *hold, change};
    worker_post(w, hold->sender.loop, &h->mail);
}

/* ---- the recipient's side ---- */

static bool holds(const struct pressure *p, uint64_t conn)
{
    for (unsigned i = 0; i < p->count; i++)
        if (p->held[i].sender.conn == conn)
            return true;
    return false;
}

static void hold(struct session *s, const struct parcel_sender *sender, bool for_ack)
{
    struct pressure *p = &s->pressure;
    if (p->spent || p->count == PRESSURE_HELD_MAX || holds(p, sender->conn))
        return;
    if (p->count == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 4;
        p->held = realloc(p->held, p->cap * sizeof *p->held);
        if (!p->held)
            memory_exhausted();
    }
    if (p->count == 0)
        p->until_ms = worker_now_ms(s->worker) + PRESSURE_HOLD_MS;
    p->held[p->count] = (struct pressure_hold){*sender, for_ack};
    tell(s->worker, &p->held[p->count++], 1);
}

/* Those who wait for the reader, or for acknowledgements too. */
static void release(struct session *s, bool acks_too)
{
    struct pressure *p = &s->pressure;
    unsigned kept = 0;
    for (unsigned i = 0; i < p->count; i++) {
        if (acks_too || !p->held[i].for_ack)
            tell(s->worker, &p->held[i], -1);
        else
            p->held[kept++] = p->held[i];
    }
    p->count = kept;
    if (kept > 0)
        return;
    free(p->held);
    p->held = NULL;
    p->cap = 0;
    p->until_ms = UINT64_MAX;
}

static size_t limit_of(const struct session *s)
{
    return (size_t)worker_settings(s->worker)->limits_send_queue_bytes;
}

static size_t unacknowledged_bytes(const struct session *s)
{
    return s->sm ? sm_pending_bytes(s->sm) : 0;
}

/* Who owes acknowledgements does not wait for those of others: that might be for ever. */
static void set_owes(struct conn *c)
{
    if (!c->owes && c->waits > 0)
        conn_again(c);
    c->owes = true;
}

void pressure_resumed(struct session *s)
{
    pressure_init(&s->pressure);
    if (unacknowledged_bytes(s) > limit_of(s) / 4)
        set_owes(s->conn);
}

void pressure_sent(struct session *s, const struct parcel_sender *sender)
{
    struct conn *c = s->conn;
    size_t high = limit_of(s) / 4;
    if (!c)
        return;
    bool slow = c->write_blocked && stream_output_pending(c->stream) > high;
    bool owes = unacknowledged_bytes(s) > high;
    if (owes)
        set_owes(c);
    if ((slow || owes) && sender && sender->conn)
        hold(s, sender, !slow);
}

void pressure_relieve(struct session *s)
{
    struct conn *c = s->conn;
    size_t pending = stream_output_pending(c->stream);
    size_t limit = limit_of(s);
    if (c->write_blocked && pending > limit) {
        conn_log(c, LOG_NOTICE, "too slow: %zu bytes wait to be sent", pending);
        conn_close(s->conn, STREAM_RESOURCE_CONSTRAINT, "too much waits to be sent");
    } else if (pending <= limit / 8) {
        bool settled = unacknowledged_bytes(s) <= limit / 8;
        if (settled)
            c->owes = s->pressure.spent = false;
        if (s->pressure.count > 0)
            release(s, settled);
    }
}

uint64_t pressure_deadline_ms(const struct session *s)
{
    return s ? s->pressure.until_ms : UINT64_MAX;
}

void pressure_due(struct session *s, uint64_t now_ms)
{
    if (now_ms < s->pressure.until_ms)
        return;
    s->pressure.spent = true;
    release(s, true);
}

void pressure_end(struct session *s)
{
    release(s, true);
}
