#include "server/worker.h"

#include "server/c2s/conn.h"
#include "server/c2s/redeliver.h"
#include "server/c2s/resume.h"
#include "server/memory.h"

#include <signal.h>
#include <stdlib.h>

enum { GRACE_MS = 4000 }; /* for streams to be closed by both ends when the server stops */

/* ---- the turn ---- */

static struct conn *pop_dirty(struct worker *w)
{
    struct list *link = list_pop(&w->dirty);
    return link ? CONTAINER_OF(link, struct conn, dirty) : NULL;
}

static void free_doomed(struct worker *w)
{
    struct list *link;
    while ((link = list_pop(&w->doomed)))
        conn_free(CONTAINER_OF(link, struct conn, doomed));
}

/* Sessions that nobody may come back to make room first, then the connection that holds the most.
 */
static void shed(struct worker *w)
{
    size_t budget = (size_t)worker_settings(w)->limits_memory_per_loop_bytes;
    while (w->memory_bytes > budget && resume_end_oldest(w))
        ;
    while (w->memory_bytes > budget && w->conns.count > 0) {
        struct conn *largest = NULL;
        size_t cursor = 0;
        const struct map_entry *e;
        while ((e = map_next(&w->conns, &cursor))) {
            struct conn *c = e->value;
            if (!largest || c->memory_bytes > largest->memory_bytes)
                largest = c;
        }
        conn_abort(largest, "the loop's memory is spent, and it holds the most");
    }
}

static void send_mail(struct worker *w)
{
    for (unsigned i = 0; i < w->server->worker_count; i++)
        mailbox_post(&w->server->workers[i].inbox, &w->outbox[i], w->index,
                     !list_empty(&w->stalled[i]));
}

static void mail_came(void *ctx);

static void go_on(uv_idle_t *handle)
{
    struct worker *w = CONTAINER_OF(handle, struct worker, more);
    struct list now;
    list_init(&now);
    mail_came(w);
    while (!list_empty(&w->again))
        list_push(&now, list_pop(&w->again));
    struct list *link;
    while ((link = list_pop(&now)))
        conn_go_on(CONTAINER_OF(link, struct conn, again));
}

/* Comes after what the sockets brought; but the loop's time is still that of its waking. */
static void turn_began(uv_check_t *handle)
{
    struct worker *w = CONTAINER_OF(handle, struct worker, turn_began);
    lag_turn_began(&w->lag, worker_now_ms(w));
}

static void turn_ended(uv_prepare_t *handle)
{
    struct worker *w = CONTAINER_OF(handle, struct worker, turn_end);
    struct conn *c;
    /* Before its clients are answered, who may ask elsewhere. */
    figures_show(&w->figures);
    do { /* the end of one may be news for others */
        while ((c = pop_dirty(w)))
            conn_turn_end(c);
        shed(w);
    } while (!list_empty(&w->dirty));
    free_doomed(w);
    send_mail(w);
    w->shown_memory = w->memory_bytes;
    w->handshakes_left = (unsigned)worker_settings(w)->limits_handshakes_per_turn;
    if (list_empty(&w->again) && mailbox_sleep(&w->inbox))
        uv_idle_stop(&w->more);
    else
        uv_idle_start(&w->more, go_on);
    if (w->stopping && w->conns.count == 0)
        uv_stop(&w->loop);
    lag_turn_ended(&w->lag, loop_now_ms());
}

static void due(struct wheel_node *n, void *ctx)
{
    (void)ctx;
    conn_due(CONTAINER_OF(n, struct conn, deadline));
}

static void parted_due(struct wheel_node *n, void *ctx)
{
    (void)ctx;
    resume_due(n);
}

static void ticked(void *ctx)
{
    struct worker *w = ctx;
    uint64_t now_ms = worker_now_ms(w);
    wheel_turn(&w->wheel, worker_now_ms(w), due, NULL);
    wheel_turn(&w->parting, worker_now_ms(w), parted_due, NULL);
    loop_timer_set(w->tick, WHEEL_TICK_MS);
    lag_ticked(&w->lag, now_ms, worker_now_ms(w) + WHEEL_TICK_MS);
}

/* ---- mail ---- */

struct word_mail {
    struct mail mail;
    unsigned about;
};

/* Worker `about` has emptied its box: those who waited for it go on. */
static void word_delivered(struct mail *m, void *receiver)
{
    struct word_mail *word = CONTAINER_OF(m, struct word_mail, mail);
    struct worker *w = receiver;
    struct list *link;
    while ((link = list_pop(&w->stalled[word->about]))) {
        struct conn *c = CONTAINER_OF(link, struct conn, stalled);
        c->stalled_member = false;
        conn_again(c);
    }
    free(word);
}

static void send_word(void *ctx, unsigned poster)
{
    struct worker *w = ctx;
    struct word_mail *word = MEMORY_NEW(struct word_mail);
    *word = (struct word_mail){{.deliver = word_delivered}, w->index};
    worker_post(w, poster, &word->mail);
}

/* False when there was none. */
static bool take_mail(struct worker *w)
{
    struct mail *m = mailbox_take(&w->inbox, send_word, w);
    bool any = m;
    while (m) {
        struct mail *next = m->next;
        m->deliver(m, w);
        m = next;
    }
    return any;
}

static void mail_came(void *ctx)
{
    take_mail(ctx);
}

static void wake(void *ctx)
{
    struct worker *w = ctx;
    loop_wake_send(w->wake);
}

bool worker_post(struct worker *w, unsigned to, struct mail *m)
{
    mail_batch_add(&w->outbox[to], m);
    return w->outbox[to].bytes + mailbox_bytes(&w->server->workers[to].inbox) > MAILBOX_HIGH_BYTES;
}

void worker_mail(struct worker *to, struct mail *m)
{
    struct mail_batch batch = {0};
    mail_batch_add(&batch, m);
    mailbox_post(&to->inbox, &batch, 0, false);
}

struct conn *worker_conn(const struct worker *w, uint64_t id)
{
    return map_get(&w->conns, str_of(&id, sizeof id));
}

/* ---- life ---- */

static void init_lists(struct worker *w)
{
    list_init(&w->dirty);
    list_init(&w->again);
    list_init(&w->young);
    list_init(&w->doomed);
    list_init(&w->parted);
    w->outbox = memory_alloc(w->server->worker_count * sizeof *w->outbox);
    w->stalled = memory_alloc(w->server->worker_count * sizeof *w->stalled);
    for (unsigned i = 0; i < w->server->worker_count; i++)
        list_init(&w->stalled[i]);
}

static void init_buffers(struct worker *w)
{
    uint8_t key[16];
    random_fill(&w->server->random, key, sizeof key);
    map_init_borrowing(&w->conns, key);
    map_init_borrowing(&w->users, key);
    w->input = memory_alloc(WORKER_INPUT_BYTES);
    buf_init(&w->scratch, 0, false);
    buf_init(&w->key, 0, false);
    arena_init(&w->arena, 0, false);
}

bool worker_init(struct worker *w, struct server *server, unsigned index, struct live *live,
                 struct tls_ctx *tls)
{
    *w = (struct worker){.server = server, .index = index, .live = live, .tls = tls};
    mailbox_init(&w->inbox, wake, w);
    init_lists(w);
    init_buffers(w);
    w->handshakes_left = (unsigned)worker_settings(w)->limits_handshakes_per_turn;
    if (!loop_init(&w->loop))
        return false;
    w->has_loop = true;
    wheel_init(&w->wheel, worker_now_ms(w));
    wheel_init(&w->parting, worker_now_ms(w));
    uv_check_init(&w->loop, &w->turn_began);
    uv_check_start(&w->turn_began, turn_began);
    uv_prepare_init(&w->loop, &w->turn_end);
    uv_prepare_start(&w->turn_end, turn_ended);
    uv_idle_init(&w->loop, &w->more);
    w->wake = loop_wake_new(&w->loop, mail_came, w);
    w->tick = loop_timer_new(&w->loop, ticked, w);
    w->ops = ops_port_new(server->ops, &w->loop);
    if (!w->wake || !w->tick || !w->ops)
        return false;
    loop_timer_set(w->tick, WHEEL_TICK_MS);
    return true;
}

/* What is done may take a connection off the map, so they are listed first. */
static void each_conn(struct worker *w, void (*act)(struct conn *c))
{
    size_t count = 0, cursor = 0;
    const struct map_entry *e;
    struct conn **conns = memory_alloc(w->conns.count * sizeof(struct conn *));
    while ((e = map_next(&w->conns, &cursor)))
        conns[count++] = e->value;
    for (size_t i = 0; i < count; i++)
        act(conns[i]);
    free(conns);
}

static void end_conn(struct conn *c)
{
    conn_abort(c, "the server stops");
}

/* What is left when the loop has ended goes without a word. */
static void end_conns(struct worker *w)
{
    each_conn(w, end_conn);
    free_doomed(w);
}

static void *run(void *arg)
{
    struct worker *w = arg;
    uv_run(&w->loop, UV_RUN_DEFAULT);
    return NULL;
}

bool worker_start(struct worker *w)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the program's own affair */
    w->running = pthread_create(&w->thread, NULL, run, w) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return w->running;
}

/* ---- stopping ---- */

static void grace_over(void *ctx)
{
    struct worker *w = ctx;
    uv_stop(&w->loop);
}

static void stop_delivered(struct mail *m, void *receiver)
{
    struct worker *w = receiver;
    free(m);
    w->stopping = true;
    w->grace = loop_timer_new(&w->loop, grace_over, w);
    if (!w->grace)
        memory_exhausted();
    loop_timer_set(w->grace, GRACE_MS);
    each_conn(w, conn_shut_down);
}

void worker_stop(struct worker *w)
{
    struct mail *m = MEMORY_NEW(struct mail);
    m->deliver = stop_delivered;
    worker_mail(w, m);
}

void worker_join(struct worker *w)
{
    if (w->running)
        pthread_join(w->thread, NULL);
    w->running = false;
}

/* What waits for the presence of an heir is put into its own queue: that is what is kept. */
static void hand_over_estates(struct worker *w)
{
    for (struct session *s = resume_oldest(w); s; s = resume_after(s))
        redeliver_inherit(s);
}

bool worker_settle(struct worker *w)
{
    bool any = take_mail(w);
    any = w->conns.count > 0 || any;
    end_conns(w);
    hand_over_estates(w);
    for (unsigned i = 0; i < w->server->worker_count; i++)
        any = any || w->outbox[i].first;
    send_mail(w);
    return any;
}

void worker_finish(struct worker *w)
{
    struct session *s;
    if (!w->server)
        return; /* never initialised */
    while ((s = resume_oldest(w)))
        session_discard(s);
    for (unsigned i = 0; i < w->server->worker_count; i++)
        mail_discard_all(w->outbox[i].first);
    mailbox_finish(&w->inbox);
    if (w->has_loop) {
        ops_port_free(w->ops);
        loop_timer_free(w->grace);
        loop_timer_free(w->tick);
        loop_wake_free(w->wake);
        uv_close((uv_handle_t *)&w->turn_began, NULL);
        uv_close((uv_handle_t *)&w->turn_end, NULL);
        uv_close((uv_handle_t *)&w->more, NULL);
        loop_finish(&w->loop);
    }
    map_finish(&w->conns);
    map_finish(&w->users);
    free(w->outbox);
    free(w->stalled);
    free(w->input);
    buf_finish(&w->scratch);
    buf_finish(&w->key);
    arena_finish(&w->arena);
    tls_ctx_unref(w->tls);
    live_unref(w->live);
}
