#include "server/c2s/pressure.h"

#include "server/c2s/session.h"
#include "server/memory.h"

#include <stdlib.h>

void pressure_init(struct pressure *p)
{
    *p = (struct pressure){.until_ms = UINT64_MAX};
}

/* ---- the sender's side ---- */

static void apply(struct worker *w, uint64_t conn, int change)
{
    struct conn *c = worker_conn(w, conn);
    if (!c)
        return;
    c->holds += (unsigned)change;
    if (!conn_is_held(c))
        conn_again(c);
}

struct hold_mail {
    struct mail mail;
    uint64_t conn;
    int change;
};

static void hold_delivered(struct mail *m, void *receiver)
{
    struct hold_mail *h = CONTAINER_OF(m, struct hold_mail, mail);
    apply(receiver, h->conn, h->change);
    free(h);
}

static void tell(struct worker *w, const struct parcel_sender *sender, int change)
{
    if (sender->loop == w->index) {
        apply(w, sender->conn, change);
        return;
    }
    struct hold_mail *h = MEMORY_NEW(struct hold_mail);
    *h = (struct hold_mail){{.deliver = hold_delivered}, sender->conn, change};
    worker_post(w, sender->loop, &h->mail);
}

/* ---- the recipient's side ---- */

static bool holds(const struct pressure *p, uint64_t conn)
{
    for (unsigned i = 0; i < p->count; i++)
        if (p->held[i].conn == conn)
            return true;
    return false;
}

static void hold(struct session *s, const struct parcel_sender *sender)
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
    p->held[p->count++] = *sender;
    tell(s->worker, sender, 1);
}

static void release_all(struct session *s)
{
    struct pressure *p = &s->pressure;
    for (unsigned i = 0; i < p->count; i++)
        tell(s->worker, &p->held[i], -1);
    free(p->held);
    p->held = NULL;
    p->count = p->cap = 0;
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

/* Whoever owes acknowledgements is read from: to wait for another first might be to wait for ever.
 */
static void set_owes(struct conn *c, bool owes)
{
    if (owes && !c->owes && c->holds > 0)
        conn_again(c);
    c->owes = owes;
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
        set_owes(c, true);
    if ((slow || owes) && sender && sender->conn)
        hold(s, sender);
}

void pressure_relieve(struct session *s)
{
    struct conn *c = s->conn;
    size_t pending = stream_output_pending(c->stream);
    size_t limit = limit_of(s);
    if (c->write_blocked && pending > limit) {
        conn_log(c, LOG_NOTICE, "too slow: %zu bytes wait to be sent", pending);
        conn_close(s->conn, STREAM_RESOURCE_CONSTRAINT, "too much waits to be sent");
    } else if (pending <= limit / 8 && unacknowledged_bytes(s) <= limit / 8) {
        set_owes(c, false);
        s->pressure.spent = false;
        if (s->pressure.count > 0)
            release_all(s);
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
    release_all(s);
}

void pressure_end(struct session *s)
{
    release_all(s);
}
