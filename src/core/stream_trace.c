#include "core/stream_private.h"

/* What a trace must not show: the text of these elements, anywhere in an item. */
static const struct {
    const char *ns, *name;
} secret_text[] = {
    {NS_SASL, "auth"},
    {NS_SASL, "challenge"},
    {NS_SASL, "response"},
    {NS_SASL, "success"},
    {"urn:xmpp:sasl:2", "initial-response"},
    {"urn:xmpp:sasl:2", "challenge"},
    {"urn:xmpp:sasl:2", "response"},
    {"urn:xmpp:sasl:2", "additional-data"},
    {"urn:xmpp:sasl:2", "task-data"},
    {"urn:xmpp:scram-upgrade:0", "hash"},
    {"urn:xmpp:fast:0", "token"},
    {"urn:xmpp:pars:0", "preauth"},
    {"jabber:iq:register", "password"},
    {"jabber:iq:auth", "password"},
    {"jabber:iq:auth", "digest"},
};

/* Attributes that are secrets wherever they stand. */
static bool secret_attr(const struct element *e, const struct attr *a)
{
    return cstr_eq(a->name, "token") &&
           (cstr_eq(e->ns, "urn:xmpp:fast:0") || cstr_eq(e->ns, "urn:xmpp:pars:0"));
}

static bool is_secret(const struct element *e)
{
    for (size_t i = 0; i < ARRAY_LEN(secret_text); i++)
        if (e->name[0] == secret_text[i].name[0] && /* spares nearly all of what follows */
            element_is(e, secret_text[i].ns, secret_text[i].name))
            return true;
    /* A form field that a person typed unseen (XEP-0004 text-private). */
    return element_is(e, "jabber:x:data", "field") &&
           cstr_eq(element_attr(e, "type"), "text-private");
}

static bool holds_secret(const struct element *e)
{
    if (is_secret(e))
        return true;
    for (const struct attr *a = e->attrs; a; a = a->next)
        if (secret_attr(e, a))
            return true;
    for (const struct node *n = e->children; n; n = n->next)
        if (n->element && holds_secret(n->element))
            return true;
    return false;
}

/* "=" (RFC 6120 §6.4.2), which tells nothing. */
static bool is_empty_response(const struct node *n)
{
    return str_is(str_of(n->text, n->text_len), "=");
}

static struct element *masked(struct arena *a, const struct element *e, bool secret)
{
    struct element *copy = element_new(a, e->ns, e->name);
    secret = secret || is_secret(e);
    for (const struct attr *at = e->attrs; copy && at; at = at->next) {
        struct attr *to = ARENA_NEW(a, struct attr);
        if (!to)
            return NULL;
        *to = *at;
        to->next = NULL;
        if (secret_attr(e, at)) {
            to->value = "***";
            to->value_len = 3;
        }
        *(copy->last_attr ? &copy->last_attr->next : &copy->attrs) = to;
        copy->last_attr = to;
    }
    for (const struct node *n = e->children; n; n = n->next) {
        if (n->element)
            element_link(a, copy, masked(a, n->element, secret));
        else if (secret && !is_empty_response(n))
            element_add_text(a, copy, STR_LIT("***"));
        else
            element_add_text(a, copy, str_of(n->text, n->text_len));
    }
    return copy;
}

void stream_trace_text(struct stream *s, enum stream_direction d, struct str xml)
{
    if (s->trace.line)
        s->trace.line(s->trace.ctx, d, xml);
}

void stream_trace_element(struct stream *s, enum stream_direction d, const struct element *e,
                          struct str printed)
{
    if (!s->trace.line)
        return;
    bool masks = !s->trace.secrets && holds_secret(e);
    if (!masks && printed.ptr) {
        stream_trace_text(s, d, printed);
        return;
    }
    struct arena a;
    struct buf text;
    arena_init(&a, 0, true);
    buf_init(&text, 0, true);
    const struct element *shown = masks ? masked(&a, e, false) : e;
    if (shown && !a.failed)
        xml_print(&text, shown, NS_CLIENT);
    /* A trace that does not fit into memory is a gap in the trace, not the end of the stream. */
    stream_trace_text(s, d, text.failed || a.failed ? STR_LIT("<!-- lost -->") : buf_peek(&text));
    buf_finish(&text);
    arena_finish(&a);
}

void stream_end_trace(struct stream *s)
{
    s->trace = (struct stream_trace){0};
}
