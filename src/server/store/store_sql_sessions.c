/* Sessions that outlive the server, in SQL: a row each, and one for every stanza that is kept. */
#include "server/store/store_sql_private.h"

/* --- reading --- */

static struct store_session read_session(const struct sql_driver *d, struct sql_stmt *stmt,
                                         struct arena *a)
{
    return (struct store_session){
        .user = store_sql_keep(d, stmt, 0, a),
        .id = store_sql_keep(d, stmt, 1, a),
        .resource = store_sql_keep(d, stmt, 2, a),
        .client = store_sql_keep(d, stmt, 3, a),
        .since_ms = d->column_int(stmt, 4),
        .left_ms = d->column_int(stmt, 5),
        .resume_s = d->column_int(stmt, 6),
        .acked = d->column_int(stmt, 7),
        .written = d->column_int(stmt, 8),
        .handled = d->column_int(stmt, 9),
        .available = d->column_int(stmt, 10) != 0,
        .priority = d->column_int(stmt, 11),
        .presence = store_sql_keep(d, stmt, 12, a),
        .directed = store_sql_keep(d, stmt, 13, a),
        .standing = d->column_int(stmt, 14),
    };
}

static enum sql_result read_page(struct connection *c, struct str domain, struct str after,
                                 size_t limit, struct arena *a, struct store_sessions *ret)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, SESSIONS, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_text(stmt, 1, domain);
    d->bind_text(stmt, 2, after);
    d->bind_int(stmt, 3, (int64_t)limit + 1); /* one more tells whether there is more */
    while ((r = d->step(stmt)) == SQL_ROW && ret->count < limit)
        ret->sessions[ret->count++] = read_session(d, stmt, a);
    ret->more = r == SQL_ROW;
    d->reset(stmt);
    return r == SQL_ROW ? SQL_DONE : r;
}

/* The array grows by doubling: an arena gives nothing back. */
static void add_stanza(struct store_session *s, size_t *cap, struct store_stanza stanza,
                       struct arena *a)
{
    if (s->stanza_count == *cap) {
        size_t more = *cap ? 2 * *cap : 8;
        struct store_stanza *grown = arena_alloc(a, more * sizeof *grown);
        if (!grown)
            return;
        if (s->stanza_count > 0)
            memcpy(grown, s->stanzas, s->stanza_count * sizeof *grown);
        s->stanzas = grown;
        *cap = more;
    }
    s->stanzas[s->stanza_count++] = stanza;
}

static enum sql_result read_stanzas(struct connection *c, struct store_session *s, struct arena *a)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    size_t cap = 0;
    enum sql_result r = store_sql_run(c, STANZAS, &s->id, 1, &stmt);
    if (r != SQL_ROW)
        return r;
    for (; r == SQL_ROW && !a->failed; r = d->step(stmt)) {
        const struct store_stanza stanza = {.since_ms = d->column_int(stmt, 0),
                                            .tag = d->column_int(stmt, 1),
                                            .xml = store_sql_keep(d, stmt, 2, a)};
        add_stanza(s, &cap, stanza, a);
    }
    d->reset(stmt);
    return r == SQL_ROW ? SQL_NO_MEMORY : r;
}

struct reading {
    struct str domain, after;
    size_t limit;
    struct arena *a;
    struct store_sessions *ret;
};

static enum sql_result read_all(struct connection *c, void *ctx)
{
    const struct reading *ask = ctx;
    enum sql_result r = read_page(c, ask->domain, ask->after, ask->limit, ask->a, ask->ret);
    for (size_t i = 0; r == SQL_DONE && i < ask->ret->count; i++)
        r = read_stanzas(c, &ask->ret->sessions[i], ask->a);
    return r == SQL_DONE && ask->a->failed ? SQL_NO_MEMORY : r;
}

enum store_result store_sql_sessions(struct store *base, struct str domain, struct str after,
                                     size_t limit, struct arena *a, struct store_sessions *ret,
                                     struct store_fault *fault)
{
    struct reading reading = {domain, after, limit, a, ret};
    *ret = (struct store_sessions){.sessions = arena_alloc(a, limit * sizeof *ret->sessions)};
    return a->failed ? STORE_NO_MEMORY : store_sql_read(base, read_all, &reading, fault);
}

/* --- writing --- */

static enum sql_result add_session(struct connection *c, struct str domain,
                                   const struct store_session *s)
{
    const struct str texts[] = {domain,    s->user,     s->id,      s->resource,
                                s->client, s->presence, s->directed};
    const int64_t numbers[] = {s->since_ms, s->left_ms,   s->resume_s, s->acked,   s->written,
                               s->handled,  s->available, s->priority, s->standing};
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, ADD_SESSION, &stmt);
    if (r != SQL_DONE)
        return r;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        d->bind_text(stmt, (int)i + 1, texts[i]);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        d->bind_int(stmt, (int)(ARRAY_LEN(texts) + i) + 1, numbers[i]);
    r = d->step(stmt);
    d->reset(stmt);
    return r;
}

static enum sql_result add_stanzas(struct connection *c, const struct store_session *s)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, ADD_STANZA, &stmt);
    for (size_t i = 0; r == SQL_DONE && i < s->stanza_count; i++) {
        d->bind_text(stmt, 1, s->id);
        d->bind_text(stmt, 2, s->stanzas[i].xml);
        d->bind_int(stmt, 3, (int64_t)i);
        d->bind_int(stmt, 4, s->stanzas[i].since_ms);
        d->bind_int(stmt, 5, s->stanzas[i].tag);
        r = d->step(stmt);
        d->reset(stmt);
    }
    return r;
}

enum store_result store_sql_session_add(struct connection *c, const struct store_write *w)
{
    enum sql_result r = add_session(c, w->domain, w->session);
    if (r == SQL_CONSTRAINT)
        return STORE_EXISTS;
    return store_sql_result(r == SQL_DONE ? add_stanzas(c, w->session) : r);
}

enum store_result store_sql_sessions_clear(struct connection *c, const struct store_write *w)
{
    (void)w;
    enum sql_result r = store_sql_change(c, CLEAR_STANZAS, NULL, 0);
    return store_sql_result(r == SQL_DONE ? store_sql_change(c, CLEAR_SESSIONS, NULL, 0) : r);
}
