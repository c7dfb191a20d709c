/* Clients and their calls: how they begin and end. */
#include "net/loop.h"
#include "server/control/control_private.h"
#include "server/memory.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- clients go --- */

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

void control_peer_close(struct control_peer *c)
{
    if (c->closing)
        return;
    c->closing = true;
    list_remove(&c->link);
    list_push(&c->control->leaving, &c->link);
    c->control->peer_count--;
    uv_close((uv_handle_t *)&c->pipe, peer_closed);
}

void control_peer_settle(struct control_peer *c)
{
    if (c->ended && c->call_count == 0 && c->write_count == 0)
        control_peer_close(c);
}

/* --- calls --- */

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

static void call_drop(struct control_call *call)
{
    call->peer->call_count--;
    list_remove(&call->link);
    json_decref(call->id);
    json_decref(call->args);
    json_decref(call->as);
    control_attempt_free(call->attempt);
    free(call);
}

void control_call_free(struct control_call *call)
{
    struct control_peer *c = call->peer;
    call_drop(call);
    if (c->closing) {
        peer_release(c);
        return;
    }
    control_peer_settle(c);
    if (!c->closing && c->paused)
        loop_wake_send(c->control->room_wake);
}

static void call_abandon(struct control_call *call)
{
    ops_forget(call->request);
    call_drop(call);
}

void control_peer_abandon(struct control_peer *c)
{
    list_remove(&c->link);
    c->control = NULL;
    LIST_EACH_SAFE(&c->calls, node)
    {
        struct control_call *call = CONTAINER_OF(node, struct control_call, link);
        if (call->request || call->attempt)
            call_abandon(call);
    }
    peer_release(c);
}

void control_abandon_attempts(struct list *peers)
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
        control_peer_close(c);
    } else if (!admits(c->uid)) {
        log_printf(control->config.log, LOG_WARNING, "control", 0,
                   "a process of user %lu was refused", (unsigned long)c->uid);
        control_refuse(c, "Only the server's own user and root may use the control socket");
        c->ended = true;
    } else if (control->peer_count > CONTROL_CLIENTS_MAX) {
        control_refuse(c, "Too many clients use the control socket");
        c->ended = true;
    } else {
        control_read_more(c);
    }
}

void control_peer_came(uv_stream_t *listener, int status)
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
        control_peer_close(c);
    else
        peer_begin(control, c);
}
