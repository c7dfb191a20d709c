/*
 * linnet/element.h - XML elements, and the stanzas that are made of them.
 *
 * One type, two kinds, told apart by const:
 *
 * `const struct linnet_element *` is read. It belongs to something else (an event, a report, a tree
 * that is being built) and lives as long as that says.
 *
 * `struct linnet_element *` is built here. What linnet_element_new and the stanza builders return
 * is the root of a tree and is the caller's, for linnet_element_free; what linnet_element_add
 * returns is inside its tree and goes with it.
 *
 * Building is sticky. When memory runs out a builder returns NULL, every builder accepts NULL and
 * does nothing, and linnet_client_send or linnet_client_iq then reports LINNET_ERROR_NO_MEMORY. So
 * a stanza is built freely and checked once, where it is sent. Text must be UTF-8 of characters
 * that XML allows (no NUL, no other control characters but tab and line ends); sending anything
 * else fails with LINNET_ERROR_USAGE and sends nothing.
 *
 * Namespaces are resolved: prefixes do not appear. The namespace of stanzas is LINNET_NS_CLIENT.
 * All strings given are copied. One thread at a time for a tree that is being built; several may
 * read one that is not.
 */
#ifndef LINNET_ELEMENT_H
#define LINNET_ELEMENT_H

#include <linnet/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LINNET_NS_CLIENT "jabber:client"

struct linnet_element;

/* ---- reading: NULL is accepted as "no such element" everywhere ---- */

/* The local name and the namespace ("" when none; NULL of NULL). Borrowed from the element. */
LINNET_API const char *linnet_element_name(const struct linnet_element *element);
LINNET_API const char *linnet_element_ns(const struct linnet_element *element);

/* Whether the expanded name is {ns}name. */
LINNET_API bool linnet_element_is(const struct linnet_element *element, const char *ns,
                                  const char *name);

/* The value of the attribute without namespace, or NULL. Borrowed from the element. */
LINNET_API const char *linnet_element_attr(const struct linnet_element *element, const char *name);

/* The value of an attribute in a namespace, such as xml:lang in
 * "http://www.w3.org/XML/1998/namespace", or NULL. */
LINNET_API const char *linnet_element_attr_ns(const struct linnet_element *element, const char *ns,
                                              const char *name);

/* The first child element with that namespace (NULL: any) and name (NULL: any), or NULL. */
LINNET_API const struct linnet_element *linnet_element_child(const struct linnet_element *element,
                                                             const char *ns, const char *name);

/* The child element that follows `previous`, or the first when `previous` is NULL; NULL at the
 * end. */
LINNET_API const struct linnet_element *linnet_element_next(const struct linnet_element *element,
                                                            const struct linnet_element *previous);

/* The text directly inside: "" when there is none, NULL when text and elements are mixed. Borrowed
 * from the element. */
LINNET_API const char *linnet_element_text(const struct linnet_element *element);

/* The text of the first child {ns}name, or NULL when there is no such child. */
LINNET_API const char *linnet_element_child_text(const struct linnet_element *element,
                                                 const char *ns, const char *name);

/* The element as XML, as it would stand in a stream whose default namespace is LINNET_NS_CLIENT.
 * The string is the caller's, for free(3); NULL when out of memory or when the element holds text
 * that XML does not allow. */
LINNET_API char *linnet_element_to_xml(const struct linnet_element *element) LINNET_MUST_USE;

/* ---- building ---- */

/* A new tree whose root is <name xmlns='ns'/>. */
LINNET_API struct linnet_element *linnet_element_new(const char *ns,
                                                     const char *name) LINNET_MUST_USE;

/* A copy of any element as the root of a tree of the caller's own, to keep what an event lent. */
LINNET_API struct linnet_element *
linnet_element_dup(const struct linnet_element *element) LINNET_MUST_USE;

/* Frees a whole tree by its root. NULL is fine; an element that linnet_element_add returned is left
 * alone, since its root frees it. */
LINNET_API void linnet_element_free(struct linnet_element *root);

/* Adds <name xmlns='ns'/> as last child of `parent` and returns it. `ns` NULL: the parent's. */
LINNET_API struct linnet_element *linnet_element_add(struct linnet_element *parent, const char *ns,
                                                     const char *name);

/* Adds <name xmlns='ns'>text</name> as last child of `parent`. */
LINNET_API void linnet_element_add_leaf(struct linnet_element *parent, const char *ns,
                                        const char *name, const char *text);

/* Adds text after what is inside. */
LINNET_API void linnet_element_add_text(struct linnet_element *element, const char *text);

/* Adds a copy of `child` as last child of `parent`. */
LINNET_API void linnet_element_add_copy(struct linnet_element *parent,
                                        const struct linnet_element *child);

/* Sets or replaces an attribute without namespace; `value` NULL removes it. */
LINNET_API void linnet_element_set(struct linnet_element *element, const char *name,
                                   const char *value);

/* ---- stanzas (RFC 6120 §8) ---- */

enum linnet_stanza_kind {
    LINNET_STANZA_NONE = 0, /* not a stanza */
    LINNET_STANZA_MESSAGE,
    LINNET_STANZA_PRESENCE,
    LINNET_STANZA_IQ
};

LINNET_API enum linnet_stanza_kind linnet_stanza_kind(const struct linnet_element *stanza);

/* A message (RFC 6121 §5.2). `type`: "chat", "normal", "groupchat", "headline"; NULL leaves it
 * out. `body` NULL: none. */
LINNET_API struct linnet_element *linnet_message_new(const char *to, const char *type,
                                                     const char *body) LINNET_MUST_USE;

/* The body of a message: the one without xml:lang, else the first; NULL when there is none.
 * Borrowed from the stanza. */
LINNET_API const char *linnet_message_body(const struct linnet_element *message);

/* Presence (RFC 6121 §4.2). `to` and `type` NULL: "I am available", which a client that wants to
 * receive messages to its bare address sends after LINNET_EVENT_ONLINE. */
LINNET_API struct linnet_element *linnet_presence_new(const char *to,
                                                      const char *type) LINNET_MUST_USE;

/* A request: `type` is "get" or "set", `to` NULL is the account's own server. Give it exactly one
 * child (RFC 6120 §8.2.3) and send it with linnet_client_iq, which chooses the id. */
LINNET_API struct linnet_element *linnet_iq_new(const char *to, const char *type) LINNET_MUST_USE;

/* The result that answers the request `iq`: addressed back, same id, no child yet. */
LINNET_API struct linnet_element *
linnet_iq_result_new(const struct linnet_element *iq) LINNET_MUST_USE;

/* The error that answers `stanza` (RFC 6120 §8.3): `condition` is a defined one, such as
 * "item-not-found"; an unknown name becomes undefined-condition. `text` may be NULL. Returns NULL
 * also when none may be sent: an error or a result is never answered with an error. */
LINNET_API struct linnet_element *linnet_stanza_error_new(const struct linnet_element *stanza,
                                                          const char *condition,
                                                          const char *text) LINNET_MUST_USE;

/* When `stanza` has type "error": fills `error` (which may be NULL) with LINNET_ERROR_STANZA, the
 * condition and the peer's text, and returns true. */
LINNET_API bool linnet_stanza_error(const struct linnet_element *stanza,
                                    struct linnet_error *error);

#ifdef __cplusplus
}
#endif
#endif
