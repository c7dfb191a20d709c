/* GET /api/v1/events: what happens, as server-sent events, until the session or the browser ends.
 */
#include "api.h"
#include "backend.h"
#include "route.h"

#include "base/wipe.h"

#include <poll.h>
#include <stdlib.h>

/* Each has a thread and a connection to linnetd; nobody takes them all. SLICE_MS: how late one may
 * see that it must end. */
enum {
    STREAMS_MAX = PLACES_MAX,
    STREAMS_EACH_MAX = 6, /* a tab has one */
    STATUS_MS = 2000,
    SLICE_MS = 250,
    CALL_S = 10,
    BLOCK_BYTES = 16384
};

struct stream {
    struct console *console;
    uint64_t session; /* its id */
    int place, fd;    /* fd: of its connection; borrowed */
    struct control_client *client;
    uint64_t status_due_ms;
    struct buf out;
};

/* --- what is said --- */

static void say_event(struct stream *s, const char *name, const json_t *data)
{
    char *text = json_dumps(data, JSON_COMPACT); /* one line: JSON writes \n for a new one */
    if (text && name)
        buf_printf(&s->out, "event: %s\ndata: %s\n\n", name, text);
    free(text);
}

/* The session must hold, too; its page is open. */
static bool say_status(struct stream *s)
{
    json_t *status;
    struct session who;
    bool ok = sessions_watch(s->console->sessions, console_now_ms(), s->session, &who) &&
              route_check(s->console, &who, NULL) == LINNET_OK &&
              control_client_call(s->client, "status", NULL, CALL_S, &status, NULL) == LINNET_OK;
    if (ok) {
        say_event(s, "status", status);
        json_decref(status);
    }
    wipe(&who, sizeof who);
    s->status_due_ms = console_now_ms() + STATUS_MS;
    return ok;
}

/* A write would show it too, but its place is wanted for the page that comes next. */
static bool has_left(const struct stream *s)
{
    struct pollfd one = {.fd = s->fd, .events = POLLRDHUP};
    return poll(&one, 1, 0) > 0;
}

static bool say_next(struct stream *s)
{
    json_t *event;
    if (s->console->stopping || has_left(s))
        return false;
    if (console_now_ms() >= s->status_due_ms)
        return say_status(s);
    enum linnet_error_code code = control_client_event_within(s->client, SLICE_MS, &event, NULL);
    if (code == LINNET_OK) {
        say_event(s, json_string_value(json_object_get(event, "event")),
                  json_object_get(event, "data"));
        json_decref(event);
    }
    return code == LINNET_OK || code == LINNET_ERROR_TIMEOUT;
}

/* --- the stream --- */

static ssize_t feed(void *ctx, uint64_t at, char *to, size_t size)
{
    struct stream *s = ctx;
    (void)at;
    while (buf_len(&s->out) == 0)
        if (!say_next(s) || s->out.failed)
            return MHD_CONTENT_READER_END_OF_STREAM;
    struct str ready = buf_peek(&s->out);
    size_t len = ready.len < size ? ready.len : size;
    memcpy(to, ready.ptr, len);
    buf_consume(&s->out, len);
    return (ssize_t)len;
}

static void stream_free(void *ctx)
{
    struct stream *s = ctx;
    places_leave(&s->console->streams, s->place);
    control_client_close(s->client);
    buf_finish(&s->out);
    free(s);
}

static enum linnet_error_code follow(struct stream *s, struct linnet_error *error)
{
    static const char *const ops[] = {"events.follow", "logins.follow"};
    enum linnet_error_code code = backend_open(s->console->backend, &s->client, error);
    for (size_t i = 0; code == LINNET_OK && i < ARRAY_LEN(ops); i++) {
        json_t *result;
        code = control_client_call(s->client, ops[i], NULL, CALL_S, &result, error);
        json_decref(result);
    }
    return code;
}

void api_events(struct request *r)
{
    struct linnet_error error = {0};
    struct stream *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->console = r->console;
    s->session = r->who.id;
    s->fd = http_socket(r);
    s->place = places_enter(&r->console->streams, STREAMS_MAX, STREAMS_EACH_MAX, r->who.jid);
    if (s->place < 0)
        error_set(&error, LINNET_ERROR_TIMEOUT, LINNET_ORIGIN_HERE, NULL);
    else
        (void)follow(s, &error);
    if (error.code != LINNET_OK) {
        stream_free(s);
        http_fail(r, &error);
        return;
    }
    http_no_deadline(r);
    http_answer_with(
        r, MHD_HTTP_OK,
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, feed, s, stream_free));
    http_header(r, "Content-Type", "text/event-stream");
}
