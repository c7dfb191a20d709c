/*
 * disco.h - Service Discovery (XEP-0030): who an entity is, what it can do, what belongs to it.
 *
 * The structs borrow their strings: for building from the caller's tables, after reading from the
 * element that was read. Pure; any thread.
 */
#ifndef EXT_DISCO_H
#define EXT_DISCO_H

#include "core/stanza.h"

#define NS_DISCO_INFO "http://jabber.org/protocol/disco#info"
#define NS_DISCO_ITEMS "http://jabber.org/protocol/disco#items"

struct disco_identity {
    const char *category, *type; /* "server", "im" */
    const char *name;            /* for people; NULL when none */
};

struct disco_info {
    const struct disco_identity *identities;
    size_t identity_count;
    const char *const *features;
    size_t feature_count;
};

struct disco_item {
    const char *jid;
    const char *node, *name; /* NULL when none */
};

struct disco_items {
    const struct disco_item *items;
    size_t count;
};

/* Asks `to` (NULL: the own server); `node` NULL for the entity itself. */
struct element *disco_info_request(struct arena *a, const char *to, const char *id,
                                   const char *node);
struct element *disco_items_request(struct arena *a, const char *to, const char *id,
                                    const char *node);

/* Whether `iq` asks; *ret_node is the node, NULL for the entity itself. */
bool disco_is_info_request(const struct element *iq, const char **ret_node);
bool disco_is_items_request(const struct element *iq, const char **ret_node);

/* The result that answers `iq`, its node repeated. A disco#info result always names that
 * feature (§3.1), whether the table does or not. */
struct element *disco_info_result(struct arena *a, const struct element *iq,
                                  const struct disco_info *info);
struct element *disco_items_result(struct arena *a, const struct element *iq,
                                   const struct disco_items *items);

/* Reads a result: the arrays are made in `a`, entries without their required attributes are left
 * out. False when `iq` is no such result or memory ran out. */
bool disco_info_read(struct arena *a, const struct element *iq, struct disco_info *ret) MUST_USE;
bool disco_items_read(struct arena *a, const struct element *iq, struct disco_items *ret) MUST_USE;

bool disco_info_has(const struct disco_info *info, const char *feature);

#endif
