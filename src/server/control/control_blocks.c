/* blocks, block.add and block.remove: networks that may not connect. */
#include "server/control/control_private.h"
#include "server/ops/ops_security.h"

#include <time.h>

enum { HOURS_MAX = 10 * 366 * 24 };

/* What an operator did about guessers, to whom, and more about it or "". */
void control_security_tell(const struct control_call *call, const char *action, const char *object,
                           const char *detail)
{
    char actor[OPS_ACTOR_BYTES];
    const struct ops_actor who = control_actor(call);
    log_printf(control_config_of(call)->log, LOG_NOTICE, "security", 0, "%s: %s by %s%s%s", action,
               object, ops_actor_text(&who, actor), detail[0] ? ": " : "", detail);
}

static int64_t unix_s(void)
{
    return (int64_t)time(NULL);
}

/* ---- the list ---- */

static json_t *describe_block(const struct network_block *block)
{
    char text[NETWORK_TEXT_BYTES];
    json_t *o = new_object();
    put(o, "network", json_string(network_text(&block->network, text)));
    put(o, "reason", control_stored(str_from(block->reason)));
    put(o, "since_s", json_integer(block->since_s));
    put(o, "until_s", block->until_s ? json_integer(block->until_s) : json_null());
    put(o, "actor", control_stored(str_from(block->actor)));
    put(o, "hits", json_integer((json_int_t)block->hits));
    return o;
}

static void add_block(void *ctx, const struct network_block *block)
{
    append(ctx, describe_block(block));
}

void control_blocks(struct control_call *call)
{
    json_t *o = new_object(), *list = json_array();
    blocks_each(control_config_of(call)->blocks, unix_s(), add_block, list);
    put(o, "blocks", list);
    control_call_reply(call, o);
}

/* ---- changing them ---- */

/* The network that is asked for; false after the call was failed. */
static bool read_network(struct control_call *call, struct network *ret)
{
    char text[NETWORK_TEXT_BYTES];
    switch (network_parse(control_string(call, "network"), ret)) {
    case NETWORK_OK:
        return true;
    case NETWORK_HAS_HOST:
        control_call_refuse(call,
                            "The network of that length is %s; an address alone has no length",
                            network_text(ret, text));
        return false;
    case NETWORK_MALFORMED:
        break;
    }
    control_call_refuse(call, "network must be like 192.0.2.0/24, 2001:db8::/32 or 192.0.2.7");
    return false;
}

/* The same, if it may be blocked. */
static bool read_blockable(struct control_call *call, struct network *ret)
{
    if (!read_network(call, ret))
        return false;
    if (network_has_loopback(ret)) {
        control_call_refuse(call, "This machine itself (127.0.0.0/8, ::1) cannot be blocked, nor a "
                                  "network that holds it");
        return false;
    }
    return true;
}

/* 0 for ever, which is when there are no hours. False after the call was failed. */
static bool read_until(struct control_call *call, int64_t *ret)
{
    const json_t *hours = json_object_get(call->args, "hours");
    *ret = 0;
    if (!hours)
        return true;
    if (json_integer_value(hours) < 1 || json_integer_value(hours) > HOURS_MAX) {
        control_call_refuse(call, "hours must be from 1 to %d; left out, it is for ever",
                            HOURS_MAX);
        return false;
    }
    *ret = unix_s() + 3600 * json_integer_value(hours);
    return true;
}

/* What became of a change. False after the call was failed. */
static bool is_done(struct control_call *call, const struct ops_reply *reply)
{
    call->request = NULL;
    if (reply->result == OPS_NO_TOKEN)
        control_call_refuse(call,
                            "There are %d blocks already: remove one, or block a larger network",
                            STORE_BLOCKS_MAX);
    else if (reply->result == OPS_NOT_FOUND)
        control_call_refuse(call, "%s is not blocked", reply->block->network.ptr);
    else if (reply->result != OPS_OK)
        control_call_fail_ops(call, reply->result, "", "");
    return reply->result == OPS_OK;
}

static void answer(struct control_call *call, const char *network)
{
    json_t *o = new_object();
    put(o, "network", json_string(network));
    control_call_reply(call, o);
}

static void added(void *ctx, const struct ops_reply *reply)
{
    struct control_call *call = ctx;
    struct network network;
    if (!is_done(call, reply))
        return;
    if (network_parse(reply->block->network, &network) == NETWORK_OK) /* it is: we wrote it */
        blocks_put(control_config_of(call)->blocks, &network, reply->block, unix_s());
    control_security_tell(call, "block.added", reply->block->network.ptr, reply->block->reason.ptr);
    answer(call, reply->block->network.ptr);
}

static void removed(void *ctx, const struct ops_reply *reply)
{
    struct control_call *call = ctx;
    struct network network;
    if (!is_done(call, reply))
        return;
    if (network_parse(reply->block->network, &network) == NETWORK_OK)
        (void)blocks_remove(control_config_of(call)->blocks, &network);
    control_security_tell(call, "block.removed", reply->block->network.ptr, "");
    answer(call, reply->block->network.ptr);
}

/* A change that is on its way to the store. */
static void submit(struct control_call *call, const struct network *network, int64_t until_s,
                   enum ops_result (*change)(struct ops_port *port, const struct ops_ask *ask,
                                             const struct store_block *block,
                                             struct ops_request **ret),
                   void (*done)(void *ctx, const struct ops_reply *reply))
{
    char text[NETWORK_TEXT_BYTES], reason[STORE_REASON_BYTES], actor[OPS_ACTOR_BYTES];
    struct ops_actor who = control_actor(call);
    const struct ops_ask ask = {.actor = who, .done = done, .ctx = call};
    who.address = STR_NONE; /* a list of blocks need not say where people are */
    error_copy_text(reason, sizeof reason, control_string(call, "reason"));
    const struct store_block block = {.network = str_from(network_text(network, text)),
                                      .since_s = unix_s(),
                                      .until_s = until_s,
                                      .reason = str_from(reason),
                                      .actor = str_from(ops_actor_text(&who, actor))};
    enum ops_result result = change(control_config_of(call)->ops, &ask, &block, &call->request);
    if (result != OPS_OK)
        control_call_fail_ops(call, result, "", "");
}

void control_block_add(struct control_call *call)
{
    struct network network;
    int64_t until_s;
    if (control_string(call, "reason").len > OPS_REASON_MAX_BYTES)
        control_call_refuse(call, "reason must not be longer than %d bytes", OPS_REASON_MAX_BYTES);
    else if (read_blockable(call, &network) && read_until(call, &until_s))
        submit(call, &network, until_s, ops_block_add, added);
}

void control_block_remove(struct control_call *call)
{
    struct network network;
    if (read_network(call, &network))
        submit(call, &network, 0, ops_block_remove, removed);
}
