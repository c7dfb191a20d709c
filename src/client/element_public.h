/*
 * element_public.h - the element of linnet/element.h from the inside: read-only ones are the core's
 * struct element; built ones are that, with a way back to the tree that owns their memory.
 */
#ifndef CLIENT_ELEMENT_PUBLIC_H
#define CLIENT_ELEMENT_PUBLIC_H

#include "core/stanza.h"

#include <linnet/element.h>

/* The same object under its public name. */
static inline const struct linnet_element *element_public(const struct element *e)
{
    return (const struct linnet_element *)(const void *)e;
}

static inline const struct element *element_private(const struct linnet_element *e)
{
    return (const struct element *)(const void *)e;
}

/* What building left: LINNET_OK, LINNET_ERROR_NO_MEMORY, or LINNET_ERROR_USAGE for text or names
 * that XML does not allow. */
enum linnet_error_code element_built(const struct linnet_element *root) MUST_USE;

#endif
