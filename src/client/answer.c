#include "client/client_private.h"
#include "ext/disco.h"
#include "ext/ping.h"
#include "ext/version.h"

/* Every request gets exactly one answer (RFC 6120 §8.2.3). A row of the table answers what the
 * library knows; the application answers what it said it would; the rest is unavailable. */

static struct element *ping(const struct linnet_client *c, struct arena *a,
                            const struct element *iq)
{
    (void)c;
    return ping_is_request(iq) ? stanza_iq_result(a, iq) : NULL;
}

static struct element *disco_info(const struct linnet_client *c, struct arena *a,
                                  const struct element *iq)
{
    const struct linnet_config *config = c->config;
    const char *type = config->texts[CONFIG_CLIENT_TYPE], *name = config->texts[CONFIG_SOFTWARE];
    const char *features[CONFIG_FEATURES_MAX + 2], *node;
    size_t count = 0;
    if (!disco_is_info_request(iq, &node))
        return NULL;
    if (node)
        return stanza_error(a, iq, STANZA_ITEM_NOT_FOUND, NULL, NULL);
    features[count++] = NS_PING;
    if (name)
        features[count++] = NS_VERSION;
    for (size_t i = 0; i < config->feature_count; i++)
        features[count++] = config->features[i];
    struct disco_identity self = {"client", type ? type : "bot", name};
    struct disco_info info = {&self, 1, features, count};
    return disco_info_result(a, iq, &info);
}

/* The operating system is nobody's business. */
static struct element *version(const struct linnet_client *c, struct arena *a,
                               const struct element *iq)
{
    const char *name = c->config->texts[CONFIG_SOFTWARE];
    const char *number = c->config->texts[CONFIG_VERSION];
    struct version v = {str_from(name), str_from(number ? number : "unknown"), STR_NONE};
    return name && version_is_request(iq) ? version_result(a, iq, &v) : NULL;
}

/* Each gives the answer to a request that is its own, else NULL. */
static struct element *(*const rows[])(const struct linnet_client *c, struct arena *a,
                                       const struct element *iq) = {ping, disco_info, version};

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
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct element *reply = rows[i](c, a, iq);
        if (reply || a->failed)
            return reply;
    }
    return stanza_error(a, iq, STANZA_SERVICE_UNAVAILABLE, NULL, NULL);
}

/* A peer that asks faster than it reads the answers is cut off, not hoarded for. */
static bool output_full(struct linnet_client *c)
{
    struct linnet_error error = {.stage = LINNET_STAGE_READY};
    if (stream_output_pending(client_stream(c)) <= CLIENT_OUTPUT_BYTES)
        return false;
    error_set(&error, LINNET_ERROR_POLICY, LINNET_ORIGIN_HERE, "limit",
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
        stream_send(client_stream(c), loop_now_ms(), reply);
    if (!a.failed)
        managed_received(c, NULL);
    arena_finish(&a);
}
