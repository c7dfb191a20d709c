#include "server/c2s/conn.h"

#include "server/route/router.h"

#include <time.h>

/* The moment to move: its credentials are verified, success is not yet written, nothing is
 * under way. The channel, what was read ahead (in TLS too) and the stream go together, as one
 * owned object, and are not touched until the home loop has them. */

static void admit(struct conn *c)
{
    const struct newcomer *n = c->newcomer;
    stream_answer_admit(c->stream, worker_now_ms(c->worker), n->want_id, n->refusal,
                        str_from(n->refusal_text));
}

static void arrived(struct mail *m, void *receiver)
{
    struct conn *c = CONTAINER_OF(m, struct newcomer, mail)->conn;
    struct worker *w = receiver;
    c->state = CONN_OPEN;
    conn_attach(c, w);
    if (c->state == CONN_GONE)
        return;
    if (w->stopping) {
        conn_shut_down(c);
        return;
    }
    if (blocks_hit(&w->server->blocks, &c->peer.ip, (int64_t)time(NULL))) {
        conn_abort(c, "its network was blocked"); /* while it was on its way */
        return;
    }
    admit(c);
    conn_go_on(c);
}

static void lost(struct mail *m)
{
    conn_free(CONTAINER_OF(m, struct newcomer, mail)->conn);
}

void conn_want_admit(struct conn *c, const struct stream_event *ev)
{
    struct worker *w = c->worker;
    struct newcomer *n = c->newcomer;
    unsigned home = router_home(w, router_key_of_local(w, ev->auth->username));
    n->want_id = ev->id;
    conn_throttle_proved(c);
    if (n->refusal == SASL_ERROR_NONE)
        conn_login_attempt(c, ev->auth);
    if (home == w->index || n->refusal != SASL_ERROR_NONE) {
        admit(c);
        return;
    }
    c->state = CONN_MOVING;
    n->home = home;
}

void conn_depart(struct conn *c)
{
    struct worker *w = c->worker;
    struct newcomer *n = c->newcomer;
    conn_detach(c);
    n->mail = (struct mail){.deliver = arrived, .discard = lost, .bytes = c->memory_bytes};
    worker_post(w, n->home, &n->mail);
}
