/* session.close: the address is whole and ours before the server's main part is asked. */
#include "server/control/control_private.h"
#include "server/memory.h"

#include <stdio.h>

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
