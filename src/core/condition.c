#include "core/condition.h"

/* What a client does about each is PROTOCOL's table of reactions (RFC 6120 §4.9.3): its own or the
 * server's bug is reported, a busy server is tried again. */
static const struct {
    const char *name;
    enum linnet_error_code code;
} stream_rows[STREAM_CONDITION_COUNT] = {
    [STREAM_OK] = {"", LINNET_OK},
    [STREAM_BAD_FORMAT] = {"bad-format", LINNET_ERROR_PROTOCOL},
    [STREAM_BAD_NAMESPACE_PREFIX] = {"bad-namespace-prefix", LINNET_ERROR_PROTOCOL},
    [STREAM_CONFLICT] = {"conflict", LINNET_ERROR_CONFLICT},
    [STREAM_CONNECTION_TIMEOUT] = {"connection-timeout", LINNET_ERROR_CONNECTION_LOST},
    [STREAM_HOST_GONE] = {"host-gone", LINNET_ERROR_HOST_UNKNOWN},
    [STREAM_HOST_UNKNOWN] = {"host-unknown", LINNET_ERROR_HOST_UNKNOWN},
    [STREAM_IMPROPER_ADDRESSING] = {"improper-addressing", LINNET_ERROR_PROTOCOL},
    [STREAM_INTERNAL_SERVER_ERROR] = {"internal-server-error", LINNET_ERROR_SHUTDOWN},
    [STREAM_INVALID_FROM] = {"invalid-from", LINNET_ERROR_PROTOCOL},
    [STREAM_INVALID_NAMESPACE] = {"invalid-namespace", LINNET_ERROR_PROTOCOL},
    [STREAM_INVALID_XML] = {"invalid-xml", LINNET_ERROR_PROTOCOL},
    [STREAM_NOT_AUTHORIZED] = {"not-authorized", LINNET_ERROR_POLICY},
    [STREAM_NOT_WELL_FORMED] = {"not-well-formed", LINNET_ERROR_PROTOCOL},
    [STREAM_POLICY_VIOLATION] = {"policy-violation", LINNET_ERROR_POLICY},
    [STREAM_REMOTE_CONNECTION_FAILED] = {"remote-connection-failed", LINNET_ERROR_SHUTDOWN},
    [STREAM_RESET] = {"reset", LINNET_ERROR_SHUTDOWN},
    [STREAM_RESOURCE_CONSTRAINT] = {"resource-constraint", LINNET_ERROR_SHUTDOWN},
    [STREAM_RESTRICTED_XML] = {"restricted-xml", LINNET_ERROR_PROTOCOL},
    /* Of a session, which a server takes down when it sends its users elsewhere; before that the
     * stream looks closer (stream_end.c). */
    [STREAM_SEE_OTHER_HOST] = {"see-other-host", LINNET_ERROR_SHUTDOWN},
    [STREAM_SYSTEM_SHUTDOWN] = {"system-shutdown", LINNET_ERROR_SHUTDOWN},
    [STREAM_UNDEFINED_CONDITION] = {"undefined-condition", LINNET_ERROR_SHUTDOWN},
    [STREAM_UNSUPPORTED_ENCODING] = {"unsupported-encoding", LINNET_ERROR_PROTOCOL},
    [STREAM_UNSUPPORTED_FEATURE] = {"unsupported-feature", LINNET_ERROR_PROTOCOL},
    [STREAM_UNSUPPORTED_STANZA_TYPE] = {"unsupported-stanza-type", LINNET_ERROR_PROTOCOL},
    [STREAM_UNSUPPORTED_VERSION] = {"unsupported-version", LINNET_ERROR_PROTOCOL},
};

static const struct {
    const char *name, *type;
} stanza_rows[STANZA_CONDITION_COUNT] = {
    [STANZA_OK] = {"", ""},
    [STANZA_BAD_REQUEST] = {"bad-request", "modify"},
    [STANZA_CONFLICT] = {"conflict", "cancel"},
    [STANZA_FEATURE_NOT_IMPLEMENTED] = {"feature-not-implemented", "cancel"},
    [STANZA_FORBIDDEN] = {"forbidden", "auth"},
    [STANZA_GONE] = {"gone", "cancel"},
    [STANZA_INTERNAL_SERVER_ERROR] = {"internal-server-error", "cancel"},
    [STANZA_ITEM_NOT_FOUND] = {"item-not-found", "cancel"},
    [STANZA_JID_MALFORMED] = {"jid-malformed", "modify"},
    [STANZA_NOT_ACCEPTABLE] = {"not-acceptable", "modify"},
    [STANZA_NOT_ALLOWED] = {"not-allowed", "cancel"},
    [STANZA_NOT_AUTHORIZED] = {"not-authorized", "auth"},
    [STANZA_POLICY_VIOLATION] = {"policy-violation", "wait"},
    [STANZA_RECIPIENT_UNAVAILABLE] = {"recipient-unavailable", "wait"},
    [STANZA_REDIRECT] = {"redirect", "modify"},
    [STANZA_REGISTRATION_REQUIRED] = {"registration-required", "auth"},
    [STANZA_REMOTE_SERVER_NOT_FOUND] = {"remote-server-not-found", "cancel"},
    [STANZA_REMOTE_SERVER_TIMEOUT] = {"remote-server-timeout", "wait"},
    [STANZA_RESOURCE_CONSTRAINT] = {"resource-constraint", "wait"},
    [STANZA_SERVICE_UNAVAILABLE] = {"service-unavailable", "cancel"},
    [STANZA_SUBSCRIPTION_REQUIRED] = {"subscription-required", "auth"},
    [STANZA_UNDEFINED_CONDITION] = {"undefined-condition", "cancel"},
    [STANZA_UNEXPECTED_REQUEST] = {"unexpected-request", "wait"},
};

const char *stream_condition_name(enum stream_condition c)
{
    return stream_rows[c].name;
}

enum stream_condition stream_condition_from_name(const char *name)
{
    if (cstr_eq(name, "xml-not-well-formed"))
        return STREAM_NOT_WELL_FORMED;
    for (int c = STREAM_OK + 1; c < STREAM_CONDITION_COUNT; c++)
        if (cstr_eq(name, stream_rows[c].name))
            return (enum stream_condition)c;
    return STREAM_UNDEFINED_CONDITION;
}

enum linnet_error_code stream_condition_code(enum stream_condition c)
{
    return stream_rows[c].code;
}

enum linnet_retry stream_condition_retry(enum stream_condition c)
{
    const struct linnet_error_info *row = linnet_error_info(stream_rows[c].code);
    if (c == STREAM_POLICY_VIOLATION)
        return LINNET_RETRY_LONG;
    return row ? row->retry : LINNET_RETRY_NO;
}

const char *stanza_condition_name(enum stanza_condition c)
{
    return stanza_rows[c].name;
}

enum stanza_condition stanza_condition_from_name(const char *name)
{
    for (int c = STANZA_OK + 1; c < STANZA_CONDITION_COUNT; c++)
        if (cstr_eq(name, stanza_rows[c].name))
            return (enum stanza_condition)c;
    return STANZA_UNDEFINED_CONDITION;
}

const char *stanza_condition_type(enum stanza_condition c)
{
    return stanza_rows[c].type;
}

void stream_condition_write(struct xml_writer *w, enum stream_condition c, struct str text,
                            const struct element *app)
{
    xml_start(w, NS_STREAM, "error");
    xml_leaf(w, NS_STREAM_ERRORS, stream_rows[c].name, STR_NONE);
    if (text.ptr)
        xml_leaf(w, NS_STREAM_ERRORS, "text", text);
    if (app)
        xml_write(w, app);
    xml_end(w);
}

const struct element *condition_element(const struct element *error, const char *ns)
{
    for (const struct node *n = error->children; n; n = n->next)
        if (n->element && cstr_eq(n->element->ns, ns) && !cstr_eq(n->element->name, "text"))
            return n->element;
    return NULL;
}

/* Decimal digits, clipped to `max`; 0 for anything else. */
static unsigned clipped(const char *text, unsigned max)
{
    unsigned n = 0;
    for (const char *p = text; p && *p; p++) {
        if (*p < '0' || *p > '9')
            return 0;
        n = n * 10 + (unsigned)(*p - '0');
        n = n > max ? max : n;
    }
    return n;
}

unsigned condition_retry_after_s(const struct element *error)
{
    enum { WEEK_S = 7 * 24 * 3600 };
    const struct element *c = NULL;
    while ((c = element_next(error, c)))
        if (!cstr_eq(c->ns, NS_STREAM_ERRORS) && !cstr_eq(c->ns, NS_STANZA_ERRORS) &&
            element_attr(c, "retry-after"))
            return clipped(element_attr(c, "retry-after"), WEEK_S);
    return 0;
}

enum stream_condition stream_condition_read(const struct element *e, struct str *ret_text,
                                            struct str *ret_value)
{
    const struct element *c = condition_element(e, NS_STREAM_ERRORS);
    *ret_text = element_child_text(e, NS_STREAM_ERRORS, "text");
    *ret_value = c ? element_text(c) : STR_NONE;
    return c ? stream_condition_from_name(c->name) : STREAM_UNDEFINED_CONDITION;
}
