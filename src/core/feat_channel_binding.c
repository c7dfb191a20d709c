#include "core/sign_in.h"

/* The types of channel binding that the server can verify (XEP-0440): an offer without an
 * exchange. The client reads it when it chooses a mechanism. Types without a mechanism that binds
 * are what an attacker leaves behind: a client goes away from them. */

static bool offers(const struct stream *s)
{
    return sign_in_offers(s) && sign_in_offers_binding(s);
}

static struct element *offer(const struct stream *s, struct arena *a)
{
    struct element *e = element_new(a, NS_SASL_CB, "sasl-channel-binding");
    for (size_t i = 0; policy_binding_types[i]; i++)
        if (policy_will_bind(s->tls, policy_binding_types[i]))
            element_set(a, element_add(a, e, NS_SASL_CB, "channel-binding"), "type",
                        policy_binding_types[i]);
    return e;
}

const struct feature feature_channel_binding = {
    .name = "sasl-channel-binding",
    .ns = NS_SASL_CB,
    .offers = offers,
    .offer = offer,
};
