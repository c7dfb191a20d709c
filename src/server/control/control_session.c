/* sessions and session.close: what is asked for is in order before the server's main part is asked.
 */
#include "server/control/control_private.h"
#include "server/memory.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- list ---- */

enum { TEXT_MAX_BYTES = 256 };

/* False after the call was refused. *ret_user is the caller's in any case. */
static bool read_query(struct control_call *call, struct control_sessions *which, char **ret_user)
{
    const json_t *user = json_object_get(call->args, "user");
    struct str text = control_string(call, "q");
    *ret_user = user ? control_user(user) : NULL;
    *which = (struct control_sessions){0, text.ptr, *ret_user};
    if (!control_limit(call, OPS_PAGE_MAX, &which->limit))
        return false;
    if (text.len > TEXT_MAX_BYTES)
        control_call_refuse(call, "q must not be longer than %d bytes", TEXT_MAX_BYTES);
    else if (user && !*ret_user)
        control_call_refuse(call, "user is none that an account could have");
    else
        return true;
    return false;
}

void control_sessions_list(struct control_call *call)
{
    const struct control_host *host = &control_config_of(call)->host;
    struct control_sessions which;
    char *user;
    if (read_query(call, &which, &user))
        host->sessions(host->ctx, call, &which);
    free(user);
}

/* ---- close ---- */

static void refuse_address(struct control_call *call, const char *why)
{
    struct linnet_error error = {0};
    error_set(&error, LINNET_ERROR_BAD_ADDRESS, LINNET_ORIGIN_HERE, "address",
              control_string(call, "jid").ptr, "reason", why, NULL);
    control_call_fail(call, &error);
}

static void refuse_domain(struct control_call *call, struct str domain)
{
    char text[JID_PART_MAX_BYTES + 1];
    struct linnet_error error = {0};
    snprintf(text, sizeof text, "%.*s", STR_ARG(domain));
    error_set(&error, LINNET_ERROR_HOST_UNKNOWN, LINNET_ORIGIN_HERE, "domain", text, NULL);
    control_call_fail(call, &error);
}

static void close_session(struct control_call *call, const struct jid *jid)
{
    const struct control_host *host = &control_config_of(call)->host;
    const struct control_session which = {jid, control_actor(call)};
    if (!jid->local.ptr || !jid->resource.ptr)
        refuse_address(call, "A session is named in full: name@domain/resource.");
    else if (!str_is(jid->domain, host->settings(host->ctx)->domain))
        refuse_domain(call, jid->domain);
    else
        host->close_session(host->ctx, call, &which);
}

void control_session_close(struct control_call *call)
{
    struct jid jid;
    enum jid_fault fault = jid_parse(control_string(call, "jid"), &jid);
    if (fault == JID_NO_MEMORY)
        memory_exhausted();
    if (fault == JID_OK)
        close_session(call, &jid);
    else
        refuse_address(call, jid_fault_text(fault));
    jid_finish(&jid);
}
