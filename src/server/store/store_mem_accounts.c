#include "server/store/store_mem_accounts.h"

#include "server/store/store_mem_text.h"

/* Where (domain, user) is, or would be. */
static size_t locate(const struct mem_accounts *m, struct str domain, struct str user,
                     bool *ret_found)
{
    size_t low = 0, high = m->count;
    *ret_found = false;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct mem_account *a = m->rows[middle];
        int order = mem_compare(str_from(a->domain), domain);
        if (order == 0)
            order = mem_compare(str_from(a->user), user);
        if (order == 0)
            *ret_found = true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct mem_account *mem_accounts_find(const struct mem_accounts *m, struct str domain,
                                      struct str user)
{
    bool found;
    size_t at = locate(m, domain, user, &found);
    return found ? m->rows[at] : NULL;
}

/* --- reading --- */

static bool begins(const char *user, struct str prefix)
{
    return prefix.len == 0 || strncmp(user, prefix.ptr, prefix.len) == 0;
}

bool mem_accounts_read(const struct mem_accounts *m, struct str domain, struct str prefix,
                       struct str after, size_t limit, struct arena *a, struct store_page *ret)
{
    bool found, from_prefix = mem_compare(prefix, after) > 0;
    size_t at = locate(m, domain, from_prefix ? prefix : after, &found);
    *ret = (struct store_page){.accounts = arena_alloc(a, limit * sizeof *ret->accounts)};
    for (at += found && !from_prefix; ret->accounts && at < m->count; at++) {
        if (!str_is(domain, m->rows[at]->domain) || !begins(m->rows[at]->user, prefix))
            break;
        if (ret->count == limit) {
            ret->more = true;
            break;
        }
        ret->accounts[ret->count++] = mem_account_read(m->rows[at], a);
    }
    return !a->failed;
}

static bool acts_as(const struct mem_account *a, struct str domain, enum store_role role)
{
    return a->role == role && !a->disabled && str_is(domain, a->domain);
}

bool mem_accounts_have_role(const struct mem_accounts *m, struct str domain, enum store_role role)
{
    for (size_t i = 0; i < m->count; i++)
        if (acts_as(m->rows[i], domain, role))
            return true;
    return false;
}

static bool is_admin(const struct mem_account *a, struct str domain)
{
    return acts_as(a, domain, STORE_ROLE_FULL);
}

bool mem_accounts_is_last_admin(const struct mem_accounts *m, struct str domain, struct str user)
{
    const struct mem_account *account = mem_accounts_find(m, domain, user);
    size_t admins = 0;
    for (size_t i = 0; i < m->count; i++)
        admins += is_admin(m->rows[i], domain);
    return account && is_admin(account, domain) && admins == 1;
}

bool mem_accounts_may_change(const struct mem_accounts *m, const struct store_by *by)
{
    if (!by->user.ptr)
        return true;
    const struct mem_account *a = mem_accounts_find(m, by->domain, by->user);
    return a && is_admin(a, by->domain) && a->mark == by->mark;
}

/* --- changes --- */

static bool reserve(struct mem_accounts *m)
{
    if (m->count < m->cap)
        return true;
    size_t cap = m->cap ? 2 * m->cap : 16;
    struct mem_account **grown = realloc(m->rows, cap * sizeof *grown);
    if (!grown)
        return false;
    m->rows = grown;
    m->cap = cap;
    return true;
}

enum store_result mem_accounts_add(struct mem_accounts *m, const struct store_write *w)
{
    bool found;
    size_t at = locate(m, w->domain, w->user, &found);
    if (found)
        return STORE_EXISTS;
    struct mem_account *a = reserve(m) ? mem_account_new(w) : NULL;
    if (!a)
        return STORE_NO_MEMORY;
    memmove(m->rows + at + 1, m->rows + at, (m->count - at) * sizeof(struct mem_account *));
    m->rows[at] = a;
    m->count++;
    return STORE_OK;
}

enum store_result mem_accounts_remove(struct mem_accounts *m, struct str domain, struct str user)
{
    bool found;
    size_t at = locate(m, domain, user, &found);
    if (!found)
        return STORE_NOT_FOUND;
    mem_account_free(m->rows[at]);
    m->count--;
    memmove(m->rows + at, m->rows + at + 1, (m->count - at) * sizeof(struct mem_account *));
    return STORE_OK;
}

void mem_accounts_purge(struct mem_accounts *m, struct str scheme)
{
    for (size_t i = 0; i < m->count; i++)
        mem_account_purge(m->rows[i], scheme);
}

void mem_accounts_finish(struct mem_accounts *m)
{
    for (size_t i = 0; i < m->count; i++)
        mem_account_free(m->rows[i]);
    free(m->rows);
}
