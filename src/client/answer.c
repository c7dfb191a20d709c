#include "client/client_private.h"

#define NS_PING "urn:xmpp:ping"
#define NS_DISCO_INFO "http://jabber.org/protocol/disco#info"
#define NS_VERSION "jabber:iq:version"

/* Every request gets exactly one answer (RFC 6120 §8.2.3). A row of the table answers what the
 * library knows; the application answers what it said it would; the rest is unavailable. */

static struct element *ping(const struct linnet_client *c, struct arena *a,
                            const struct element *iq)
{
    (void)c;
    return stanza_iq_result(a, iq); /* XEP-0199 §4 */
}

static void add_feature(struct arena *a, struct element *query, const char *var)
{
    element_set(a, element_add(a, query, NS_DISCO_INFO, "feature"), "var", var);
}

/* XEP-0030 §3.1 */
static struct element *disco_info(const struct linnet_client *c, struct arena *a,
                                  const struct element *iq)
{
    const struct linnet_config *config = c->config;
    if (element_attr(element_next(iq, NULL), "node"))
        return stanza_error(a, iq, STANZA_ITEM_NOT_FOUND, NULL, NULL);
    struct element *result = stanza_iq_result(a, iq);
    struct element *query = element_add(a, result, NS_DISCO_INFO, "query");
    struct element *identity = element_add(a, query, NS_DISCO_INFO, "identity");
    const char *type = config->texts[CONFIG_CLIENT_TYPE];
    element_set(a, identity, "category", "client");
    element_set(a, identity, "type", type ? type : "bot");
    if (config->texts[CONFIG_SOFTWARE])
        element_set(a, identity, "name", config->texts[CONFIG_SOFTWARE]);
    add_feature(a, query, NS_DISCO_INFO);
    add_feature(a, query, NS_PING);
    if (config->texts[CONFIG_SOFTWARE])
        add_feature(a, query, NS_VERSION);
    for (size_t i = 0; i < config->feature_count; i++)
        add_feature(a, query, config->features[i]);
    return result;
}

/* XEP-0092; the operating system is nobody's business. */
static struct element *version(const struct linnet_client *c, struct arena *a,
                               const struct element *iq)
{
    const char *name = c->config->texts[CONFIG_SOFTWARE];
    const char *number = c->config->texts[CONFIG_VERSION];
    if (!name)
        return stanza_error(a, iq, STANZA_SERVICE_UNAVAILABLE, NULL, NULL);
    struct element *result = stanza_iq_result(a, iq);
    struct element *query = element_add(a, result, NS_VERSION, "query");
    element_add_text(a, element_add(a, query, NS_VERSION, "name"), str_from(name));
    element_add_text(a, element_add(a, query, NS_VERSION, "version"),
                     str_from(number ? number : "unknown"));
    return result;
}

static const struct {
    const char *ns, *name;
    struct element *(*answer)(const struct linnet_client *c, struct arena *a,
                              const struct element *iq);
} rows[] = {
    {NS_PING, "ping", ping},
    {NS_DISCO_INFO, "query", disco_info},
    {NS_VERSION, "query", version},
};

static bool is_ours(const struct linnet_client *c, const char *ns)
{
    for (size_t i = 0; i < c->config->feature_count; i++)
        if (cstr_eq(c->config->features[i], ns))
            return true;
    return false;
}

static struct element *answer(const struct linnet_client *c, struct arena *a,
                              const struct element *iq)
{
    if (stanza_iq_type(iq) == IQ_INVALID)
        return stanza_error(a, iq, STANZA_BAD_REQUEST, NULL, NULL);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (cstr_eq(element_attr(iq, "type"), "get") &&
            element_is(element_next(iq, NULL), rows[i].ns, rows[i].name))
            return rows[i].answer(c, a, iq);
    return stanza_error(a, iq, STANZA_SERVICE_UNAVAILABLE, NULL, NULL);
}

/* A peer that asks faster than it reads the answers is cut off, not hoarded for. */
static bool output_full(struct linnet_client *c)
{
    struct linnet_error error = {.stage = LINNET_STAGE_READY};
    if (stream_output_pending(client_stream(c)) <= CLIENT_OUTPUT_BYTES)
        return false;
    error_set(&error, LINNET_ERROR_POLICY, LINNET_ORIGIN_HERE, "reason",
              "the server asks more than it reads the answers of", NULL);
    login_doom(c, &error);
    return true;
}

void answer_request(struct linnet_client *c, const struct element *iq)
{
    const struct element *child = element_next(iq, NULL);
    struct arena a;
    if (child && stanza_iq_type(iq) != IQ_INVALID && is_ours(c, child->ns)) {
        session_deliver(c, iq);
        return;
    }
    if (output_full(c))
        return;
    arena_init(&a, 0, false);
    const struct element *reply = answer(c, &a, iq);
    if (a.failed)
        login_doom_memory(c);
    else if (reply)
        stream_send(client_stream(c), reply);
    arena_finish(&a);
}
