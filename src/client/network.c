#include "client/network.h"

#include <stdio.h>
#include <uv.h>

bool network_is_up(void)
{
    uv_interface_address_t *all;
    int count;
    bool up = false;
    if (uv_interface_addresses(&all, &count) != 0)
        return true; /* it cannot be known: the failure stays what it is */
    for (int i = 0; i < count; i++)
        up = up || !all[i].is_internal;
    uv_free_interface_addresses(all, count);
    return up;
}

/* What a device without network meets: no route, no name server, or no answer from one. A loopback
 * address that refuses is not among them. */
static bool may_be_offline(const struct linnet_error *error)
{
    return error->code == LINNET_ERROR_OFFLINE || error->code == LINNET_ERROR_DNS_FAILED ||
           (error->code == LINNET_ERROR_TIMEOUT && error->stage == LINNET_STAGE_RESOLVE);
}

void network_judge(struct linnet_error *error, bool is_up)
{
    char targets[sizeof error->params];
    const char *tried = linnet_error_param(error, "targets");
    snprintf(targets, sizeof targets, "%s", tried ? tried : "");
    if (!is_up && may_be_offline(error))
        error_set(error, LINNET_ERROR_OFFLINE, LINNET_ORIGIN_HERE, "targets", targets, NULL);
    else if (is_up && error->code == LINNET_ERROR_OFFLINE)
        error_set(error, LINNET_ERROR_REFUSED, LINNET_ORIGIN_NETWORK, "targets", targets, NULL);
}
