#include "client/client_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_TIMEOUT_MS = 30000 };

/* A request that waits for its reply. The reply's event is part of it, so that it is never lost for
 * want of memory. */
struct iq_request {
    struct event_node event;
    struct list node;
    uint64_t deadline_ms;
    uint32_t timeout_ms;
    char id[LINNET_ID_SIZE];
    struct jid to; /* full NULL: the account's own server */
};

static void release(struct event_node *n)
{
    struct iq_request *r = CONTAINER_OF(n, struct iq_request, event);
    jid_finish(&r->to);
    free(r);
}

static void set_timer(struct linnet_client *c)
{
    uint64_t first_ms = UINT64_MAX;
    LIST_EACH(&c->session.requests, it)
    {
        uint64_t at_ms = CONTAINER_OF(it, struct iq_request, node)->deadline_ms;
        first_ms = at_ms < first_ms ? at_ms : first_ms;
    }
    if (first_ms == UINT64_MAX)
        loop_timer_stop(c->session.iq_timer);
    else
        loop_timer_set_at(c->session.iq_timer, first_ms);
}

/* The request is over: its event goes to the application. */
static void complete(struct linnet_client *c, struct iq_request *r)
{
    list_remove(&r->node);
    c->session.request_count--;
    event_push(&c->events, &r->event);
}

/* ---- replies ---- */

/* RFC 6120 §8.1.2.1, §10.3.3: a request without `to` is answered by the server for the account: by
 * no one named, by the account or, as some servers do, by its domain. Any other must be answered by
 * whom it was sent to. */
static bool sender_matches(const struct linnet_client *c, const struct iq_request *r,
                           const char *from)
{
    const struct jid *own = &c->config->address;
    struct jid sender;
    if (!from)
        return !r->to.full || (jid_bare_equal(&r->to, own) && !r->to.resource.ptr);
    if (jid_parse(str_from(from), &sender) != JID_OK)
        return false;
    bool matches;
    if (r->to.full)
        matches = jid_equal(&sender, &r->to);
    else if (sender.local.ptr)
        matches = jid_bare_equal(&sender, own) &&
                  (!sender.resource.ptr || cstr_eq(sender.full, linnet_client_jid(c)));
    else
        matches = !sender.resource.ptr && str_eq(sender.domain, own->domain);
    jid_finish(&sender);
    return matches;
}

static struct iq_request *find(const struct linnet_client *c, const char *id)
{
    LIST_EACH(&c->session.requests, it)
    {
        struct iq_request *r = CONTAINER_OF(it, struct iq_request, node);
        if (cstr_eq(r->id, id))
            return r;
    }
    return NULL;
}

bool iq_reply(struct linnet_client *c, const struct element *iq)
{
    struct linnet_error error = {0};
    struct iq_request *r = find(c, element_attr(iq, "id"));
    if (!r || !sender_matches(c, r, element_attr(iq, "from")))
        return false;
    if (!event_set_stanza(&r->event, iq)) {
        error_set(&error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
        event_set_error(&r->event, &error);
    } else if (linnet_stanza_error(element_public(iq), &error)) {
        event_set_error(&r->event, &error);
    }
    complete(c, r);
    managed_received(c, &r->event);
    set_timer(c);
    return true;
}

void iq_timer_fired(void *ctx)
{
    struct linnet_client *c = ctx;
    uint64_t now_ms = loop_now_ms();
    LIST_EACH_SAFE(&c->session.requests, it)
    {
        struct iq_request *r = CONTAINER_OF(it, struct iq_request, node);
        struct linnet_error error = {0};
        char seconds[32];
        if (r->deadline_ms > now_ms)
            continue;
        snprintf(seconds, sizeof seconds, "%g", r->timeout_ms / 1000.0);
        error_set(&error, LINNET_ERROR_TIMEOUT, LINNET_ORIGIN_NETWORK, "seconds", seconds, "target",
                  r->to.full, NULL);
        event_set_error(&r->event, &error);
        complete(c, r);
    }
    set_timer(c);
}

void iq_fail_all(struct linnet_client *c, const struct linnet_error *error)
{
    LIST_EACH_SAFE(&c->session.requests, it)
    {
        struct iq_request *r = CONTAINER_OF(it, struct iq_request, node);
        event_set_error(&r->event, error);
        complete(c, r);
    }
}

/* ---- requests ---- */

static enum linnet_error_code bad_request(struct linnet_error *error, const char *reason)
{
    return error_set(error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

/* A get or set with one child (RFC 6120 §8.2.3), to a valid address. */
static enum linnet_error_code prepare(struct linnet_client *c, const struct linnet_element *iq,
                                      struct iq_request *r, struct linnet_error *error)
{
    enum linnet_error_code code = element_built(iq);
    if (code == LINNET_ERROR_NO_MEMORY)
        return error_set(error, code, LINNET_ORIGIN_HERE, NULL);
    const char *type = linnet_element_attr(iq, "type"), *to = linnet_element_attr(iq, "to");
    const struct linnet_element *child = linnet_element_next(iq, NULL);
    if (code != LINNET_OK || linnet_stanza_kind(iq) != LINNET_STANZA_IQ ||
        !(cstr_eq(type, "get") || cstr_eq(type, "set")))
        return bad_request(error, "that is not an iq of type get or set");
    if (!child || linnet_element_next(iq, child))
        return bad_request(error, "an iq request has exactly one child element");
    enum jid_fault fault = to ? jid_parse(str_from(to), &r->to) : JID_OK;
    if (fault == JID_NO_MEMORY)
        return error_set(error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    if (fault != JID_OK)
        return bad_request(error, jid_fault_text(fault));
    linnet_client_make_id(c, r->id);
    return LINNET_OK;
}

enum linnet_error_code linnet_client_iq(struct linnet_client *c, struct linnet_element *iq,
                                        uint32_t timeout_ms, uint64_t *ret_id,
                                        struct linnet_error *error)
{
    struct session *s = &c->session;
    enum linnet_error_code code = session_may_send(c, error);
    if (code != LINNET_OK)
        return code;
    if (s->request_count == CLIENT_IQ_MAX)
        return error_set(error, LINNET_ERROR_POLICY, LINNET_ORIGIN_HERE, "limit",
                         "too many requests wait for their replies", NULL);
    struct iq_request *r = calloc(1, sizeof *r);
    if (!r)
        return error_set(error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    event_prepare(&r->event, LINNET_EVENT_IQ_REPLY, release);
    code = prepare(c, iq, r, error);
    if (code == LINNET_OK) {
        linnet_element_set(iq, "id", r->id);
        code = session_write(c, iq, MANAGED_OWN, NULL, error);
    }
    if (code != LINNET_OK) {
        event_free(&r->event);
        return code;
    }
    r->timeout_ms = timeout_ms ? timeout_ms : DEFAULT_TIMEOUT_MS;
    r->deadline_ms = loop_now_ms() + r->timeout_ms;
    r->event.event.id = ++s->last_request;
    list_push(&s->requests, &r->node);
    s->request_count++;
    set_timer(c);
    if (ret_id)
        *ret_id = r->event.event.id;
    return LINNET_OK;
}
