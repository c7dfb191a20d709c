/* Lines to clients: what is sent, and the events that all followers get. */
#include "base/wipe.h"
#include "server/control/control_private.h"
#include "server/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <time.h>

void control_free_wiped(void *p)
{
    if (p)
        wipe_free(p, malloc_usable_size(p));
}

struct output {
    uv_write_t write;
    struct control_peer *peer;
    char *text;
};

static void written(uv_write_t *write, int status)
{
    struct output *o = CONTAINER_OF(write, struct output, write);
    struct control_peer *c = o->peer;
    control_free_wiped(o->text);
    free(o);
    c->write_count--;
    if (c->closing)
        return;
    if (status < 0)
        control_peer_close(c);
    else
        control_peer_settle(c);
}

void control_send(struct control_peer *c, json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (!text)
        memory_exhausted();
    size_t len = strlen(text);
    text[len++] = '\n'; /* in the place of the NUL */
    size_t queued = c->closing ? 0 : uv_stream_get_write_queue_size((uv_stream_t *)&c->pipe);
    if (c->closing || queued + len > CONTROL_OUTPUT_MAX_BYTES) {
        control_free_wiped(text);
        control_peer_close(c);
        return;
    }
    struct output *o = MEMORY_NEW(struct output);
    o->peer = c;
    o->text = text;
    uv_buf_t bytes = uv_buf_init(text, (unsigned)len);
    c->write_count++;
    if (uv_write(&o->write, (uv_stream_t *)&c->pipe, &bytes, 1, written) < 0) {
        c->write_count--;
        control_free_wiped(text);
        free(o);
        control_peer_close(c);
    }
}

/* --- events --- */

void control_emit(struct control *control, const char *event, json_t *data)
{
    if (control && data) {
        LIST_EACH_SAFE(&control->peers, node)
        {
            struct control_peer *c = CONTAINER_OF(node, struct control_peer, link);
            if (c->following)
                control_send(c, json_pack("{s:s,s:I,s:O}", "event", event, "time_s",
                                          (json_int_t)time(NULL), "data", data));
        }
    }
    json_decref(data);
}

void control_emit_account(struct control *control, const struct ops_event *event)
{
    json_t *data = json_pack("{s:s%,s:s%}", "user", event->user.ptr, event->user.len, "domain",
                             event->domain.ptr, event->domain.len);
    if (data && event->kind == OPS_ACCOUNT_DISABLED)
        json_object_set_new(data, "reason", json_stringn(event->reason.ptr, event->reason.len));
    if (data && event->kind == OPS_ROLE_CHANGED)
        json_object_set_new(data, "role", json_string(ops_role_name(event->role)));
    control_emit(control, ops_event_name(event->kind), data);
}
