/* The tokens of XEP-0484 in SQL: rows are read, changed by the rules of store_tokens.h, and what
 * has changed of them is written, all in the writer's transaction. A sign-in changes the count and
 * the time of one row: that must stay one update, since it is what a token costs. */
#include "server/store/store_sql_private.h"
#include "server/store/store_tokens.h"

#include <stdio.h>

enum { TOKENS_MAX = STORE_SLOTS * STORE_CLIENTS_MAX };

/* --- reading --- */

static void copy_text(const struct sql_driver *d, struct sql_stmt *stmt, int column, char *out,
                      size_t out_size)
{
    snprintf(out, out_size, "%s", d->column_text(stmt, column).ptr);
}

static void read_account(const struct sql_driver *d, struct sql_stmt *stmt,
                         struct store_tokens *ret)
{
    ret->disabled = d->column_int(stmt, 0) != 0;
    copy_text(d, stmt, 1, ret->reason, sizeof ret->reason);
    ret->mark = d->column_int(stmt, 2);
}

static void read_token(const struct sql_driver *d, struct sql_stmt *stmt, struct store_token *ret)
{
    copy_text(d, stmt, 3, ret->client, sizeof ret->client);
    ret->slot = d->column_int(stmt, 4) == STORE_SLOT_NEW ? STORE_SLOT_NEW : STORE_SLOT_CURRENT;
    copy_text(d, stmt, 5, ret->id, sizeof ret->id);
    copy_text(d, stmt, 6, ret->mechanism, sizeof ret->mechanism);
    ret->count = d->column_int(stmt, 7);
    ret->issued_s = d->column_int(stmt, 8);
    ret->expires_s = d->column_int(stmt, 9);
    ret->used_s = d->column_int(stmt, 10);
    copy_text(d, stmt, 11, ret->software, sizeof ret->software);
    copy_text(d, stmt, 12, ret->device, sizeof ret->device);
}

/* The account, and at most `max` of its tokens; of all clients when `client` is STR_NONE. SQL_ROW
 * when there is such an account. */
static enum sql_result read_tokens(struct connection *c, const struct str name[2],
                                   struct str client, size_t max, struct store_tokens *ret)
{
    const struct sql_driver *d = c->db->driver;
    const struct str of_client[] = {client, name[0], name[1]};
    struct sql_stmt *stmt;
    enum sql_result r = client.ptr ? store_sql_run(c, TOKENS_OF_CLIENT, of_client, 3, &stmt)
                                   : store_sql_run(c, TOKENS, name, 2, &stmt);
    if (r != SQL_ROW)
        return r;
    read_account(d, stmt, ret);
    /* An account without tokens is one row without an id. */
    for (; r == SQL_ROW && d->column_text(stmt, 5).len > 0 && ret->count < max; r = d->step(stmt))
        read_token(d, stmt, &ret->tokens[ret->count++]);
    d->reset(stmt);
    return r == SQL_DONE ? SQL_ROW : r;
}

struct reading {
    struct str name[2], client;
    size_t max;
    struct store_tokens *ret;
};

static enum sql_result read_all(struct connection *c, void *ctx)
{
    const struct reading *reading = ctx;
    return read_tokens(c, reading->name, reading->client, reading->max, reading->ret);
}

enum store_result store_sql_tokens(struct store *base, struct str domain, struct str user,
                                   struct str client, struct arena *a, struct store_tokens *ret,
                                   struct store_fault *fault)
{
    size_t max = client.ptr ? STORE_SLOTS : TOKENS_MAX;
    struct reading reading = {{domain, user}, client, max, ret};
    *ret = (struct store_tokens){.tokens = arena_alloc(a, max * sizeof *ret->tokens)};
    return a->failed ? STORE_NO_MEMORY : store_sql_read_row(base, read_all, &reading, fault);
}

/* --- writing --- */

/* Where a token is, in four parameters from `at` on. */
static void bind_place(const struct sql_driver *d, struct sql_stmt *stmt, int at,
                       const struct str name[2], const struct store_token *t)
{
    d->bind_text(stmt, at, name[0]);
    d->bind_text(stmt, at + 1, name[1]);
    d->bind_text(stmt, at + 2, str_from(t->client));
    d->bind_int(stmt, at + 3, t->slot);
}

/* What is there, in eight. */
static void bind_content(const struct sql_driver *d, struct sql_stmt *stmt, int at,
                         const struct store_token *t)
{
    d->bind_text(stmt, at, str_from(t->id));
    d->bind_text(stmt, at + 1, str_from(t->mechanism));
    d->bind_int(stmt, at + 2, t->count);
    d->bind_int(stmt, at + 3, t->issued_s);
    d->bind_int(stmt, at + 4, t->expires_s);
    d->bind_int(stmt, at + 5, t->used_s);
    d->bind_text(stmt, at + 6, str_from(t->software));
    d->bind_text(stmt, at + 7, str_from(t->device));
}

static enum sql_result write_token(struct connection *c, enum statement which,
                                   const struct str name[2], const struct store_token *t)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, which, &stmt);
    if (r != SQL_DONE)
        return r;
    bind_place(d, stmt, which == SET_TOKEN ? 9 : 1, name, t);
    if (which != DROP_TOKEN)
        bind_content(d, stmt, which == SET_TOKEN ? 1 : 5, t);
    r = d->step(stmt);
    d->reset(stmt);
    return r;
}

static bool same_content(const struct store_token *a, const struct store_token *b)
{
    return strcmp(a->id, b->id) == 0 && strcmp(a->mechanism, b->mechanism) == 0 &&
           a->count == b->count && a->issued_s == b->issued_s && a->expires_s == b->expires_s &&
           a->used_s == b->used_s && strcmp(a->software, b->software) == 0 &&
           strcmp(a->device, b->device) == 0;
}

/* Makes the row of one slot, which is as in `old`, what it is in `new`. */
static enum sql_result write_slot(struct connection *c, const struct str name[2],
                                  const struct store_token *old, const struct store_token *new)
{
    if (!old->id[0])
        return new->id[0] ? write_token(c, ADD_TOKEN, name, new) : SQL_DONE;
    if (!new->id[0])
        return write_token(c, DROP_TOKEN, name, old);
    return same_content(old, new) ? SQL_DONE : write_token(c, SET_TOKEN, name, new);
}

static enum sql_result drop_client(struct connection *c, const struct str name[2],
                                   struct str client)
{
    const struct str values[] = {name[0], name[1], client};
    return store_sql_change(c, DROP_CLIENT, values, 3);
}

static enum sql_result drop_expired(struct connection *c, const struct str name[2], int64_t now_s)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, DROP_EXPIRED, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_text(stmt, 1, name[0]);
    d->bind_text(stmt, 2, name[1]);
    d->bind_int(stmt, 3, now_s);
    r = d->step(stmt);
    d->reset(stmt);
    return r;
}

/* Of the clients beside `client`, the one that signed in longest ago, when there are as many as an
 * account may have. */
static enum sql_result find_oldest(struct connection *c, const struct str name[2],
                                   struct str client, char ret[STORE_CLIENT_BYTES])
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, OLDEST_CLIENT, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_text(stmt, 1, name[0]);
    d->bind_text(stmt, 2, name[1]);
    d->bind_text(stmt, 3, client);
    d->bind_int(stmt, 4, STORE_CLIENTS_MAX - 1);
    r = d->step(stmt);
    if (r == SQL_ROW)
        copy_text(d, stmt, 0, ret, STORE_CLIENT_BYTES);
    d->reset(stmt);
    return r;
}

/* Leaves room for `client` beside the others. */
static enum sql_result make_room(struct connection *c, const struct str name[2], struct str client,
                                 int64_t now_s)
{
    char oldest[STORE_CLIENT_BYTES];
    enum sql_result r = drop_expired(c, name, now_s);
    while (r == SQL_DONE && (r = find_oldest(c, name, client, oldest)) == SQL_ROW)
        r = drop_client(c, name, str_from(oldest));
    return r;
}

static enum sql_result write_slots(struct connection *c, const struct store_write *w,
                                   const struct store_token old[STORE_SLOTS],
                                   const struct store_token slots[STORE_SLOTS])
{
    const struct str name[] = {w->domain, w->user};
    enum sql_result r = SQL_DONE;
    for (size_t i = 0; r == SQL_DONE && i < STORE_SLOTS; i++)
        r = write_slot(c, name, &old[i], &slots[i]);
    if (r == SQL_DONE && w->token->issued)
        r = make_room(c, name, w->token->client, w->now_s);
    return r;
}

enum store_result store_sql_token_change(struct connection *c, const struct store_write *w)
{
    const struct str name[] = {w->domain, w->user};
    struct store_token rows[STORE_SLOTS], old[STORE_SLOTS], slots[STORE_SLOTS];
    struct store_tokens account = {.tokens = rows};
    enum store_result result =
        store_sql_found(c, read_tokens(c, name, w->token->client, STORE_SLOTS, &account), NULL);
    if (result != STORE_OK)
        return result;
    store_tokens_lay_out(rows, account.count, old);
    memcpy(slots, old, sizeof slots);
    result = store_tokens_change(&account, w->token, w->now_s, slots);
    return result == STORE_OK ? store_sql_result(write_slots(c, w, old, slots)) : result;
}

enum store_result store_sql_tokens_drop(struct connection *c, const struct store_write *w)
{
    const struct sql_driver *d = c->db->driver;
    const struct str name[] = {w->domain, w->user};
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_run(c, ACCOUNT, name, 2, &stmt);
    if (r != SQL_ROW)
        return store_sql_found(c, r, NULL);
    d->reset(stmt);
    r = drop_client(c, name, w->client);
    enum store_result result = store_sql_touched(c, r);
    return result == STORE_NOT_FOUND ? STORE_REFUSED : result;
}
