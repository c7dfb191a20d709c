/* The audit trail in SQL: a row is added by the writer, within the transaction of the change that
 * it is about, and a page costs the same however many rows there are. */
#include "server/store/store_sql_private.h"

#include <string.h>

/* --- reading --- */

/* How the statement of each combination is found: AUDIT_PAGES and these. All of them look for
 * actions. */
enum { BY_ACTOR = 1, BY_OBJECT = 2 };

static enum statement statement_of(const struct store_audit_ask *ask)
{
    unsigned by = (ask->actor.len ? BY_ACTOR : 0u) | (ask->object.len ? BY_OBJECT : 0u);
    bool all = !by && !ask->action.len;
    return all ? AUDIT_NEWEST : (enum statement)(AUDIT_PAGES + by);
}

/* The parameters have the same numbers in every statement that has them. `end` comes after all that
 * begin with the action: no byte of UTF-8 is 0xff. */
static void bind_ask(const struct sql_driver *d, struct sql_stmt *stmt,
                     const struct store_audit_ask *ask, struct str end)
{
    d->bind_int(stmt, 1, ask->before > 0 ? ask->before : INT64_MAX);
    d->bind_int(stmt, 2, (int64_t)ask->limit + 1); /* one more tells whether there is more */
    if (statement_of(ask) == AUDIT_NEWEST)
        return;
    d->bind_text(stmt, 3, ask->action.len ? ask->action : STR_LIT(""));
    d->bind_text(stmt, 4, end);
    if (ask->actor.len)
        d->bind_text(stmt, 5, ask->actor);
    if (ask->object.len)
        d->bind_text(stmt, 6, ask->object);
}

static struct store_audit read_row(const struct sql_driver *d, struct sql_stmt *stmt,
                                   struct arena *a)
{
    return (struct store_audit){.id = d->column_int(stmt, 0),
                                .time_s = d->column_int(stmt, 1),
                                .actor = store_sql_keep(d, stmt, 2, a),
                                .address = store_sql_keep(d, stmt, 3, a),
                                .action = store_sql_keep(d, stmt, 4, a),
                                .object = store_sql_keep(d, stmt, 5, a),
                                .detail = store_sql_keep(d, stmt, 6, a)};
}

struct reading {
    const struct store_audit_ask *ask;
    struct str end;
    struct arena *a;
    struct store_audit_page *ret;
};

static enum sql_result read_page(struct connection *c, void *ctx)
{
    const struct reading *reading = ctx;
    struct store_audit_page *ret = reading->ret;
    struct arena *a = reading->a;
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, statement_of(reading->ask), &stmt);
    if (r != SQL_DONE)
        return r;
    bind_ask(d, stmt, reading->ask, reading->end);
    while ((r = d->step(stmt)) == SQL_ROW && ret->count < reading->ask->limit && !a->failed)
        ret->entries[ret->count++] = read_row(d, stmt, a);
    ret->more = r == SQL_ROW;
    d->reset(stmt);
    if (a->failed)
        return SQL_NO_MEMORY;
    return r == SQL_ROW ? SQL_DONE : r;
}

enum store_result store_sql_audit(struct store *base, const struct store_audit_ask *ask,
                                  struct arena *a, struct store_audit_page *ret,
                                  struct store_fault *fault)
{
    const char *end = arena_printf(a, "%.*s\xff", STR_ARG(ask->action));
    struct reading reading = {ask, str_from(end ? end : ""), a, ret};
    *ret = (struct store_audit_page){.entries = arena_alloc(a, ask->limit * sizeof *ret->entries)};
    return a->failed ? STORE_NO_MEMORY : store_sql_read(base, read_page, &reading, fault);
}

/* --- writing --- */

/* The kind comes first, `kinds` times; what else is bound follows. */
static enum sql_result prepare(struct connection *c, enum statement which,
                               enum store_audit_kind kind, int kinds, struct sql_stmt **ret)
{
    enum sql_result r = store_sql_statement(c, which, ret);
    for (int i = 1; r == SQL_DONE && i <= kinds; i++)
        c->db->driver->bind_int(*ret, i, kind);
    return r;
}

static enum sql_result insert(struct connection *c, const struct store_audit *row)
{
    const struct sql_driver *d = c->db->driver;
    const struct str texts[] = {row->actor, row->address, row->action, row->object, row->detail};
    struct sql_stmt *stmt;
    enum sql_result r = prepare(c, ADD_AUDIT, row->kind, 2, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_int(stmt, 3, row->time_s);
    for (int i = 0; i < (int)ARRAY_LEN(texts); i++)
        d->bind_text(stmt, i + 4, texts[i].ptr ? texts[i] : STR_LIT(""));
    r = d->step(stmt);
    d->reset(stmt);
    return r;
}

/* What there is of a kind, by its numbers. */
struct ends {
    int64_t first, last;
};

/* SQL_ROW; with the highest id of all. */
static enum sql_result read_ends(struct connection *c, enum store_audit_kind kind, int64_t *ret_id,
                                 struct ends *ret)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = prepare(c, AUDIT_ENDS, kind, 2, &stmt);
    if (r != SQL_DONE)
        return r;
    r = d->step(stmt);
    if (r == SQL_ROW) {
        *ret_id = d->column_int(stmt, 0);
        *ret = (struct ends){d->column_int(stmt, 1), d->column_int(stmt, 2)};
    }
    d->reset(stmt);
    return r;
}

static enum sql_result drop_to(struct connection *c, enum store_audit_kind kind, int64_t number)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = prepare(c, DROP_AUDIT, kind, 1, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_int(stmt, 2, number);
    r = d->step(stmt);
    d->reset(stmt);
    return r;
}

/* Rows `from` to `*to` may go but for their age: stops before the first that is young. It looks at
 * no row beyond that one, so at hardly more than go. */
static enum sql_result spare_young(struct connection *c, const struct store_write *w, int64_t from,
                                   int64_t *to)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = prepare(c, AUDIT_YOUNG, w->audit->kind, 1, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_int(stmt, 2, from);
    d->bind_int(stmt, 3, *to);
    d->bind_int(stmt, 4, w->now_s - STORE_AUDIT_YOUNG_S);
    r = d->step(stmt);
    if (r == SQL_ROW)
        *to = d->column_int(stmt, 0) - 1;
    d->reset(stmt);
    return r == SQL_ROW ? SQL_DONE : r;
}

/* Numbers have no gaps: what is undone was numbered in the same transaction. So they count the rows
 * of a kind. */
static enum sql_result make_room(struct connection *c, const struct store_write *w,
                                 struct ends ends)
{
    enum store_audit_kind kind = w->audit->kind;
    int64_t count = ends.last - ends.first + 1, least = store_audit_least(w),
            most = store_audit_most(w), batch = ends.first + STORE_AUDIT_DROP_MAX - 1,
            may = ends.first + (count - least) - 1, must = ends.first + (count - most) - 1;
    may = may < batch ? may : batch;
    must = must < batch ? must : batch;
    if (may < ends.first)
        return SQL_DONE;
    enum sql_result r = must < may ? spare_young(c, w, ends.first, &may) : SQL_DONE;
    int64_t last = may > must ? may : must;
    return r == SQL_DONE && last >= ends.first ? drop_to(c, kind, last) : r;
}

enum store_result store_sql_audit_add(struct connection *c, const struct store_write *w)
{
    struct store_audit *row = w->audit;
    struct ends ends;
    row->time_s = w->now_s;
    enum sql_result r = insert(c, row);
    if (r != SQL_DONE)
        return store_sql_result(r);
    r = read_ends(c, row->kind, &row->id, &ends);
    if (r != SQL_ROW)
        return r == SQL_DONE ? STORE_FAILED : store_sql_result(r);
    return store_sql_result(make_room(c, w, ends));
}
