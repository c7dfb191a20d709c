/* Sign-ins to the console that failed, in the audit trail: `console.sign_in_failed`. */
#include "net/loop.h"
#include "server/control/control_private.h"
#include "server/ops/ops_audit.h"

#include <arpa/inet.h>
#include <stdio.h>

/* "admin@example.org", or what cannot be mistaken for an address. */
static const char *object_of(const struct control *control, const struct refusal *r,
                             char out[OPS_AUDIT_WHO_BYTES])
{
    const struct control_host *host = &control->config.host;
    if (!r->why)
        return "(others)";
    if (!r->user[0])
        return "(no name)";
    snprintf(out, OPS_AUDIT_WHO_BYTES, "%s@%s", r->user, host->settings(host->ctx)->domain);
    return out;
}

static const char *address_of(const struct refusal *r, char out[INET6_ADDRSTRLEN])
{
    bool v4 = IN6_IS_ADDR_V4MAPPED(&r->peer.ip);
    const void *ip = v4 ? &r->peer.ip.s6_addr[12] : &r->peer.ip.s6_addr[0];
    return r->why ? inet_ntop(v4 ? AF_INET : AF_INET6, ip, out, INET6_ADDRSTRLEN) : "";
}

/* "bad-credentials", "bad-credentials +57", "+57" */
static const char *detail_of(const struct refusal *r, char out[OPS_AUDIT_DETAIL_BYTES])
{
    const char *why = r->why ? r->why : "";
    if (r->more == 0)
        return why;
    snprintf(out, OPS_AUDIT_DETAIL_BYTES, "%s%s+%u", why, *why ? " " : "", r->more);
    return out;
}

static void tell(struct control *control, const struct refusal *r)
{
    char object[OPS_AUDIT_WHO_BYTES], address[INET6_ADDRSTRLEN], detail[OPS_AUDIT_DETAIL_BYTES];
    const struct ops_audit_entry entry = {
        .actor = {.uid = r->uid, .address = str_from(address_of(r, address))},
        .action = "console.sign_in_failed",
        .object = str_from(object_of(control, r, object)),
        .detail = str_from(detail_of(r, detail))};
    ops_audit(control->config.ops, &entry);
}

static void set_timer(struct control *control)
{
    uint64_t due_ms = refusals_due_ms(&control->refusals);
    if (due_ms > 0)
        loop_timer_set_at(control->refusals_timer, due_ms);
}

static void due(void *ctx)
{
    struct control *control = ctx;
    struct refusal r;
    while (refusals_take(&control->refusals, loop_now_ms(), &r))
        tell(control, &r);
    set_timer(control);
}

void control_refused(const struct control_call *call, struct str user, const struct peer *peer,
                     enum linnet_error_code why)
{
    struct control *control = call->peer->control;
    struct refusal r = {.peer = *peer, .uid = call->peer->uid, .why = linnet_error_info(why)->id};
    if (!control) /* the server stops */
        return;
    error_copy_text(r.user, sizeof r.user, user);
    if (refusals_note(&control->refusals, loop_now_ms(), &r))
        tell(control, &r);
    set_timer(control);
}

void control_refusals_init(struct control *control)
{
    control->refusals_timer = loop_timer_new(control->config.loop, due, control);
    if (!control->refusals_timer)
        memory_exhausted();
}

/* What was counted and not told is in the log alone. */
void control_refusals_finish(struct control *control)
{
    loop_timer_free(control->refusals_timer);
}
