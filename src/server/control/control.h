/*
 * control.h - the control socket: requests of linnetctl and the console become ops, and what
 * happens is told to those who follow. JSON lines over a Unix socket of mode 0600, for processes
 * of the server's own user and root (docs/control.md).
 *
 * It lives on one loop and its thread. A line, the calls and the output of a client have limits;
 * one that exceeds them is closed. Lines may hold passwords: their memory is wiped. The program
 * must ignore SIGPIPE (libuv writes with it).
 */
#ifndef SERVER_CONTROL_CONTROL_H
#define SERVER_CONTROL_CONTROL_H

#include "server/c2s/blocks.h"
#include "server/c2s/throttle.h"
#include "server/logins.h"
#include "server/ops/ops.h"
#include "server/ops/ops_settings.h"
#include "server/settings.h"
#include "server/setup.h"

#include <jansson.h>
#include <sys/types.h>

enum {
    CONTROL_LINE_MAX_BYTES = 64 * 1024,
    CONTROL_OUTPUT_MAX_BYTES = 4 * 1024 * 1024,
    CONTROL_CALLS_MAX = 32, /* unanswered, of one client; then it is read no further */
    CONTROL_CLIENTS_MAX = 64
};

struct control;

/* One request on its way. It lives until it is answered, also when its client has gone. */
struct control_call;

/* The session that session.close is about, and who wants its end. */
struct control_session {
    const struct jid *jid;  /* of the server's domain, with a resource */
    struct ops_actor actor; /* borrowed too */
};

/* Which sessions `sessions` is about; borrowed. */
struct control_sessions {
    size_t limit;
    const char *text; /* in the address, the IP address or the software; NULL for any */
    const char *user; /* of this localpart (prepared); NULL for all */
};

/* What only the server's main part knows. Each call is answered exactly once, at once or later, by
 * control_call_reply or control_call_fail on the control socket's loop. */
struct control_host {
    void (*status)(void *ctx, struct control_call *call);
    void (*sessions)(void *ctx, struct control_call *call, const struct control_sessions *which);
    /* Answers with `result` (taken), once each of its `accounts` has `online`: how many sessions it
     * has. */
    void (*online)(void *ctx, struct control_call *call, json_t *result);
    /* Ends the session, borrowed for the call, and answers with its `jid`; or fails with
     * LINNET_ERROR_USAGE when there is none. */
    void (*close_session)(void *ctx, struct control_call *call,
                          const struct control_session *which);
    /* The settings in force; borrowed until the next turn of the loop. */
    const struct settings *(*settings)(void *ctx);
    /* The certificate in force, as in `status`. */
    json_t *(*certificate)(void *ctx);
    void *ctx;
};

/* The first start (setup.h): what the request `setup` needs of the server's main part. */
struct control_setup {
    struct setup *state; /* borrowed; NULL: there is never anything to set up */
    /* The accounts of the domain, which are borrowed; STR_NONE or "" is the one that is given. */
    enum linnet_error_code (*begin)(void *ctx, struct str domain, struct ops_port **ret,
                                    struct linnet_error *error);
    /* The administrator is made: makes the server serve, if it does not yet. */
    enum linnet_error_code (*end)(void *ctx, struct linnet_error *error);
    void *ctx;
};

struct control_config {
    uv_loop_t *loop;
    const char *path;
    struct ops_port *ops; /* borrowed; freed after the control socket. NULL before the set-up: then
                             only what belongs to that is answered */
    struct ops_settings *settings; /* borrowed; there if `ops` is */
    struct control_host host;
    const struct log_sink *log; /* borrowed; NULL for none */
    struct throttle *throttle;  /* borrowed; NULL: passwords may be guessed at any speed */
    struct logins *logins;      /* borrowed; NULL for none, and none of their requests */
    struct blocks *blocks;      /* borrowed; those in force */
    struct control_setup setup;
    /* Whether a process of that user may connect; NULL: the server's own and root. */
    bool (*admits)(uid_t uid);
};

/* Listens. A socket that a server left behind is replaced; one that answers is not. */
enum linnet_error_code control_new(const struct control_config *config, struct control **ret,
                                   struct linnet_error *error) MUST_USE;

/* What there is once the server serves; as in struct control_config. */
struct control_parts {
    struct ops_port *ops;
    struct ops_settings *settings;
    struct throttle *throttle;
    struct logins *logins;
    struct blocks *blocks;
};

/* Once, when it was made without them. */
void control_attach(struct control *control, const struct control_parts *parts);

/* Before throttle, logins and blocks go: what uses them is given up, without an answer. No turn of
 * the loop comes between this and control_free. NULL is fine. */
void control_detach(struct control *control);

/* Closes everything and removes the socket. Calls that the host still holds may be answered later,
 * to nobody. NULL is fine. */
void control_free(struct control *control);

/* Answers with `result` (taken), an object; or with a failure. */
void control_call_reply(struct control_call *call, json_t *result);
void control_call_fail(struct control_call *call, const struct linnet_error *error);

/* Leaves a row in the audit trail: what the call, which is not answered yet, has done for whom it
 * asks. `object` and `detail` as in ops/ops_audit.h. */
void control_call_audit(const struct control_call *call, const char *action, struct str object,
                        struct str detail);

/* Tells all followers. Takes `data`, an object. A NULL control socket has none. */
void control_emit(struct control *control, const char *event, json_t *data);

/* The same for a row of the audit trail. */
void control_emit_audit(struct control *control, const struct store_audit *row);

/* The same for an event of ops. */
void control_emit_account(struct control *control, const struct ops_event *event);

/* The same for a setting that was changed. */
void control_emit_setting(struct control *control, const struct ops_setting_outcome *outcome);

#endif
