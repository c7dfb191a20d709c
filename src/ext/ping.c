#include "ext/ping.h"

struct element *ping_request(struct arena *a, const char *to, const char *id)
{
    return stanza_iq_get(a, to, id, NS_PING, "ping", NULL);
}

bool ping_is_request(const struct element *iq)
{
    return stanza_iq_payload(iq, IQ_GET, NS_PING, "ping") != NULL;
}
