#include "server/control/control.h"

#include "net/loop.h"
#include "server/control/control_private.h"
#include "server/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum linnet_error_code refuse(struct linnet_error *error, const char *path, const char *why)
{
    char reason[400];
    snprintf(reason, sizeof reason, "control.socket: %.200s: %s", path, why);
    return error_set(error, LINNET_ERROR_SETTINGS, LINNET_ORIGIN_HERE, "reason", reason, NULL);
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
    return uv_listen((uv_stream_t *)control->listener, 16, control_peer_came) == 0;
}

enum linnet_error_code control_new(const struct control_config *config, struct control **ret,
                                   struct linnet_error *error)
{
    const char *why;
    *ret = NULL;
    json_set_alloc_funcs(malloc, control_free_wiped);
    int fd = control_bind(config->path, &why);
    if (fd < 0)
        return refuse(error, config->path, why);
    struct control *control = MEMORY_NEW(struct control);
    control->config = *config;
    control->path = strdup(config->path);
    list_init(&control->peers);
    list_init(&control->leaving);
    control_logins_init(control);
    control_refusals_init(control);
    control->room_wake = loop_wake_new(config->loop, control_room_came, control);
    if (!control->path || !control->room_wake)
        memory_exhausted();
    if (!listen_on(control, fd)) {
        control_free(control);
        return refuse(error, config->path, "cannot listen");
    }
    *ret = control;
    return LINNET_OK;
}

void control_detach(struct control *control)
{
    if (!control)
        return;
    control_abandon_attempts(&control->peers);
    control_abandon_attempts(&control->leaving);
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
        control_peer_close(CONTAINER_OF(node, struct control_peer, link));
    }
    LIST_EACH_SAFE(&control->leaving, node)
    {
        control_peer_abandon(CONTAINER_OF(node, struct control_peer, link));
    }
    control_logins_finish(control);
    control_refusals_finish(control);
    loop_wake_free(control->room_wake);
    unlink(control->path);
    free(control->path);
    free(control);
}
