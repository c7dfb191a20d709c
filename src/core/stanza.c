#include "core/stanza.h"

static const char *const kind_names[] = {
    [STANZA_MESSAGE] = "message", [STANZA_PRESENCE] = "presence", [STANZA_IQ] = "iq"};

enum stanza_kind stanza_kind(const struct element *e, const char *ns)
{
    for (int k = STANZA_MESSAGE; k <= STANZA_IQ; k++)
        if (element_is(e, ns, kind_names[k]))
            return (enum stanza_kind)k;
    return STANZA_NONE;
}

/* The namespace of `stanza` as a static string, which outlives every arena. */
static const char *stanza_ns(const struct element *stanza)
{
    return stanza && cstr_eq(stanza->ns, NS_SERVER) ? NS_SERVER : NS_CLIENT;
}

enum iq_type stanza_iq_type(const struct element *iq)
{
    static const char *const names[] = {
        [IQ_GET] = "get", [IQ_SET] = "set", [IQ_RESULT] = "result", [IQ_ERROR] = "error"};
    const char *type = element_attr(iq, "type");
    enum iq_type found = IQ_INVALID;
    for (int t = IQ_GET; t <= IQ_ERROR; t++)
        if (cstr_eq(type, names[t]))
            found = (enum iq_type)t;
    if (!element_attr(iq, "id"))
        return IQ_INVALID;
    /* RFC 6120 §8.2.3: "An IQ stanza of type "get" or "set" MUST contain exactly one child
     * element". */
    const struct element *first = element_next(iq, NULL);
    bool one = first && !element_next(iq, first);
    return (found == IQ_GET || found == IQ_SET) && !one ? IQ_INVALID : found;
}

const struct element *stanza_iq_payload(const struct element *iq, enum iq_type type, const char *ns,
                                        const char *name)
{
    bool right = stanza_kind(iq, stanza_ns(iq)) == STANZA_IQ && stanza_iq_type(iq) == type;
    return right ? element_child(iq, ns, name) : NULL;
}

static void set_unless_null(struct arena *a, struct element *e, const char *name, const char *value)
{
    if (value)
        element_set(a, e, name, value);
}

struct element *stanza_new(struct arena *a, const char *name, const char *to, const char *type,
                           const char *id)
{
    struct element *e = element_new(a, NS_CLIENT, name);
    set_unless_null(a, e, "to", to);
    set_unless_null(a, e, "type", type);
    set_unless_null(a, e, "id", id);
    return e;
}

struct element *stanza_message(struct arena *a, const char *to, const char *type, struct str body)
{
    struct element *e = stanza_new(a, "message", to, type, NULL);
    if (body.ptr)
        element_add_text(a, element_add(a, e, NS_CLIENT, "body"), body);
    return e;
}

struct element *stanza_iq_get(struct arena *a, const char *to, const char *id, const char *ns,
                              const char *name, struct element **ret_payload)
{
    struct element *iq = stanza_new(a, "iq", to, "get", id);
    struct element *payload = element_add(a, iq, ns, name);
    if (ret_payload)
        *ret_payload = payload;
    return iq;
}

/* A stanza of the same kind back to the sender. */
static struct element *answer(struct arena *a, const struct element *stanza, const char *name,
                              const char *type)
{
    struct element *e = element_new(a, stanza_ns(stanza), name);
    set_unless_null(a, e, "from", element_attr(stanza, "to"));
    set_unless_null(a, e, "to", element_attr(stanza, "from"));
    set_unless_null(a, e, "id", element_attr(stanza, "id"));
    element_set(a, e, "type", type);
    return e;
}

struct element *stanza_iq_result(struct arena *a, const struct element *iq)
{
    return answer(a, iq, "iq", "result");
}

struct element *stanza_error(struct arena *a, const struct element *stanza, enum stanza_condition c,
                             const char *type, const char *text)
{
    const char *ns = stanza_ns(stanza), *old_type = element_attr(stanza, "type");
    enum stanza_kind kind = stanza_kind(stanza, ns);
    /* RFC 6120 §8.3.1: "An entity that receives an error stanza MUST NOT respond to the stanza with
     * a further error stanza". */
    if (kind == STANZA_NONE || cstr_eq(old_type, "error") ||
        (kind == STANZA_IQ && cstr_eq(old_type, "result")))
        return NULL;
    struct element *e = answer(a, stanza, kind_names[kind], "error");
    struct element *error = element_add(a, e, ns, "error");
    element_set(a, error, "type", type ? type : stanza_condition_type(c));
    element_add(a, error, NS_STANZA_ERRORS, stanza_condition_name(c));
    if (text)
        element_add_text(a, element_add(a, error, NS_STANZA_ERRORS, "text"), str_from(text));
    return e;
}

enum stanza_condition stanza_error_read(const struct element *stanza, struct str *ret_text)
{
    const struct element *error = element_child(stanza, stanza_ns(stanza), "error");
    const struct element *c = error ? condition_element(error, NS_STANZA_ERRORS) : NULL;
    *ret_text = error ? element_child_text(error, NS_STANZA_ERRORS, "text") : STR_NONE;
    return c ? stanza_condition_from_name(c->name) : STANZA_UNDEFINED_CONDITION;
}

bool stanza_is_reply(const struct element *e, const char *id)
{
    if (stanza_kind(e, stanza_ns(e)) != STANZA_IQ || !cstr_eq(element_attr(e, "id"), id))
        return false;
    const char *type = element_attr(e, "type");
    return cstr_eq(type, "result") || cstr_eq(type, "error");
}
