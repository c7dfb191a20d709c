/* Accounts in SQL, as they are read. */
#include "server/store/store_sql_private.h"

#include <stdio.h>

/* A number that a later version may have written gives no rights here. */
static enum store_role role_of(int64_t number)
{
    bool known = number == STORE_ROLE_READ_ONLY || number == STORE_ROLE_FULL;
    return known ? (enum store_role)number : STORE_ROLE_NONE;
}

/* --- the credential of a login --- */

struct login_reading {
    struct str domain, user, scheme;
    struct store_login *ret;
};

static enum sql_result read_login(struct connection *c, void *ctx)
{
    const struct login_reading *reading = ctx;
    const struct str values[] = {reading->domain, reading->user, reading->scheme, reading->scheme};
    struct store_login *ret = reading->ret;
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_run(c, LOGIN, values, 4, &stmt);
    if (r != SQL_ROW)
        return r;
    snprintf(ret->value, sizeof ret->value, "%s", d->column_text(stmt, 0).ptr);
    ret->disabled = d->column_int(stmt, 1) != 0;
    snprintf(ret->reason, sizeof ret->reason, "%s", d->column_text(stmt, 2).ptr);
    ret->mark = d->column_int(stmt, 3);
    ret->role = role_of(d->column_int(stmt, 4));
    d->reset(stmt);
    return SQL_ROW;
}

enum store_result store_sql_login(struct store *base, struct str domain, struct str user,
                                  struct str scheme, struct store_login *ret,
                                  struct store_fault *fault)
{
    struct login_reading reading = {domain, user, scheme, ret};
    return store_sql_read_row(base, read_login, &reading, fault);
}

/* --- one account --- */

/* Reads the rows of one account, which follow each other, from the current row on. */
static struct store_account read_account(const struct sql_driver *d, struct sql_stmt *stmt,
                                         struct arena *a, enum sql_result *r)
{
    struct store_account account = {
        .user = arena_dup(a, d->column_text(stmt, 0)),
        .created_s = d->column_int(stmt, 1),
        .password_s = d->column_int(stmt, 2),
        .disabled = d->column_int(stmt, 3) != 0,
        .reason = arena_dup(a, d->column_text(stmt, 4)),
        .role = role_of(d->column_int(stmt, 5)),
    };
    struct buf schemes = {0};
    while (*r == SQL_ROW && account.user && str_is(d->column_text(stmt, 0), account.user)) {
        buf_cstr(&schemes, buf_len(&schemes) > 0 ? " " : "");
        buf_str(&schemes, d->column_text(stmt, 6));
        *r = d->step(stmt);
    }
    account.schemes = arena_dup(a, buf_peek(&schemes));
    a->failed = a->failed || schemes.failed;
    buf_finish(&schemes);
    return account;
}

struct account_reading {
    struct str domain, user;
    struct arena *a;
    struct store_account *ret;
};

static enum sql_result read_one(struct connection *c, void *ctx)
{
    const struct account_reading *reading = ctx;
    const struct sql_driver *d = c->db->driver;
    const struct str values[] = {reading->domain, reading->user};
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_run(c, ACCOUNT, values, 2, &stmt);
    if (r != SQL_ROW)
        return r;
    *reading->ret = read_account(d, stmt, reading->a, &r);
    d->reset(stmt);
    if (reading->a->failed)
        return SQL_NO_MEMORY;
    return r == SQL_DONE ? SQL_ROW : r;
}

enum store_result store_sql_account(struct store *base, struct str domain, struct str user,
                                    struct arena *a, struct store_account *ret,
                                    struct store_fault *fault)
{
    struct account_reading reading = {domain, user, a, ret};
    return store_sql_read_row(base, read_one, &reading, fault);
}

/* --- a page of them --- */

/* The names that begin with `prefix` and come after `after`, as one range of the index: they are
 * not less than *ret_from, and less than *ret_end. No name comes between `after` and the same with
 * U+0001, and none holds U+10FFFF, whose UTF-8 is the last there is. */
static bool page_range(struct str prefix, struct str after, struct arena *a, struct str *ret_from,
                       struct str *ret_end)
{
    size_t shared = prefix.len < after.len ? prefix.len : after.len;
    int order = shared > 0 ? memcmp(prefix.ptr, after.ptr, shared) : 0;
    bool from_prefix = order > 0 || (order == 0 && prefix.len > after.len);
    char *from = from_prefix ? arena_dup(a, prefix)
                             : arena_printf(a, "%.*s%s", STR_ARG(after), after.len ? "\1" : "");
    char *end = arena_printf(a, "%.*s\xf4\x8f\xbf\xbf", STR_ARG(prefix));
    if (!from || !end)
        return false;
    *ret_from = str_from(from);
    *ret_end = str_from(end);
    return true;
}

struct page_reading {
    struct str values[3]; /* the domain, and the ends of the range */
    size_t limit;
    struct arena *a;
    struct store_page *ret;
};

static enum sql_result read_page(struct connection *c, void *ctx)
{
    const struct page_reading *reading = ctx;
    struct store_page *ret = reading->ret;
    struct arena *a = reading->a;
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, ACCOUNTS, &stmt);
    if (r != SQL_DONE)
        return r;
    for (int i = 0; i < 3; i++)
        d->bind_text(stmt, i + 1, reading->values[i]);
    d->bind_int(stmt, 4, (int64_t)reading->limit + 1); /* one more tells whether there is more */
    r = d->step(stmt);
    while (r == SQL_ROW && ret->count < reading->limit && !a->failed)
        ret->accounts[ret->count++] = read_account(d, stmt, a, &r);
    ret->more = r == SQL_ROW;
    d->reset(stmt);
    if (a->failed)
        return SQL_NO_MEMORY;
    return r == SQL_ROW ? SQL_DONE : r;
}

enum store_result store_sql_accounts(struct store *base, struct str domain, struct str prefix,
                                     struct str after, size_t limit, struct arena *a,
                                     struct store_page *ret, struct store_fault *fault)
{
    struct page_reading reading = {{domain}, limit, a, ret};
    *ret = (struct store_page){.accounts = arena_alloc(a, limit * sizeof *ret->accounts)};
    if (!page_range(prefix, after, a, &reading.values[1], &reading.values[2]) || a->failed)
        return STORE_NO_MEMORY;
    return store_sql_read(base, read_page, &reading, fault);
}

/* --- whether any has a role --- */

struct role_reading {
    struct str domain;
    enum store_role role;
};

static enum sql_result find_role(struct connection *c, void *ctx)
{
    const struct role_reading *reading = ctx;
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, HAS_ROLE, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_text(stmt, 1, reading->domain);
    d->bind_int(stmt, 2, reading->role);
    r = d->step(stmt);
    d->reset(stmt);
    return r;
}

enum store_result store_sql_has_role(struct store *base, struct str domain, enum store_role role,
                                     struct store_fault *fault)
{
    struct role_reading reading = {domain, role};
    return store_sql_read_row(base, find_role, &reading, fault);
}
