#include "server/store/store_mem_settings.h"

#include <stdlib.h>

struct mem_setting {
    struct mem_setting *next;
    struct arena memory; /* of both */
    struct str name, value;
};

struct mem_setting_change {
    struct mem_setting_change *older;
    struct arena memory; /* of all it holds */
    struct store_setting_change change;
};

static int by_name(struct str a, struct str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.ptr, b.ptr, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* STR_NONE stays what it is. */
static struct str copy(struct arena *a, struct str s)
{
    char *bytes = s.ptr ? arena_dup(a, s) : NULL;
    return bytes ? str_of(bytes, s.len) : STR_NONE;
}

static struct store_setting_change copy_change(struct arena *a,
                                               const struct store_setting_change *from)
{
    struct store_setting_change to = *from;
    to.actor = copy(a, from->actor);
    to.address = copy(a, from->address);
    to.name = copy(a, from->name);
    to.old_value = copy(a, from->old_value);
    to.new_value = copy(a, from->new_value);
    return to;
}

static void free_setting(struct mem_setting *s)
{
    if (!s)
        return;
    arena_finish(&s->memory);
    free(s);
}

static void free_change(struct mem_setting_change *c)
{
    if (!c)
        return;
    arena_finish(&c->memory);
    free(c);
}

/* --- changing --- */

static struct mem_setting *new_setting(const struct store_setting_change *change)
{
    struct mem_setting *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->name = copy(&s->memory, change->name);
    s->value = copy(&s->memory, change->new_value);
    if (!s->memory.failed)
        return s;
    free_setting(s);
    return NULL;
}

static struct mem_setting_change *new_change(const struct mem_settings *m,
                                             const struct store_setting_change *change,
                                             struct str old_value, int64_t now_s)
{
    struct mem_setting_change *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    struct store_setting_change whole = *change;
    whole.id = m->last_id + 1;
    whole.time_s = now_s;
    whole.old_value = old_value;
    if (!whole.address.ptr)
        whole.address = STR_LIT("");
    c->change = copy_change(&c->memory, &whole);
    c->older = m->last;
    if (!c->memory.failed)
        return c;
    free_change(c);
    return NULL;
}

static void drop_beyond(struct mem_settings *m)
{
    struct mem_setting_change **at = &m->last;
    for (size_t i = 0; *at && i < STORE_SETTING_CHANGES; i++)
        at = &(*at)->older;
    while (*at) {
        struct mem_setting_change *c = *at;
        *at = c->older;
        free_change(c);
    }
}

/* Puts `fresh` (NULL: nothing) in the place of `old` (NULL: none) at `at`. */
static void replace(struct mem_setting **at, struct mem_setting *old, struct mem_setting *fresh)
{
    struct mem_setting *rest = old ? old->next : *at;
    if (fresh)
        fresh->next = rest;
    *at = fresh ? fresh : rest;
    free_setting(old);
}

enum store_result mem_settings_change(struct mem_settings *m,
                                      const struct store_setting_change *change, int64_t now_s)
{
    struct mem_setting **at = &m->first;
    while (*at && by_name((*at)->name, change->name) < 0)
        at = &(*at)->next;
    struct mem_setting *old = *at && str_eq((*at)->name, change->name) ? *at : NULL;
    bool sets = change->new_value.ptr != NULL;
    if (!sets && !old)
        return STORE_NOT_FOUND;
    if (sets && old && str_eq(old->value, change->new_value))
        return STORE_EXISTS;
    struct mem_setting *fresh = sets ? new_setting(change) : NULL;
    struct mem_setting_change *c = new_change(m, change, old ? old->value : STR_NONE, now_s);
    if ((sets && !fresh) || !c) {
        free_setting(fresh);
        free_change(c);
        return STORE_NO_MEMORY;
    }
    replace(at, old, fresh);
    m->last = c;
    m->last_id++;
    drop_beyond(m);
    return STORE_OK;
}

/* --- reading --- */

bool mem_settings_read(const struct mem_settings *m, struct arena *a, struct store_settings *ret)
{
    *ret = (struct store_settings){arena_alloc(a, STORE_SETTINGS_MAX * sizeof *ret->settings), 0};
    for (const struct mem_setting *s = m->first; s && !a->failed && ret->count < STORE_SETTINGS_MAX;
         s = s->next)
        ret->settings[ret->count++] = (struct store_setting){copy(a, s->name), copy(a, s->value)};
    return !a->failed;
}

bool mem_settings_history(const struct mem_settings *m, const struct store_setting_query *query,
                          struct arena *a, struct store_setting_changes *ret)
{
    *ret = (struct store_setting_changes){.changes =
                                              arena_alloc(a, query->limit * sizeof *ret->changes)};
    for (const struct mem_setting_change *c = m->last; c && !a->failed; c = c->older) {
        if ((query->before > 0 && c->change.id >= query->before) ||
            (query->name.len > 0 && !str_eq(c->change.name, query->name)))
            continue;
        if (ret->count == query->limit) {
            ret->more = true;
            break;
        }
        ret->changes[ret->count++] = copy_change(a, &c->change);
    }
    return !a->failed;
}

void mem_settings_finish(struct mem_settings *m)
{
    while (m->first)
        replace(&m->first, m->first, NULL);
    while (m->last) {
        struct mem_setting_change *c = m->last;
        m->last = c->older;
        free_change(c);
    }
}
