#include "server/control/control.h"

#include "base/wipe.h"
#include "net/loop.h"
#include "server/control/control_private.h"
#include "server/memory.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* --- memory of JSON --- */

/* Requests hold passwords, and jansson keeps copies while it parses: all it frees is wiped. */
static void free_wiped(void *p)
{
    if (p)
        wipe_free(p, malloc_usable_size(p));
}

/* --- the end of clients and calls --- */

static void peer_release(struct control_peer *c)
{
    if (!c->closed || c->call_count > 0)
        return;
    list_remove(&c->link);
    buf_finish(&c->in);
    control_logins_forget(c);
    free(c);
}

static void peer_closed(uv_handle_t *handle)
{
    struct control_peer *c = handle->data;
    c->closed = true;
    peer_release(c);
}

static void peer_close(struct control_peer *c)
{
    if (c->closing)
        return;
    c->closing = true;
    list_remove(&c->link);
    list_push(&c->control->leaving, &c->link);
    c->control->peer_count--;
    uv_close((uv_handle_t *)&c->pipe, peer_closed);
}

/* Closes one that has sent its last byte and got its last answer. */
static void peer_settle(struct control_peer *c)
{
    if (c->ended && c->call_count == 0 && c->write_count == 0)
        peer_close(c);
}

struct control_call *control_call_new(struct control_peer *peer, json_t *id, json_t *args)
{
    struct control_call *call = MEMORY_NEW(struct control_call);
    call->peer = peer;
    call->id = json_incref(id);
    call->args = json_incref(args);
    list_push(&peer->calls, &call->link);
    peer->call_count++;
    return call;
}

static void call_free(struct control_call *call)
{
    struct control_peer *c = call->peer;
    list_remove(&call->link);
    c->call_count--;
    json_decref(call->id);
    json_decref(call->args);
    json_decref(call->as);
    control_attempt_free(call->attempt);
    free(call);
    if (c->closing) {
        peer_release(c);
        return;
    }
    peer_settle(c);
    if (!c->closing && c->paused)
        loop_wake_send(c->control->room_wake);
}

/* --- output --- */

struct output {
    uv_write_t write;
    struct control_peer *peer;
    char *text;
};

static void written(uv_write_t *write, int status)
{
    struct output *o = CONTAINER_OF(write, struct output, write);
    struct control_peer *c = o->peer;
    free_wiped(o->text);
    free(o);
    c->write_count--;
    if (c->closing)
        return;
    if (status < 0)
        peer_close(c);
    else
        peer_settle(c);
}

/* Sends an object (taken) as a line. A client that does not read what it asked for is closed. */
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
        free_wiped(text);
        peer_close(c);
        return;
    }
    struct output *o = MEMORY_NEW(struct output);
    o->peer = c;
    o->text = text;
    uv_buf_t bytes = uv_buf_init(text, (unsigned)len);
    c->write_count++;
    if (uv_write(&o->write, (uv_stream_t *)&c->pipe, &bytes, 1, written) < 0) {
        c->write_count--;
        free_wiped(text);
        free(o);
        peer_close(c);
    }
}

static json_t *id_of(json_t *id)
{
    return id ? json_incref(id) : json_null();
}

void control_call_reply(struct control_call *call, json_t *result)
{
    if (!result) /* json_pack refused a string that is not UTF-8, or memory ran out */
        result = json_object();
    control_send(call->peer,
                 json_pack("{s:o,s:b,s:o}", "id", id_of(call->id), "ok", 1, "result", result));
    call_free(call);
}

static json_t *failure(json_t *id, const struct linnet_error *error)
{
    const struct linnet_error_info *info = linnet_error_info(error->code);
    json_t *object = json_pack("{s:o,s:b,s:{s:s,s:s}}", "id", id_of(id), "ok", 0, "error", "code",
                               info->id, "sentence", error->sentence);
    if (object && error->retry_after_s > 0)
        put(json_object_get(object, "error"), "retry_s", json_integer(error->retry_after_s));
    return object;
}

void control_call_fail(struct control_call *call, const struct linnet_error *error)
{
    control_send(call->peer, failure(call->id, error));
    call_free(call);
}

void control_refuse(struct control_peer *peer, const char *why)
{
    struct linnet_error error = {0};
    error_set(&error, LINNET_ERROR_USAGE, LINNET_ORIGIN_PEER, "reason", why, NULL);
    control_send(peer, failure(NULL, &error));
}

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

/* --- input --- */

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
    peer_settle(c);
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
        peer_settle(c);
    } else if (len < 0) {
        peer_close(c);
    }
}

static void read_more(struct control_peer *c)
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
static void room_came(void *ctx)
{
    struct control_peer *c;
    while ((c = find_paused(ctx)))
        read_more(c);
}

/* --- clients come --- */

static bool peer_uid(uv_pipe_t *pipe, uid_t *ret)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)pipe, &fd) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return false;
    *ret = peer.uid;
    return true;
}

static bool admits_own(uid_t uid)
{
    return uid == geteuid() || uid == 0;
}

static void peer_begin(struct control *control, struct control_peer *c)
{
    bool (*admits)(uid_t) = control->config.admits ? control->config.admits : admits_own;
    if (!peer_uid(&c->pipe, &c->uid)) {
        peer_close(c);
    } else if (!admits(c->uid)) {
        log_printf(control->config.log, LOG_WARNING, "control", 0,
                   "a process of user %lu was refused", (unsigned long)c->uid);
        control_refuse(c, "Only the server's own user and root may use the control socket");
        c->ended = true;
    } else if (control->peer_count > CONTROL_CLIENTS_MAX) {
        control_refuse(c, "Too many clients use the control socket");
        c->ended = true;
    } else {
        read_more(c);
    }
}

static void connected(uv_stream_t *listener, int status)
{
    struct control *control = listener->data;
    if (status < 0)
        return;
    struct control_peer *c = MEMORY_NEW(struct control_peer);
    c->control = control;
    list_init(&c->calls);
    buf_init(&c->in, 0, true); /* serve_lines bounds it */
    uv_pipe_init(listener->loop, &c->pipe, 0);
    c->pipe.data = c;
    list_push(&control->peers, &c->link);
    control->peer_count++;
    if (uv_accept(listener, (uv_stream_t *)&c->pipe) < 0)
        peer_close(c);
    else
        peer_begin(control, c);
}

/* --- the socket --- */

static enum linnet_error_code refuse(struct linnet_error *error, const char *path, const char *why)
{
    char reason[400];
    snprintf(reason, sizeof reason, "control.socket: %.200s: %s", path, why);
    return error_set(error, LINNET_ERROR_SETTINGS, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

/* Whether the way is free: nothing there, or a socket that nobody listens on, which is removed. */
static bool clear_way(const struct sockaddr_un *address, const char **ret_why)
{
    struct stat st;
    if (lstat(address->sun_path, &st) < 0) {
        *ret_why = strerror(errno);
        return errno == ENOENT;
    }
    *ret_why = "exists and is no socket";
    if (!S_ISSOCK(st.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool answers =
        fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
                    errno != ECONNREFUSED);
    if (fd >= 0)
        close(fd);
    *ret_why = "another server listens on it";
    return !answers && unlink(address->sun_path) == 0;
}

/* A bound socket of mode 0600, or -1. Nobody can connect before it listens. */
static int bind_private(const char *path, const char **ret_why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *ret_why = "the path is longer than 107 bytes";
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, path, strlen(path));
    if (!clear_way(&address, ret_why))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        chmod(path, 0600) == 0)
        return fd;
    *ret_why = strerror(errno);
    if (fd >= 0)
        close(fd);
    return -1;
}

static void free_listener(uv_handle_t *handle)
{
    free(handle);
}

static bool listen_on(struct control *control, int fd)
{
    control->listener = MEMORY_NEW(uv_pipe_t);
    uv_pipe_init(control->config.loop, control->listener, 0);
    control->listener->data = control;
    if (uv_pipe_open(control->listener, fd) < 0) {
        close(fd);
        return false;
    }
    return uv_listen((uv_stream_t *)control->listener, 16, connected) == 0;
}

enum linnet_error_code control_new(const struct control_config *config, struct control **ret,
                                   struct linnet_error *error)
{
    const char *why;
    *ret = NULL;
    json_set_alloc_funcs(malloc, free_wiped);
    int fd = bind_private(config->path, &why);
    if (fd < 0)
        return refuse(error, config->path, why);
    struct control *control = MEMORY_NEW(struct control);
    control->config = *config;
    control->path = strdup(config->path);
    list_init(&control->peers);
    list_init(&control->leaving);
    control_logins_init(control);
    control->room_wake = loop_wake_new(config->loop, room_came, control);
    if (!control->path || !control->room_wake)
        memory_exhausted();
    if (!listen_on(control, fd)) {
        control_free(control);
        return refuse(error, config->path, "cannot listen");
    }
    *ret = control;
    return LINNET_OK;
}

static void call_abandon(struct control_call *call)
{
    ops_forget(call->request);
    control_attempt_free(call->attempt);
    call->peer->call_count--;
    list_remove(&call->link);
    json_decref(call->id);
    json_decref(call->args);
    json_decref(call->as);
    free(call);
}

/* What ops works on goes on without us; what the host holds is its to answer. */
static void peer_abandon(struct control_peer *c)
{
    LIST_EACH_SAFE(&c->calls, node)
    {
        struct control_call *call = CONTAINER_OF(node, struct control_call, link);
        if (call->request || call->attempt)
            call_abandon(call);
    }
}

static void abandon_attempts(struct list *peers)
{
    LIST_EACH(peers, peer_node)
    {
        struct control_peer *c = CONTAINER_OF(peer_node, struct control_peer, link);
        LIST_EACH_SAFE(&c->calls, node)
        {
            struct control_call *call = CONTAINER_OF(node, struct control_call, link);
            if (call->attempt)
                call_abandon(call);
        }
    }
}

void control_detach(struct control *control)
{
    if (!control)
        return;
    abandon_attempts(&control->peers);
    abandon_attempts(&control->leaving);
    control->config.throttle = NULL;
    control->config.logins = NULL;
    control->config.blocks = NULL;
}

void control_free(struct control *control)
{
    if (!control)
        return;
    uv_close((uv_handle_t *)control->listener, free_listener);
    LIST_EACH_SAFE(&control->peers, node)
    {
        peer_close(CONTAINER_OF(node, struct control_peer, link));
    }
    LIST_EACH_SAFE(&control->leaving, node)
    {
        struct control_peer *c = CONTAINER_OF(node, struct control_peer, link);
        list_remove(&c->link);
        c->control = NULL;
        peer_abandon(c);
        peer_release(c);
    }
    control_logins_finish(control);
    loop_wake_free(control->room_wake);
    unlink(control->path);
    free(control->path);
    free(control);
}
