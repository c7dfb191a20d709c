#include "client/client_private.h"

/* A loss this long after a change of the network here is put down to it. */
enum { NETWORK_RECENT_MS = 60000 };

static bool owns_nodes(const struct linnet_client *c)
{
    const struct reconnect *r = &c->reconnect;
    return !c->outcome.queued && !c->offline.queued && !r->next[r->turn].queued;
}

static void on_due(void *ctx)
{
    struct linnet_client *c = ctx;
    struct reconnect *r = &c->reconnect;
    r->blocked = !owns_nodes(c);
    if (r->blocked || !r->waiting || c->state != CLIENT_OFFLINE)
        return;
    r->attempt = r->backoff.attempts;
    login_begin(c);
}

bool reconnect_init(struct linnet_client *c)
{
    struct reconnect *r = &c->reconnect;
    r->random = c->random;
    if (!c->config->reconnect)
        return true;
    backoff_init(&r->backoff, c->config->reconnect_cap_ms);
    r->timer = loop_timer_new(&c->loop, on_due, c);
    return r->timer != NULL;
}

void reconnect_finish(struct linnet_client *c)
{
    loop_timer_free(c->reconnect.timer);
    c->reconnect.timer = NULL;
}

/* ---- the steps of a connection ---- */

static void cancel(struct reconnect *r)
{
    r->waiting = r->blocked = false;
    if (r->timer)
        loop_timer_stop(r->timer);
}

void reconnect_begun(struct linnet_client *c)
{
    cancel(&c->reconnect);
    c->reconnect.stopped = false;
}

void reconnect_online(struct linnet_client *c, struct event_node *outcome)
{
    struct reconnect *r = &c->reconnect;
    outcome->event.attempt = r->attempt;
    r->attempt = 0;
    backoff_online(&r->backoff, loop_now_ms());
}

void reconnect_stop(struct linnet_client *c)
{
    c->reconnect.stopped = true;
    cancel(&c->reconnect);
}

/* ---- what follows an end ---- */

static void tell(struct linnet_client *c, enum linnet_event_kind kind,
                 const struct linnet_error *error, uint64_t delay_ms)
{
    struct reconnect *r = &c->reconnect;
    struct event_node *n = &r->next[r->turn];
    r->turn ^= 1;
    event_prepare(n, kind, NULL);
    event_set_error(n, error);
    n->event.attempt = r->backoff.attempts;
    n->event.delay_ms = (uint32_t)delay_ms; /* two days at most */
    event_push(&c->events, n);
}

static void schedule(struct reconnect *r, uint64_t due_ms)
{
    r->waiting = true;
    r->due_ms = due_ms;
    loop_timer_set_at(r->timer, due_ms);
}

static bool own_network(const struct reconnect *r, uint64_t now_ms)
{
    return r->network_down || (r->network_ms && now_ms - r->network_ms < NETWORK_RECENT_MS);
}

bool reconnect_follows(const struct linnet_client *c, const struct linnet_error *error)
{
    return c->reconnect.timer && !c->reconnect.stopped && error->retry != LINNET_RETRY_NO &&
           error->code != LINNET_OK && error->code != LINNET_ERROR_INTERRUPTED;
}

void reconnect_ended(struct linnet_client *c, const struct linnet_error *error)
{
    struct reconnect *r = &c->reconnect;
    uint64_t now_ms = loop_now_ms(), delay_ms;
    r->attempt = 0;
    if (!reconnect_follows(c, error))
        managed_release(c, error);
    if (!r->timer)
        return;
    if (r->stopped || error->code == LINNET_OK || error->code == LINNET_ERROR_INTERRUPTED) {
        /* What the application ended is over, its history too, and it need not be told. */
        backoff_init(&r->backoff, r->backoff.cap_ms);
        return;
    }
    if (error->code == LINNET_ERROR_BAD_CREDENTIALS)
        config_forget_password(c->config); /* the next login asks: no password is tried twice */
    enum backoff_next next =
        backoff_ended(&r->backoff, error, own_network(r, now_ms), now_ms, &r->random, &delay_ms);
    if (next == BACKOFF_GIVE_UP) {
        tell(c, LINNET_EVENT_GIVEN_UP, error, 0);
        return;
    }
    tell(c, LINNET_EVENT_RETRY_SCHEDULED, error, delay_ms);
    recorder_printf(&c->recorder, now_ms, "trying again in %u ms, attempt %u", (unsigned)delay_ms,
                    r->backoff.attempts);
    schedule(r, now_ms + delay_ms);
}

void reconnect_pulled(struct linnet_client *c)
{
    if (c->reconnect.blocked && owns_nodes(c)) {
        c->reconnect.blocked = false;
        loop_timer_set(c->reconnect.timer, 0); /* in a dispatch: to pull an event does no work */
    }
}

/* ---- what the application knows ---- */

bool linnet_client_retry_now(struct linnet_client *c)
{
    if (!c->reconnect.waiting)
        return false;
    schedule(&c->reconnect, loop_now_ms());
    return true;
}

void linnet_client_network_changed(struct linnet_client *c, bool up)
{
    struct reconnect *r = &c->reconnect;
    uint64_t now_ms = loop_now_ms();
    r->network_down = !up;
    r->network_ms = now_ms;
    if (!up)
        return;
    session_probe(c);
    if (r->waiting)
        schedule(r, backoff_hurry(&r->backoff, r->due_ms, now_ms, &r->random));
}
