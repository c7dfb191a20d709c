#include "net/loop.h"

#include "net/chan.h"

#include <assert.h>
#include <stdlib.h>

uint64_t loop_now_ms(void)
{
    return uv_hrtime() / 1000000;
}

bool loop_init(uv_loop_t *loop)
{
    return uv_loop_init(loop) == 0;
}

void loop_finish(uv_loop_t *loop)
{
    uv_run(loop, UV_RUN_DEFAULT);
    int result = uv_loop_close(loop);
    assert(result == 0); /* else something on the loop was not freed */
    (void)result;
}

/* ---- a descriptor ---- */

struct loop_poll {
    uv_poll_t handle; /* first: freed through it */
    void (*ready)(void *ctx, unsigned events);
    void *ctx;
    unsigned wants;
};

static void poll_closed(uv_handle_t *handle)
{
    free(CONTAINER_OF(handle, struct loop_poll, handle));
}

static void poll_event(uv_poll_t *handle, int status, int uv_events);

static void poll_start(struct loop_poll *p)
{
    int uv_events = (p->wants & CHAN_WANTS_READ ? UV_READABLE : 0) |
                    (p->wants & CHAN_WANTS_WRITE ? UV_WRITABLE : 0) |
                    (p->wants & LOOP_WANTS_END ? UV_DISCONNECT : 0);
    int result = uv_poll_start(&p->handle, uv_events, poll_event);
    assert(result == 0); /* fails only while closing */
    (void)result;
}

static void poll_event(uv_poll_t *handle, int status, int uv_events)
{
    struct loop_poll *p = CONTAINER_OF(handle, struct loop_poll, handle);
    unsigned events = (uv_events & UV_READABLE ? CHAN_WANTS_READ : 0) |
                      (uv_events & UV_WRITABLE ? CHAN_WANTS_WRITE : 0) |
                      (uv_events & UV_DISCONNECT ? LOOP_WANTS_END : 0);
    if (status < 0) { /* libuv has stopped watching; the owner learns why by reading or writing */
        events = p->wants;
        poll_start(p);
    }
    p->ready(p->ctx, events);
}

struct loop_poll *loop_poll_new(uv_loop_t *loop, int fd, void (*ready)(void *ctx, unsigned events),
                                void *ctx)
{
    struct loop_poll *p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    if (uv_poll_init(loop, &p->handle, fd) != 0) {
        free(p);
        return NULL;
    }
    p->ready = ready;
    p->ctx = ctx;
    return p;
}

void loop_poll_set(struct loop_poll *p, unsigned wants)
{
    if (p->wants == wants)
        return;
    p->wants = wants;
    if (wants)
        poll_start(p);
    else
        uv_poll_stop(&p->handle);
}

void loop_poll_free(struct loop_poll *p)
{
    if (p)
        uv_close((uv_handle_t *)&p->handle, poll_closed);
}

/* ---- a timer ---- */

struct loop_timer {
    uv_timer_t handle;
    void (*fire)(void *ctx);
    void *ctx;
};

static void timer_closed(uv_handle_t *handle)
{
    free(CONTAINER_OF(handle, struct loop_timer, handle));
}

static void timer_fired(uv_timer_t *handle)
{
    struct loop_timer *t = CONTAINER_OF(handle, struct loop_timer, handle);
    t->fire(t->ctx);
}

struct loop_timer *loop_timer_new(uv_loop_t *loop, void (*fire)(void *ctx), void *ctx)
{
    struct loop_timer *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    uv_timer_init(loop, &t->handle);
    t->fire = fire;
    t->ctx = ctx;
    return t;
}

void loop_timer_set(struct loop_timer *t, uint64_t delay_ms)
{
    uv_update_time(t->handle.loop); /* libuv counts from the start of the turn otherwise */
    uv_timer_start(&t->handle, timer_fired, delay_ms, 0);
}

void loop_timer_set_at(struct loop_timer *t, uint64_t at_ms)
{
    uint64_t now_ms = loop_now_ms();
    loop_timer_set(t, at_ms > now_ms ? at_ms - now_ms : 0);
}

void loop_timer_stop(struct loop_timer *t)
{
    uv_timer_stop(&t->handle);
}

void loop_timer_free(struct loop_timer *t)
{
    if (t)
        uv_close((uv_handle_t *)&t->handle, timer_closed);
}

/* ---- a wake-up ---- */

struct loop_wake {
    uv_async_t handle;
    void (*woken)(void *ctx);
    void *ctx;
};

static void wake_closed(uv_handle_t *handle)
{
    free(CONTAINER_OF(handle, struct loop_wake, handle));
}

static void wake_event(uv_async_t *handle)
{
    struct loop_wake *w = CONTAINER_OF(handle, struct loop_wake, handle);
    w->woken(w->ctx);
}

struct loop_wake *loop_wake_new(uv_loop_t *loop, void (*woken)(void *ctx), void *ctx)
{
    struct loop_wake *w = calloc(1, sizeof(*w));
    if (!w)
        return NULL;
    if (uv_async_init(loop, &w->handle, wake_event) != 0) {
        free(w);
        return NULL;
    }
    w->woken = woken;
    w->ctx = ctx;
    return w;
}

void loop_wake_send(struct loop_wake *w)
{
    uv_async_send(&w->handle);
}

void loop_wake_hold(struct loop_wake *w, bool keeps_loop_alive)
{
    if (keeps_loop_alive)
        uv_ref((uv_handle_t *)&w->handle);
    else
        uv_unref((uv_handle_t *)&w->handle);
}

void loop_wake_free(struct loop_wake *w)
{
    if (w)
        uv_close((uv_handle_t *)&w->handle, wake_closed);
}
