/* control_ops.h - the table of requests: what a row of it says. */
#ifndef SERVER_CONTROL_CONTROL_OPS_H
#define SERVER_CONTROL_CONTROL_OPS_H

#include "server/control/control.h"
#include "server/ops/ops_request.h"

enum { CONTROL_ARGS_MAX = 7 };

struct control_arg {
    const char *name;
    json_type type; /* JSON_TRUE stands for both booleans */
    bool required;
};

/* A call of ops_accounts.h or ops_tokens.h. */
struct control_account_op {
    enum ops_result (*submit)(struct ops_port *port, const struct ops_ask *ask,
                              struct ops_request **ret, const char **ret_why);
    json_t *(*result)(const struct ops_reply *reply);
};

struct control_op {
    const char *name;
    struct control_arg args[CONTROL_ARGS_MAX + 1]; /* the last has no name */
    const char *help;
    void (*handle)(struct control_call *call);
    struct control_account_op account;               /* of control_account */
    bool early;                                      /* also before the server is set up */
    bool (*is_there)(const struct control *control); /* NULL: always */
};

/* NULL when there is no such request. */
const struct control_op *control_op_find(const struct control *control, const char *name);

/* "string", or with its article "a string". */
const char *control_arg_type(const struct control_arg *arg, bool article);

/* --- control_accounts.c --- */

/* Serves a row with an `account`. */
void control_account(struct control_call *call);

/* What such a row answers with: the address, the account, a page of accounts, its tokens. */
json_t *control_account_address(const struct ops_reply *reply);
json_t *control_account_shown(const struct ops_reply *reply);
json_t *control_account_page(const struct ops_reply *reply);
json_t *control_account_tokens(const struct ops_reply *reply);

#endif
