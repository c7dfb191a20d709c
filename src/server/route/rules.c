#include "server/route/rules.h"

/* §8.5.2.1.1, §8.5.2.2.1. There is no offline storage: what it would hold is answered by an error,
 * as these sections allow. */
static enum rules_verdict message_to_bare(enum parcel_type type, bool reachable)
{
    switch (type) {
    case PARCEL_NORMAL:
    case PARCEL_CHAT:
        return reachable ? RULES_BEST : RULES_BOUNCE;
    case PARCEL_GROUPCHAT:
        return RULES_BOUNCE;
    case PARCEL_HEADLINE:
        return reachable ? RULES_NON_NEGATIVE : RULES_IGNORE;
    default:
        return RULES_IGNORE;
    }
}

static enum rules_verdict message(enum parcel_type type, enum rules_target target, bool reachable)
{
    switch (target) {
    case RULES_MATCH: /* §8.5.3.1 */
        return RULES_DELIVER;
    case RULES_BARE:
        return message_to_bare(type, reachable);
    case RULES_NO_MATCH: /* §8.5.3.2.1 */
        break;
    }
    if (type == PARCEL_CHAT)
        return message_to_bare(type, reachable);
    return type == PARCEL_NORMAL || type == PARCEL_GROUPCHAT ? RULES_BOUNCE : RULES_IGNORE;
}

static enum rules_verdict presence(enum parcel_type type, enum rules_target target)
{
    switch (type) {
    case PARCEL_AVAILABLE:
    case PARCEL_UNAVAILABLE: /* §8.5.2.1.2, §8.5.3.2.2 */
        return target == RULES_BARE    ? RULES_AVAILABLE
               : target == RULES_MATCH ? RULES_DELIVER
                                       : RULES_IGNORE;
    case PARCEL_ERROR:
    case PARCEL_UNSUBSCRIBED:
        return target == RULES_MATCH ? RULES_DELIVER : RULES_IGNORE;
    case PARCEL_PROBE:     /* §4.3.2: nobody is subscribed */
    case PARCEL_SUBSCRIBE: /* §3.1.3: nobody can be */
        return RULES_DECLINE;
    default:
        return RULES_IGNORE;
    }
}

/* §8.5.2.1.3: to a bare JID the server answers on behalf of the user, at the sender's home. */
static enum rules_verdict iq(enum parcel_type type, enum rules_target target)
{
    if (target == RULES_MATCH)
        return RULES_DELIVER;
    return type == PARCEL_GET || type == PARCEL_SET ? RULES_BOUNCE : RULES_IGNORE;
}

enum rules_verdict rules_decide(enum stanza_kind kind, enum parcel_type type,
                                enum rules_target target, bool reachable)
{
    switch (kind) {
    case STANZA_MESSAGE:
        return message(type, target, reachable);
    case STANZA_PRESENCE:
        return presence(type, target);
    case STANZA_IQ:
        return iq(type, target);
    case STANZA_NONE:
        break;
    }
    return RULES_IGNORE;
}
