/* Networks that may not connect, in SQL. */
#include "server/store/store_sql_private.h"

static struct store_block read_block(const struct sql_driver *d, struct sql_stmt *stmt,
                                     struct arena *a)
{
    return (struct store_block){
        .network = store_sql_keep(d, stmt, 0, a),
        .since_s = d->column_int(stmt, 1),
        .until_s = d->column_int(stmt, 2),
        .reason = store_sql_keep(d, stmt, 3, a),
        .actor = store_sql_keep(d, stmt, 4, a),
    };
}

struct reading {
    struct arena *a;
    struct store_blocks *ret;
};

/* More than there can be are not read. */
static enum sql_result read_all(struct connection *c, void *ctx)
{
    struct arena *a = ((struct reading *)ctx)->a;
    struct store_blocks *ret = ((struct reading *)ctx)->ret;
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_run(c, BLOCKS, NULL, 0, &stmt);
    if (r != SQL_ROW)
        return r;
    for (; r == SQL_ROW && ret->count < STORE_BLOCKS_MAX; r = d->step(stmt))
        ret->blocks[ret->count++] = read_block(d, stmt, a);
    d->reset(stmt);
    if (a->failed)
        return SQL_NO_MEMORY;
    return r == SQL_ROW ? SQL_DONE : r;
}

enum store_result store_sql_blocks(struct store *base, struct arena *a, struct store_blocks *ret,
                                   struct store_fault *fault)
{
    struct reading reading = {a, ret};
    *ret = (struct store_blocks){.blocks = arena_alloc(a, STORE_BLOCKS_MAX * sizeof *ret->blocks)};
    return a->failed ? STORE_NO_MEMORY : store_sql_read(base, read_all, &reading, fault);
}

/* --- writing --- */

static enum sql_result count_all(struct connection *c, int64_t *ret)
{
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_run(c, BLOCK_COUNT, NULL, 0, &stmt);
    if (r != SQL_ROW)
        return r == SQL_DONE ? SQL_FAILED : r;
    *ret = c->db->driver->column_int(stmt, 0);
    c->db->driver->reset(stmt);
    return SQL_DONE;
}

static enum sql_result add(struct connection *c, const struct store_block *block)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, ADD_BLOCK, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_text(stmt, 1, block->network);
    d->bind_text(stmt, 2, block->reason);
    d->bind_text(stmt, 3, block->actor);
    d->bind_int(stmt, 4, block->since_s);
    d->bind_int(stmt, 5, block->until_s);
    r = d->step(stmt);
    d->reset(stmt);
    return r;
}

enum store_result store_sql_block(struct connection *c, const struct store_write *w)
{
    int64_t count = 0;
    enum sql_result r = store_sql_change_by(c, DROP_EXPIRED_BLOCKS, w->now_s);
    if (r == SQL_DONE)
        r = store_sql_change(c, DROP_BLOCK, &w->block->network, 1);
    if (r == SQL_DONE)
        r = count_all(c, &count);
    if (r == SQL_DONE && count >= STORE_BLOCKS_MAX)
        return STORE_REFUSED;
    return store_sql_result(r == SQL_DONE ? add(c, w->block) : r);
}

enum store_result store_sql_unblock(struct connection *c, const struct store_write *w)
{
    return store_sql_touched(c, store_sql_change(c, DROP_BLOCK, &w->block->network, 1));
}
