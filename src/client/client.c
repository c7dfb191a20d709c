#include "client/client_private.h"

#include "base/wipe.h"
#include "net/loop.h"

#include <errno.h>
#include <limits.h>
#include <linnet/linnet.h>
#include <poll.h>
#include <stdlib.h>

const char *linnet_version(void)
{
    return LINNET_VERSION;
}

/* ---- posting ---- */

struct posted {
    struct list node;
    void (*run)(struct linnet_client *client, void *ctx);
    void *ctx;
};

enum linnet_error_code linnet_client_post(struct linnet_client *c,
                                          void (*run)(struct linnet_client *client, void *ctx),
                                          void *ctx)
{
    struct posted *p = malloc(sizeof *p);
    if (!p)
        return LINNET_ERROR_NO_MEMORY;
    p->run = run;
    p->ctx = ctx;
    /* The wake-up is sent under the lock, so that whoever saw the function run knows that its
     * poster is out of the client, but for the unlocking. */
    uv_mutex_lock(&c->posted_mutex);
    list_push(&c->posted, &p->node);
    loop_wake_send(c->wake);
    uv_mutex_unlock(&c->posted_mutex);
    return LINNET_OK;
}

/* Moves all that is posted to `to`, an empty list. */
static void take_posted(struct linnet_client *c, struct list *to)
{
    struct list *node;
    uv_mutex_lock(&c->posted_mutex);
    while ((node = list_pop(&c->posted)))
        list_push(to, node);
    uv_mutex_unlock(&c->posted_mutex);
}

/* What these functions post in their turn waits for the next one: a function that posts itself
 * must not keep the loop. */
static void run_posted(struct linnet_client *c, struct linnet_client *argument)
{
    struct list due, *node;
    list_init(&due);
    take_posted(c, &due);
    while ((node = list_pop(&due))) {
        struct posted *p = CONTAINER_OF(node, struct posted, node);
        p->run(argument, p->ctx);
        free(p);
    }
}

static void on_wake(void *ctx)
{
    run_posted(ctx, ctx);
}

/* ---- life ---- */

static bool start(struct linnet_client *c)
{
    list_init(&c->posted);
    event_queue_init(&c->events);
    recorder_init(&c->recorder);
    buf_init(&c->tls_session, MEMORY_SESSION_BYTES, true);
    entropy_init(&c->entropy);
    c->random = entropy_source(&c->entropy);
    c->has_mutex = uv_mutex_init(&c->posted_mutex) == 0;
    c->has_loop = c->has_mutex && loop_init(&c->loop);
    if (!c->has_loop)
        return false;
    c->wake = loop_wake_new(&c->loop, on_wake, c);
    return c->wake && login_init(c) && session_init(c) && managed_init(c) && reconnect_init(c);
}

static bool begin(struct linnet_client *c, struct linnet_error *error)
{
    if (start(c))
        return remember_init(c, error);
    error_set(error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    return false;
}

enum linnet_error_code linnet_client_new(const struct linnet_config *config,
                                         struct linnet_client **ret_client,
                                         struct linnet_error *error)
{
    struct linnet_error found = {0};
    struct linnet_client *c = NULL;
    *ret_client = NULL;
    struct linnet_config *copy = config_dup(config, true, &found);
    if (!copy)
        goto fail;
    c = calloc(1, sizeof *c);
    if (!c) {
        linnet_config_free(copy);
        error_set(&found, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
        goto fail;
    }
    c->config = copy;
    if (!begin(c, &found))
        goto fail;
    *ret_client = c;
    return LINNET_OK;
fail:
    linnet_client_free(c);
    if (error)
        *error = found;
    return found.code;
}

void linnet_client_free(struct linnet_client *c)
{
    if (!c)
        return;
    dial_free(c->dial);
    want_finish(c);
    remember_finish(c);
    session_finish(c);
    login_finish(c);
    managed_finish(c);
    reconnect_finish(c);
    if (c->has_mutex)
        run_posted(c, NULL);
    loop_wake_free(c->wake);
    if (c->has_loop)
        loop_finish(&c->loop);
    if (c->has_mutex)
        uv_mutex_destroy(&c->posted_mutex);
    event_queue_finish(&c->events);
    recorder_finish(&c->recorder);
    tls_ctx_unref(c->tls);
    buf_finish(&c->tls_session);
    entropy_finish(&c->entropy);
    linnet_config_free(c->config);
    free(c->jid);
    wipe_free(c, sizeof *c);
}

struct stream *client_stream(const struct linnet_client *c)
{
    struct pump *pump = dial_pump(c->dial);
    return pump ? pump_stream(pump) : NULL;
}

void client_kick(struct linnet_client *c)
{
    struct pump *pump = dial_pump(c->dial);
    if (pump)
        pump_kick(pump);
}

/* ---- hosting ---- */

int linnet_client_fd(const struct linnet_client *c)
{
    return uv_backend_fd(&c->loop);
}

int linnet_client_timeout_ms(const struct linnet_client *c)
{
    if (!list_empty(&c->events.waiting))
        return 0;
    uv_loop_t *loop = (uv_loop_t *)(uintptr_t)&c->loop; /* its idea of now is not our state */
    uv_update_time(loop);
    return uv_backend_timeout(loop);
}

void linnet_client_dispatch(struct linnet_client *c)
{
    uv_run(&c->loop, UV_RUN_NOWAIT);
}

static int shorter(int a_ms, int b_ms)
{
    if (a_ms < 0 || b_ms < 0)
        return a_ms < 0 ? b_ms : a_ms;
    return a_ms < b_ms ? a_ms : b_ms;
}

bool linnet_client_wait(struct linnet_client *c, int timeout_ms)
{
    uint64_t end_ms = timeout_ms < 0 ? UINT64_MAX : loop_now_ms() + (unsigned)timeout_ms;
    while (list_empty(&c->events.waiting)) {
        uint64_t now_ms = loop_now_ms();
        if (timeout_ms < 0 && c->state == CLIENT_OFFLINE && !c->reconnect.waiting)
            return false;
        int left_ms = timeout_ms < 0 ? -1 : now_ms < end_ms ? (int)(end_ms - now_ms) : 0;
        struct pollfd fd = {.fd = linnet_client_fd(c), .events = POLLIN};
        poll(&fd, 1, shorter(left_ms, linnet_client_timeout_ms(c)));
        linnet_client_dispatch(c);
        if (left_ms == 0)
            break;
    }
    return !list_empty(&c->events.waiting);
}

const struct linnet_event *linnet_client_event(struct linnet_client *c)
{
    managed_given_back(c);
    managed_tell(c);
    const struct linnet_event *event = event_next(&c->events);
    if (event && event->kind == LINNET_EVENT_MEMORY)
        remember_pulled(c);
    reconnect_pulled(c);
    if (dial_pump(c->dial) && c->events.bytes <= CLIENT_EVENTS_BYTES)
        pump_pause(dial_pump(c->dial), false);
    return event;
}

/* ---- what it knows ---- */

bool linnet_client_is_online(const struct linnet_client *c)
{
    return c->state == CLIENT_ONLINE;
}

const char *linnet_client_jid(const struct linnet_client *c)
{
    return c->jid ? c->jid : c->config->address.full;
}

const char *linnet_client_peer(const struct linnet_client *c)
{
    return c->login.peer;
}

const char *linnet_client_mechanism(const struct linnet_client *c)
{
    return c->login.mechanism;
}

const char *linnet_client_binding(const struct linnet_client *c)
{
    return c->login.binding;
}

const struct linnet_tls *linnet_client_tls(const struct linnet_client *c)
{
    return c->login.has_tls ? &c->login.tls_public : NULL;
}

uint32_t linnet_client_stage_ms(const struct linnet_client *c, enum linnet_stage stage)
{
    if (stage == LINNET_STAGE_NONE)
        return (uint32_t)c->login.total_ms;
    return (unsigned)stage <= LINNET_STAGE_READY ? (uint32_t)c->login.stage_ms[stage] : 0;
}

char *linnet_client_recording(const struct linnet_client *c)
{
    return recorder_text(&c->recorder);
}

size_t linnet_client_pending_bytes(const struct linnet_client *c)
{
    const struct stream *stream = client_stream(c);
    return stream ? stream_output_pending(stream) : 0;
}

void linnet_client_make_id(struct linnet_client *c, char out[LINNET_ID_SIZE])
{
    uint8_t raw[(LINNET_ID_SIZE - 2) / 2];
    char hex[2 * sizeof raw + 1];
    random_fill(&c->random, raw, sizeof raw);
    hash_hex(str_of(raw, sizeof raw), hex);
    memcpy(out, hex, sizeof hex);
    memset(out + sizeof hex, 0, LINNET_ID_SIZE - sizeof hex);
}
