#include "server/store/store_mem_audit.h"

#include <stdlib.h>

struct mem_audit_row {
    struct mem_audit_row *older, *newer;
    struct arena memory; /* of its strings */
    struct store_audit row;
};

static struct str copy(struct arena *a, struct str s)
{
    return str_from(arena_dup(a, s.ptr ? s : STR_LIT("")));
}

static struct store_audit copy_row(struct arena *a, const struct store_audit *from)
{
    struct store_audit to = *from;
    to.actor = copy(a, from->actor);
    to.address = copy(a, from->address);
    to.action = copy(a, from->action);
    to.object = copy(a, from->object);
    to.detail = copy(a, from->detail);
    return to;
}

struct mem_audit_row *mem_audit_row_new(const struct store_audit *row)
{
    struct mem_audit_row *r = calloc(1, sizeof *r);
    if (r)
        r->row = copy_row(&r->memory, row);
    if (r && !r->memory.failed)
        return r;
    mem_audit_row_free(r);
    return NULL;
}

void mem_audit_row_free(struct mem_audit_row *row)
{
    if (!row)
        return;
    arena_finish(&row->memory);
    free(row);
}

static void drop(struct mem_audit *m, struct mem_audit_row *r)
{
    *(r->older ? &r->older->newer : &m->oldest) = r->newer;
    *(r->newer ? &r->newer->older : &m->newest) = r->older;
    m->counts[r->row.kind]--;
    mem_audit_row_free(r);
}

static struct mem_audit_row *oldest_of(const struct mem_audit *m, enum store_audit_kind kind)
{
    struct mem_audit_row *r = m->oldest;
    while (r->row.kind != kind)
        r = r->newer;
    return r;
}

/* Drops the oldest row of the kind of w->audit, of which there is one; false when it stays. */
static bool make_room(struct mem_audit *m, const struct store_write *w)
{
    enum store_audit_kind kind = w->audit->kind;
    if (m->counts[kind] <= store_audit_least(w))
        return false;
    struct mem_audit_row *oldest = oldest_of(m, kind);
    if (m->counts[kind] <= store_audit_most(w) &&
        oldest->row.time_s > w->now_s - STORE_AUDIT_YOUNG_S)
        return false;
    drop(m, oldest);
    return true;
}

void mem_audit_take(struct mem_audit *m, const struct store_write *w, struct mem_audit_row *row)
{
    w->audit->id = row->row.id = ++m->last_id;
    w->audit->time_s = row->row.time_s = w->now_s;
    row->older = m->newest;
    if (m->newest)
        m->newest->newer = row;
    else
        m->oldest = row;
    m->newest = row;
    m->counts[row->row.kind]++;
    for (int i = 0; i < STORE_AUDIT_DROP_MAX && make_room(m, w); i++)
        continue;
}

/* Whether that text is asked for; `begins`: what begins with it is. */
static bool is_wanted(struct str asked, struct str text, bool begins)
{
    if (asked.len == 0)
        return true;
    bool long_enough = begins ? text.len >= asked.len : text.len == asked.len;
    return long_enough && memcmp(text.ptr, asked.ptr, asked.len) == 0;
}

static bool matches(const struct store_audit *row, const struct store_audit_ask *ask)
{
    return (ask->before <= 0 || row->id < ask->before) &&
           is_wanted(ask->actor, row->actor, false) && is_wanted(ask->action, row->action, true) &&
           is_wanted(ask->object, row->object, false);
}

bool mem_audit_read(const struct mem_audit *m, const struct store_audit_ask *ask, struct arena *a,
                    struct store_audit_page *ret)
{
    *ret = (struct store_audit_page){.entries = arena_alloc(a, ask->limit * sizeof *ret->entries)};
    for (const struct mem_audit_row *r = m->newest; r && !a->failed; r = r->older) {
        if (!matches(&r->row, ask))
            continue;
        if (ret->count == ask->limit) {
            ret->more = true;
            break;
        }
        ret->entries[ret->count++] = copy_row(a, &r->row);
    }
    return !a->failed;
}

void mem_audit_finish(struct mem_audit *m)
{
    while (m->oldest)
        drop(m, m->oldest);
}
