#include "server/mod/mod.h"

/* XEP-0199: the empty result that mod_handle prepared is the pong. */

#define NS_PING "urn:xmpp:ping"

static enum stanza_condition pong(const struct mod_request *r)
{
    (void)r;
    return STANZA_OK;
}

const struct mod_iq mod_ping = {NS_PING, "ping", IQ_GET, MOD_SERVER | MOD_ACCOUNT, NS_PING, pong};
