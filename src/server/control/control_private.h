/* control_private.h - what the files of the control socket share; control_ops.h has the table. */
#ifndef SERVER_CONTROL_CONTROL_PRIVATE_H
#define SERVER_CONTROL_CONTROL_PRIVATE_H

#include "base/list.h"
#include "server/control/control.h"
#include "server/control/refusals.h"
#include "server/memory.h"
#include "server/ops/ops_request.h"

struct control_op;
struct control_attempt;

struct control {
    struct control_config config;
    char *path;
    uv_pipe_t *listener; /* freed by its close callback */
    struct list peers;
    struct list leaving; /* closed, with calls that are not answered yet */
    size_t peer_count;
    struct loop_wake *room_wake;   /* a client that is not read may be again */
    struct loop_wake *logins_wake; /* sign-ins were added */
    uint64_t logins_told;          /* the last that followers heard of */
    struct refusals refusals;
    struct loop_timer *refusals_timer;
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
    bool closing;   /* uv_close was called; it is one of those that leave */
    bool closed;    /* and is through */
    bool following; /* wants events */

    struct logins_query logins; /* wants these sign-ins, if logins_following; owns the user */
    bool logins_following, logins_trace;
};

struct control_call {
    struct list link;
    struct control_peer *peer;
    json_t *id;                      /* NULL when the line had none */
    json_t *args;                    /* an object, or NULL; wiped and freed with the call */
    json_t *as;                      /* whom it is for, or NULL */
    const struct control_op *op;     /* its row of the table */
    struct ops_request *request;     /* while ops has it */
    struct control_attempt *attempt; /* admin.sign_in */
};

/* --- control_socket.c --- */

/* A bound socket of mode 0600, or -1. Nobody can connect before it listens. */
int control_bind(const char *path, const char **ret_why);

/* --- control_peer.c --- */

/* For uv_listen: a client comes. */
void control_peer_came(uv_stream_t *listener, int status);
void control_peer_close(struct control_peer *peer);
/* Closes one that has sent its last byte and got its last answer. */
void control_peer_settle(struct control_peer *peer);
/* One that was closed goes, now that the control socket does. What ops works on goes on without us;
 * what the host holds is its to answer. */
void control_peer_abandon(struct control_peer *peer);
/* Ends what uses the throttle. */
void control_abandon_attempts(struct list *peers);

/* Begins a call of `peer`; takes neither. */
struct control_call *control_call_new(struct control_peer *peer, json_t *id, json_t *args);
/* It is answered. */
void control_call_free(struct control_call *call);

/* --- control_input.c --- */

/* Reads a client from now on, as long as not too many of its calls are open. */
void control_read_more(struct control_peer *peer);
/* For room_wake: goes on with clients that were not read. */
void control_room_came(void *control);

/* --- control_output.c --- */

/* Requests hold passwords, and jansson keeps copies while it parses: all it frees is wiped. */
void control_free_wiped(void *p);
/* Sends an object (taken) as a line. A client that does not read what it asked for is closed. */
void control_send(struct control_peer *peer, json_t *object);

/* --- control_serve.c --- */

/* Serves a parsed line (borrowed). */
void control_serve(struct control_peer *peer, json_t *line);

/* --- control_actor.c --- */

/* What is wrong with the member `as` of a request, or NULL; `as` may be. */
const char *control_actor_fault(const json_t *as);
/* Who asks; its strings live as long as the call. */
struct ops_actor control_actor(const struct control_call *call);

static inline const struct control_config *control_config_of(const struct control_call *call)
{
    return &call->peer->control->config;
}

/* --- control_args.c --- */

/* An argument, or STR_NONE. */
static inline struct str control_string(const struct control_call *call, const char *name)
{
    const json_t *value = json_object_get(call->args, name);
    return value ? str_of(json_string_value(value), json_string_length(value)) : STR_NONE;
}

static inline json_int_t control_int(const struct control_call *call, const char *name,
                                     json_int_t fallback)
{
    const json_t *value = json_object_get(call->args, name);
    return value ? json_integer_value(value) : fallback;
}

/* Whether the arguments are those of the row, as the next two: else the call was failed. */
bool control_args_check(struct control_call *call);
/* `limit`, from 1 to `max`; 100 when there is none. */
bool control_limit(struct control_call *call, size_t max, size_t *ret);
/* `before`, the id of a row; the highest there is when there is none. */
bool control_before(struct control_call *call, int64_t *ret);

/* --- building answers --- */

/* Takes `value`, which is NULL only when memory ran out: all strings here are UTF-8. */
static inline void put(json_t *object, const char *name, json_t *value)
{
    if (!value || json_object_set_new(object, name, value) < 0)
        memory_exhausted();
}

/* The same at the end of an array. */
static inline void append(json_t *array, json_t *value)
{
    if (!value || json_array_append_new(array, value) < 0)
        memory_exhausted();
}

static inline json_t *new_object(void)
{
    json_t *object = json_object();
    if (!object)
        memory_exhausted();
    return object;
}

/* --- control_answer.c --- */

/* Answers a line that is no request. */
void control_refuse(struct control_peer *peer, const char *why);

/* Fails a call: the request asks for what cannot be. */
void control_call_refuse(struct control_call *call, const char *fmt, ...) PRINTF(2, 3);

/* Fails it as ops says (ops_error of ops/ops.h). */
void control_call_fail_ops(struct control_call *call, enum ops_result result, const char *address,
                           const char *why);

/* Text from the store, which may be damaged: what is not UTF-8 is no reason to end the server. */
json_t *control_stored(struct str text);

/* --- control_admin.c --- */

void control_admin_sign_in(struct control_call *call);
void control_admin_check(struct control_call *call);
void control_name_check(struct control_call *call);
void control_attempt_free(struct control_attempt *attempt); /* NULL is fine */

/* --- control_refusals.c --- */

void control_refusals_init(struct control *control);
void control_refusals_finish(struct control *control);
/* A sign-in failed: the audit trail hears of it. `user` is prepared; "" for no name. */
void control_refused(const struct control_call *call, struct str user, const struct peer *peer,
                     enum linnet_error_code why);

/* --- control_setup.c --- */

/* Whether these two are there. */
bool control_setup_needed(const struct control *control);
void control_setup(struct control_call *call);
void control_setup_state(struct control_call *call);

/* --- control_session.c --- */

void control_sessions_list(struct control_call *call);
void control_session_close(struct control_call *call);

/* --- control_audit.c --- */

void control_audit_list(struct control_call *call);

/* --- control_settings.c --- */

void control_settings_list(struct control_call *call);
void control_settings_set(struct control_call *call); /* and settings.reset, which has no value */
void control_settings_check(struct control_call *call);
void control_settings_history(struct control_call *call);
void control_reload(struct control_call *call);

/* --- control_mechanisms.c --- */

void control_mechanisms_list(struct control_call *call);

/* --- control_throttle.c --- */

void control_throttle_list(struct control_call *call);
void control_throttle_forgive(struct control_call *call);

/* --- control_blocks.c --- */

/* Logs what an operator did about guessers: the one place for throttle.forgiven, block.added and
 * block.removed. `detail` may be "". */
void control_security_tell(const struct control_call *call, const char *action, const char *object,
                           const char *detail);
void control_blocks(struct control_call *call);
void control_block_add(struct control_call *call);
void control_block_remove(struct control_call *call);

/* --- control_logins.c --- */

/* The localpart, prepared, of a user name or a bare JID; NULL when it is neither. The caller's. */
char *control_user(const json_t *typed);
void control_logins_init(struct control *control);
void control_logins_listen(struct control *control); /* to the ring, if there is one */
void control_logins_finish(struct control *control);
void control_logins_forget(struct control_peer *peer);
void control_logins_list(struct control_call *call);
void control_logins_follow(struct control_call *call);

#endif
