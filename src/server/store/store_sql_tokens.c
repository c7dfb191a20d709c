/* The tokens of XEP-0484 in SQL: rows are read, changed by the rules of store_tokens.h, and written
 * again, all in the writer's transaction. */
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

enum store_result store_sql_tokens(struct store *base, struct str domain, struct str user,
                                   struct str client, struct arena *a, struct store_tokens *ret,
                                   struct store_fault *fault)
{
    struct store_sql *s = store_sql_of(base);
    struct connection *c;
    const struct str name[] = {domain, user};
    size_t max = client.ptr ? STORE_SLOTS : TOKENS_MAX;
    *ret = (struct store_tokens){.tokens = arena_alloc(a, max * sizeof *ret->tokens)};
    if (a->failed)
        return STORE_NO_MEMORY;
    enum store_result result = store_sql_take(s, &c, fault);
    if (result != STORE_OK)
        return result;
    result = store_sql_found(c, read_tokens(c, name, client, max, ret), fault);
    store_sql_give(s, c, result);
    return result;
}

/* --- writing --- */

static enum sql_result add_token(struct connection *c, const struct str name[2],
                                 const struct store_token *t)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, ADD_TOKEN, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_text(stmt, 1, name[0]);
    d->bind_text(stmt, 2, name[1]);
    d->bind_text(stmt, 3, str_from(t->client));
    d->bind_int(stmt, 4, t->slot);
    d->bind_text(stmt, 5, str_from(t->id));
    d->bind_text(stmt, 6, str_from(t->mechanism));
    d->bind_int(stmt, 7, t->count);
    d->bind_int(stmt, 8, t->issued_s);
    d->bind_int(stmt, 9, t->expires_s);
    d->bind_int(stmt, 10, t->used_s);
    d->bind_text(stmt, 11, str_from(t->software));
    d->bind_text(stmt, 12, str_from(t->device));
    r = d->step(stmt);
    d->reset(stmt);
    return r;
}

static enum sql_result drop_client(struct connection *c, const struct str name[2],
                                   struct str client)
{
    const struct str values[] = {name[0], name[1], client};
    return store_sql_change(c, DROP_CLIENT, values, 3);
}

/* A statement with the account and one number; the caller resets it when it gives a row. */
static enum sql_result run_number(struct connection *c, enum statement which,
                                  const struct str name[2], int64_t number, struct sql_stmt **ret)
{
    const struct sql_driver *d = c->db->driver;
    enum sql_result r = store_sql_statement(c, which, ret);
    if (r != SQL_DONE)
        return r;
    d->bind_text(*ret, 1, name[0]);
    d->bind_text(*ret, 2, name[1]);
    d->bind_int(*ret, 3, number);
    r = d->step(*ret);
    if (r != SQL_ROW)
        d->reset(*ret);
    return r;
}

/* Leaves room for one more client. */
static enum sql_result make_room(struct connection *c, const struct str name[2], int64_t now_s)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = run_number(c, DROP_EXPIRED, name, now_s, &stmt);
    while (r == SQL_DONE) {
        char client[STORE_CLIENT_BYTES];
        r = run_number(c, OLDEST_CLIENT, name, STORE_CLIENTS_MAX - 1, &stmt);
        if (r != SQL_ROW)
            break;
        copy_text(d, stmt, 0, client, sizeof client);
        d->reset(stmt);
        r = drop_client(c, name, str_from(client));
    }
    return r;
}

static enum sql_result write_slots(struct connection *c, const struct store_write *w,
                                   const struct store_token slots[STORE_SLOTS])
{
    const struct str name[] = {w->domain, w->user};
    enum sql_result r = drop_client(c, name, w->token->client);
    if (r == SQL_DONE && w->token->issued)
        r = make_room(c, name, w->now_s);
    for (size_t i = 0; r == SQL_DONE && i < STORE_SLOTS; i++) {
        if (slots[i].id[0])
            r = add_token(c, name, &slots[i]);
    }
    return r;
}

enum store_result store_sql_token_change(struct connection *c, const struct store_write *w)
{
    const struct str name[] = {w->domain, w->user};
    struct store_token rows[STORE_SLOTS], slots[STORE_SLOTS];
    struct store_tokens account = {.tokens = rows};
    enum store_result result =
        store_sql_found(c, read_tokens(c, name, w->token->client, STORE_SLOTS, &account), NULL);
    if (result != STORE_OK)
        return result;
    store_tokens_lay_out(rows, account.count, slots);
    result = store_tokens_change(&account, w->token, w->now_s, slots);
    return result == STORE_OK ? store_sql_result(write_slots(c, w, slots)) : result;
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
