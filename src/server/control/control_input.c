/* What clients say: bytes, lines, and when to stop reading them. */
#include "server/control/control_private.h"

#include <stdio.h>

static void serve_line(struct control_peer *c, struct str line)
{
    json_error_t fault;
    char why[300];
    json_t *object = json_loadb(line.ptr, line.len, JSON_REJECT_DUPLICATES, &fault);
    if (object) {
        control_serve(c, object);
        json_decref(object);
        return;
    }
    /* jansson quotes the place where it stopped, which may be a part of a password. */
    snprintf(why, sizeof why, "The line is not JSON; the fault is at byte %d", fault.position);
    control_refuse(c, why);
}

static void too_long(struct control_peer *c)
{
    control_refuse(c, "The line is longer than 64 KiB");
    c->ended = true;
    uv_read_stop((uv_stream_t *)&c->pipe);
    buf_reset(&c->in);
    control_peer_settle(c);
}

/* Serves the lines that are complete, until too many calls are open. */
static void serve_lines(struct control_peer *c)
{
    while (!c->closing && c->call_count < CONTROL_CALLS_MAX) {
        struct str held = buf_peek(&c->in);
        const char *end = memchr(held.ptr, '\n', held.len);
        if (!end) {
            if (held.len > CONTROL_LINE_MAX_BYTES)
                too_long(c);
            return;
        }
        size_t len = (size_t)(end - held.ptr);
        if (len > CONTROL_LINE_MAX_BYTES) {
            too_long(c);
            return;
        }
        if (len > 0)
            serve_line(c, str_of(held.ptr, len));
        buf_consume(&c->in, len + 1);
    }
    if (!c->closing && !c->ended) {
        c->paused = true;
        uv_read_stop((uv_stream_t *)&c->pipe);
    }
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    enum { ROOM = 4096 };
    struct control_peer *c = handle->data;
    (void)suggested;
    uint8_t *room = buf_reserve(&c->in, ROOM);
    *ret = uv_buf_init((char *)room, room ? ROOM : 0);
}

static void got_bytes(uv_stream_t *stream, ssize_t len, const uv_buf_t *room)
{
    struct control_peer *c = stream->data;
    (void)room;
    if (len > 0) {
        buf_commit(&c->in, (size_t)len);
        serve_lines(c);
    } else if (len == UV_EOF) {
        c->ended = true;
        uv_read_stop(stream);
        control_peer_settle(c);
    } else if (len < 0) {
        control_peer_close(c);
    }
}

void control_read_more(struct control_peer *c)
{
    c->paused = false;
    serve_lines(c);
    if (!c->closing && !c->paused && !c->ended)
        uv_read_start((uv_stream_t *)&c->pipe, give_room, got_bytes);
}

static struct control_peer *find_paused(const struct control *control)
{
    LIST_EACH(&control->peers, node)
    {
        struct control_peer *c = CONTAINER_OF(node, struct control_peer, link);
        if (c->paused && c->call_count < CONTROL_CALLS_MAX)
            return c;
    }
    return NULL;
}

/* In a turn of the loop, not within the answer that made the room: that may come while the server
 * stops, when there is nothing left to ask. What is served may close any client. */
void control_room_came(void *ctx)
{
    struct control_peer *c;
    while ((c = find_paused(ctx)))
        control_read_more(c);
}
