#include "server/store/store_mem_weak.h"

#include "server/store/store_mem_text.h"

#include <stdlib.h>

/* A row with an arena of its own for the strings. */
struct mem_weak_login {
    struct mem_weak_login *next;
    struct arena memory;
    struct str domain;
    struct store_weak_login row;
};

static void drop(struct mem_weak_login **at)
{
    struct mem_weak_login *gone = *at;
    *at = gone->next;
    arena_finish(&gone->memory);
    free(gone);
}

void mem_weak_finish(struct mem_weak *m)
{
    while (m->first)
        drop(&m->first);
}

/* Those of one mechanism, or of all when that is STR_NONE. */
static void drop_of(struct mem_weak *m, struct str domain, struct str user, struct str mechanism)
{
    struct mem_weak_login **at = &m->first;
    while (*at) {
        if (str_eq((*at)->domain, domain) && str_eq((*at)->row.user, user) &&
            (!mechanism.ptr || str_eq((*at)->row.mechanism, mechanism)))
            drop(at);
        else
            at = &(*at)->next;
    }
}

void mem_weak_drop(struct mem_weak *m, struct str domain, struct str user)
{
    drop_of(m, domain, user, STR_NONE);
}

static bool comes_before(const struct store_weak_login *a, const struct store_weak_login *b)
{
    if (a->last_s != b->last_s)
        return a->last_s > b->last_s;
    int order = mem_compare(a->user, b->user);
    return order ? order < 0 : mem_compare(a->mechanism, b->mechanism) < 0;
}

enum store_result mem_weak_put(struct mem_weak *m, const struct store_write *w)
{
    struct mem_weak_login *new = calloc(1, sizeof *new);
    if (!new)
        return STORE_NO_MEMORY;
    new->domain = mem_keep(&new->memory, w->domain);
    new->row = (struct store_weak_login){.user = mem_keep(&new->memory, w->user),
                                         .mechanism = mem_keep(&new->memory, w->mechanism),
                                         .last_s = w->now_s,
                                         .software = mem_keep(&new->memory, w->software)};
    if (new->memory.failed) {
        arena_finish(&new->memory);
        free(new);
        return STORE_NO_MEMORY;
    }
    drop_of(m, w->domain, w->user, w->mechanism);
    struct mem_weak_login **at = &m->first;
    while (*at && comes_before(&(*at)->row, &new->row))
        at = &(*at)->next;
    new->next = *at;
    *at = new;
    return STORE_OK;
}

bool mem_weak_read(const struct mem_weak *m, struct str domain, size_t limit, struct arena *a,
                   struct store_weak_logins *ret)
{
    *ret = (struct store_weak_logins){.logins = arena_alloc(a, limit * sizeof *ret->logins)};
    for (const struct mem_weak_login *l = m->first; l && ret->logins && !ret->more; l = l->next) {
        if (!str_eq(l->domain, domain))
            continue;
        ret->more = ret->count == limit;
        if (!ret->more)
            ret->logins[ret->count++] =
                (struct store_weak_login){mem_keep(a, l->row.user), mem_keep(a, l->row.mechanism),
                                          l->row.last_s, mem_keep(a, l->row.software)};
    }
    return !a->failed;
}
