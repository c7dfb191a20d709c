#include "client/event.h"

#include "client/element_public.h"
#include "client/tls_public.h"

#include <stdlib.h>

void event_queue_init(struct event_queue *q)
{
    *q = (struct event_queue){0};
    list_init(&q->waiting);
}

static void clear(struct event_node *n)
{
    arena_finish(&n->arena);
    n->queued = false;
    if (n->release)
        n->release(n);
}

void event_return(struct event_queue *q)
{
    struct event_node *n = q->lent;
    q->lent = NULL;
    if (n)
        clear(n);
}

void event_queue_finish(struct event_queue *q)
{
    struct list *node;
    event_return(q);
    while ((node = list_pop(&q->waiting)))
        clear(CONTAINER_OF(node, struct event_node, node));
    q->bytes = 0;
}

void event_prepare(struct event_node *n, enum linnet_event_kind kind,
                   void (*release)(struct event_node *n))
{
    *n = (struct event_node){.event.kind = kind, .bytes = sizeof *n, .release = release};
    list_init(&n->node);
    arena_init(&n->arena, 0, false);
}

static void release_own(struct event_node *n)
{
    free(n);
}

struct event_node *event_new(enum linnet_event_kind kind)
{
    struct event_node *n = malloc(sizeof *n);
    if (n)
        event_prepare(n, kind, release_own);
    return n;
}

void event_free(struct event_node *n)
{
    if (n)
        clear(n);
}

bool event_set_stanza(struct event_node *n, const struct element *stanza)
{
    const struct element *copy = element_copy(&n->arena, stanza);
    n->event.stanza = n->arena.failed ? NULL : element_public(copy);
    return n->event.stanza != NULL;
}

static bool set_string(struct event_node *n, const char **field, struct str text)
{
    *field = arena_dup(&n->arena, text.ptr ? text : STR_LIT(""));
    return *field != NULL;
}

bool event_set_jid(struct event_node *n, struct str jid)
{
    return set_string(n, &n->event.jid, jid);
}

bool event_set_detail(struct event_node *n, struct str detail)
{
    return set_string(n, &n->event.detail, detail);
}

bool event_set_certificate(struct event_node *n, const struct tls_facts *facts)
{
    struct tls_facts *copy = ARENA_NEW(&n->arena, struct tls_facts);
    if (!copy)
        return false;
    *copy = *facts;
    tls_public_certificate(copy, &n->certificate);
    n->event.certificate = &n->certificate;
    return true;
}

void event_set_error(struct event_node *n, const struct linnet_error *error)
{
    n->error = *error;
    n->event.error = &n->error;
}

void event_push(struct event_queue *q, struct event_node *n)
{
    n->bytes += n->arena.used_bytes;
    n->queued = true;
    q->bytes += n->bytes;
    list_push(&q->waiting, &n->node);
}

const struct linnet_event *event_next(struct event_queue *q)
{
    event_return(q);
    struct list *node = list_pop(&q->waiting);
    if (!node)
        return NULL;
    q->lent = CONTAINER_OF(node, struct event_node, node);
    q->bytes -= q->lent->bytes;
    return &q->lent->event;
}
