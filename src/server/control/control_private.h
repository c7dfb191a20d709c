/* control_private.h - what the socket (control.c) and the table of requests (control_ops.c) share.
 */
#ifndef SERVER_CONTROL_CONTROL_PRIVATE_H
#define SERVER_CONTROL_CONTROL_PRIVATE_H

#include "base/list.h"
#include "server/control/control.h"
#include "server/ops/ops_request.h"

struct control_op;

struct control {
    struct control_config config;
    char *path;
    uv_pipe_t *listener; /* freed by its close callback */
    struct list peers;
    size_t peer_count;
};

struct control_peer {
    struct list link;
    struct control *control; /* NULL once the control socket is gone */
    uv_pipe_t pipe;
    uid_t uid; /* of the process at the other end */
    struct buf in;
    struct list calls;
    size_t call_count, write_count;
    bool paused;    /* too many calls: not reading */
    bool ended;     /* its last byte was read: close when everything is answered */
    bool closing;   /* uv_close was called */
    bool closed;    /* and is through */
    bool following; /* wants events */
};

struct control_call {
    struct list link;
    struct control_peer *peer;
    json_t *id;                  /* NULL when the line had none */
    json_t *args;                /* an object, or NULL; wiped and freed with the call */
    const struct control_op *op; /* its row of the table */
    struct ops_request *request; /* while ops has it */
};

/* Serves a parsed line (borrowed). */
void control_serve(struct control_peer *peer, json_t *line);

/* Answers a line that is no request. */
void control_refuse(struct control_peer *peer, const char *why);

/* Begins a call of `peer`; takes neither. */
struct control_call *control_call_new(struct control_peer *peer, json_t *id, json_t *args);

#endif
