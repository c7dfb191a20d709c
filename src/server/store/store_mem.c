/* Accounts in memory: a sorted array under one lock. What it does is what the others must do. */
#include "server/store/store.h"

#include "base/wipe.h"
#include "server/store/store_mem_audit.h"
#include "server/store/store_mem_blocks.h"
#include "server/store/store_mem_sessions.h"
#include "server/store/store_mem_settings.h"
#include "server/store/store_mem_text.h"
#include "server/store/store_mem_tokens.h"
#include "server/store/store_mem_weak.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct mem_credential {
    char *scheme, *value;
};

struct mem_account {
    char *domain, *user, *reason;
    int64_t created_s, password_s;
    bool disabled;
    int64_t mark;
    enum store_role role;
    struct mem_tokens tokens;
    struct mem_credential credentials[STORE_CREDENTIALS_MAX]; /* by scheme */
    size_t credential_count;
};

struct mem_meta {
    char *key, *value;
};

struct store_mem {
    struct store base;
    pthread_mutex_t lock;
    struct mem_account **accounts; /* by domain, then user */
    size_t account_count, account_cap;
    struct mem_meta *metas;
    size_t meta_count;
    struct mem_sessions sessions;
    struct mem_audit audit;
    struct mem_settings settings;
    struct mem_blocks blocks;
    struct mem_weak weak; /* of accounts that are there */
};

static struct store_mem *mem_of(struct store *s)
{
    return CONTAINER_OF(s, struct store_mem, base);
}

static char *dup_str(struct str s)
{
    char *copy = malloc(s.len + 1);
    if (!copy)
        return NULL;
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

/* Where (domain, user) is, or would be. */
static size_t locate(const struct store_mem *m, struct str domain, struct str user, bool *ret_found)
{
    size_t low = 0, high = m->account_count;
    *ret_found = false;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct mem_account *a = m->accounts[middle];
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

static struct mem_account *find(const struct store_mem *m, struct str domain, struct str user)
{
    bool found;
    size_t at = locate(m, domain, user, &found);
    return found ? m->accounts[at] : NULL;
}

/* --- reading --- */

static const struct mem_credential *choose(const struct mem_account *a, struct str scheme)
{
    const struct mem_credential *best = NULL;
    for (size_t i = 0; i < a->credential_count; i++) {
        const struct mem_credential *c = &a->credentials[i];
        if (scheme.len > 0 ? str_is(scheme, c->scheme) : strcmp(c->scheme, "SCRAM-SHA-256") == 0)
            return c;
        if (scheme.len == 0 && strncmp(c->scheme, "SCRAM-", 6) == 0)
            best = c;
    }
    return best;
}

static enum store_result mem_login(struct store *s, struct str domain, struct str user,
                                   struct str scheme, struct store_login *ret,
                                   struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    pthread_mutex_lock(&m->lock);
    const struct mem_account *a = find(m, domain, user);
    const struct mem_credential *c = a ? choose(a, scheme) : NULL;
    if (c) {
        ret->disabled = a->disabled;
        ret->mark = a->mark;
        ret->role = a->role;
        snprintf(ret->value, sizeof ret->value, "%s", c->value);
        snprintf(ret->reason, sizeof ret->reason, "%s", a->reason);
    }
    pthread_mutex_unlock(&m->lock);
    return c ? STORE_OK : STORE_NOT_FOUND;
}

static struct store_account describe(const struct mem_account *m, struct arena *a)
{
    struct buf schemes = {0};
    for (size_t i = 0; i < m->credential_count; i++)
        buf_printf(&schemes, "%s%s", i > 0 ? " " : "", m->credentials[i].scheme);
    struct store_account account = {
        .user = arena_dup(a, str_from(m->user)),
        .created_s = m->created_s,
        .password_s = m->password_s,
        .disabled = m->disabled,
        .reason = arena_dup(a, str_from(m->reason)),
        .schemes = arena_dup(a, buf_peek(&schemes)),
        .role = m->role,
    };
    a->failed = a->failed || schemes.failed;
    buf_finish(&schemes);
    return account;
}

static enum store_result mem_account(struct store *s, struct str domain, struct str user,
                                     struct arena *a, struct store_account *ret,
                                     struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    pthread_mutex_lock(&m->lock);
    const struct mem_account *account = find(m, domain, user);
    if (account)
        *ret = describe(account, a);
    pthread_mutex_unlock(&m->lock);
    if (!account)
        return STORE_NOT_FOUND;
    return a->failed ? STORE_NO_MEMORY : STORE_OK;
}

static bool begins(const char *user, struct str prefix)
{
    return prefix.len == 0 || strncmp(user, prefix.ptr, prefix.len) == 0;
}

static enum store_result mem_accounts(struct store *s, struct str domain, struct str prefix,
                                      struct str after, size_t limit, struct arena *a,
                                      struct store_page *ret, struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    *ret = (struct store_page){.accounts = arena_alloc(a, limit * sizeof *ret->accounts)};
    pthread_mutex_lock(&m->lock);
    bool found, from_prefix = mem_compare(prefix, after) > 0;
    size_t at = locate(m, domain, from_prefix ? prefix : after, &found);
    for (at += found && !from_prefix; ret->accounts && at < m->account_count; at++) {
        if (!str_is(domain, m->accounts[at]->domain) || !begins(m->accounts[at]->user, prefix))
            break;
        if (ret->count == limit) {
            ret->more = true;
            break;
        }
        ret->accounts[ret->count++] = describe(m->accounts[at], a);
    }
    pthread_mutex_unlock(&m->lock);
    return a->failed ? STORE_NO_MEMORY : STORE_OK;
}

static struct store_tokens tokens_head(const struct mem_account *a)
{
    struct store_tokens head = {.disabled = a->disabled, .mark = a->mark};
    snprintf(head.reason, sizeof head.reason, "%s", a->reason);
    return head;
}

static enum store_result mem_tokens(struct store *s, struct str domain, struct str user,
                                    struct str client, struct arena *a, struct store_tokens *ret,
                                    struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    enum store_result result = STORE_NOT_FOUND;
    pthread_mutex_lock(&m->lock);
    const struct mem_account *account = find(m, domain, user);
    if (account) {
        *ret = tokens_head(account);
        result = mem_tokens_read(&account->tokens, client, a, ret) ? STORE_OK : STORE_NO_MEMORY;
    }
    pthread_mutex_unlock(&m->lock);
    return result;
}

static enum store_result mem_meta(struct store *s, struct str key, struct buf *out,
                                  struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    enum store_result result = STORE_NOT_FOUND;
    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < m->meta_count; i++) {
        if (str_is(key, m->metas[i].key)) {
            buf_cstr(out, m->metas[i].value);
            result = out->failed ? STORE_NO_MEMORY : STORE_OK;
        }
    }
    pthread_mutex_unlock(&m->lock);
    return result;
}

/* --- writing --- */

static void drop_credentials(struct mem_account *a)
{
    for (size_t i = 0; i < a->credential_count; i++) {
        free(a->credentials[i].scheme);
        wipe_free_cstr(a->credentials[i].value);
    }
    a->credential_count = 0;
}

static void free_account(struct mem_account *a)
{
    drop_credentials(a);
    mem_tokens_finish(&a->tokens);
    free(a->domain);
    free(a->user);
    free(a->reason);
    free(a);
}

/* Copies the credentials of `w`, sorted, into the set of `a`, which has none of them. */
static bool take_credentials(struct mem_account *a, const struct store_write *w)
{
    for (size_t i = 0; i < w->credential_count; i++) {
        size_t at = a->credential_count;
        struct mem_credential new = {dup_str(w->credentials[i].scheme),
                                     dup_str(w->credentials[i].value)};
        if (!new.scheme || !new.value) {
            free(new.scheme);
            wipe_free_cstr(new.value);
            return false;
        }
        for (; at > 0 && strcmp(a->credentials[at - 1].scheme, new.scheme) > 0; at--)
            a->credentials[at] = a->credentials[at - 1];
        a->credentials[at] = new;
        a->credential_count++;
    }
    return true;
}

static bool reserve(struct store_mem *m)
{
    if (m->account_count < m->account_cap)
        return true;
    size_t cap = m->account_cap ? 2 * m->account_cap : 16;
    struct mem_account **grown = realloc(m->accounts, cap * sizeof *grown);
    if (!grown)
        return false;
    m->accounts = grown;
    m->account_cap = cap;
    return true;
}

static enum store_result add(struct store_mem *m, const struct store_write *w)
{
    bool found;
    size_t at = locate(m, w->domain, w->user, &found);
    if (found)
        return STORE_EXISTS;
    struct mem_account *a = calloc(1, sizeof *a);
    if (!a)
        return STORE_NO_MEMORY;
    a->domain = dup_str(w->domain);
    a->user = dup_str(w->user);
    a->reason = dup_str(STR_LIT(""));
    a->created_s = a->password_s = w->now_s;
    a->mark = w->mark;
    if (!a->domain || !a->user || !a->reason || !take_credentials(a, w) || !reserve(m)) {
        free_account(a);
        return STORE_NO_MEMORY;
    }
    memmove(m->accounts + at + 1, m->accounts + at,
            (m->account_count - at) * sizeof(struct mem_account *));
    m->accounts[at] = a;
    m->account_count++;
    return STORE_OK;
}

/* No token is left, and no older proof of the password gets one. */
static enum store_result log_out(struct mem_account *a, const struct store_write *w)
{
    mem_tokens_finish(&a->tokens);
    a->mark = w->mark;
    return STORE_OK;
}

static enum store_result set_password(struct mem_account *a, const struct store_write *w)
{
    struct mem_account fresh = {0};
    if (!take_credentials(&fresh, w)) {
        drop_credentials(&fresh);
        return STORE_NO_MEMORY;
    }
    drop_credentials(a);
    memcpy(a->credentials, fresh.credentials, sizeof a->credentials);
    a->credential_count = fresh.credential_count;
    a->password_s = w->now_s;
    return log_out(a, w);
}

static bool has_scheme(const struct mem_account *a, struct str scheme)
{
    for (size_t i = 0; i < a->credential_count; i++)
        if (str_is(scheme, a->credentials[i].scheme))
            return true;
    return false;
}

static enum store_result upgrade(struct mem_account *a, const struct store_write *w)
{
    if (a->disabled || a->mark != w->old_mark)
        return STORE_NOT_FOUND;
    if (a->credential_count + w->credential_count > STORE_CREDENTIALS_MAX)
        return STORE_FAILED;
    for (size_t i = 0; i < w->credential_count; i++)
        if (has_scheme(a, w->credentials[i].scheme))
            return STORE_EXISTS;
    return take_credentials(a, w) ? STORE_OK : STORE_NO_MEMORY;
}

static enum store_result remove_account(struct store_mem *m, const struct store_write *w)
{
    bool found;
    size_t at = locate(m, w->domain, w->user, &found);
    if (!found)
        return STORE_NOT_FOUND;
    mem_weak_drop(&m->weak, w->domain, w->user);
    free_account(m->accounts[at]);
    m->account_count--;
    memmove(m->accounts + at, m->accounts + at + 1,
            (m->account_count - at) * sizeof(struct mem_account *));
    return STORE_OK;
}

static enum store_result set_disabled(struct mem_account *a, const struct store_write *w)
{
    bool disabled = w->change == STORE_DISABLE;
    char *copy = dup_str(disabled ? w->reason : STR_LIT(""));
    if (!copy)
        return STORE_NO_MEMORY;
    free(a->reason);
    a->reason = copy;
    a->disabled = disabled;
    return disabled ? log_out(a, w) : STORE_OK;
}

static enum store_result purge(struct store_mem *m, struct str scheme)
{
    for (size_t i = 0; i < m->account_count; i++) {
        struct mem_account *a = m->accounts[i];
        size_t kept = 0;
        for (size_t j = 0; j < a->credential_count; j++) {
            struct mem_credential c = a->credentials[j];
            if (str_is(scheme, c.scheme)) {
                free(c.scheme);
                wipe_free_cstr(c.value);
            } else {
                a->credentials[kept++] = c;
            }
        }
        a->credential_count = kept;
    }
    return STORE_OK;
}

static enum store_result new_meta(struct store_mem *m, const struct store_write *w)
{
    for (size_t i = 0; i < m->meta_count; i++) {
        if (str_is(w->key, m->metas[i].key))
            return STORE_EXISTS;
    }
    struct mem_meta *grown = realloc(m->metas, (m->meta_count + 1) * sizeof *grown);
    if (!grown)
        return STORE_NO_MEMORY;
    m->metas = grown;
    struct mem_meta meta = {dup_str(w->key), dup_str(w->value)};
    if (!meta.key || !meta.value) {
        free(meta.key);
        wipe_free_cstr(meta.value);
        return STORE_NO_MEMORY;
    }
    m->metas[m->meta_count++] = meta;
    return STORE_OK;
}

static enum store_result change_tokens(struct mem_account *a, const struct store_write *w)
{
    struct store_tokens head = tokens_head(a);
    return mem_tokens_change(&a->tokens, &head, w->token, w->now_s);
}

static enum store_result apply_to_account(struct mem_account *a, const struct store_write *w)
{
    switch (w->change) {
    case STORE_PASSWORD:
        return set_password(a, w);
    case STORE_UPGRADE:
        return upgrade(a, w);
    case STORE_DISABLE:
    case STORE_ENABLE:
        return set_disabled(a, w);
    case STORE_ROLE:
        a->role = w->role;
        return STORE_OK;
    case STORE_TOKEN:
        return change_tokens(a, w);
    case STORE_TOKENS_DROP:
        return mem_tokens_drop(&a->tokens, w->client) ? STORE_OK : STORE_REFUSED;
    case STORE_LOGOUT:
        return log_out(a, w);
    default:
        return STORE_FAILED;
    }
}

static enum store_result apply_change(struct store_mem *m, const struct store_write *w)
{
    struct mem_account *a = find(m, w->domain, w->user);
    switch (w->change) {
    case STORE_ADD:
        return add(m, w);
    case STORE_REMOVE:
        return remove_account(m, w);
    case STORE_PURGE:
        return purge(m, w->scheme);
    case STORE_META_NEW:
        return new_meta(m, w);
    case STORE_SESSION:
        return mem_sessions_add(&m->sessions, w->domain, w->session);
    case STORE_SESSIONS_CLEAR:
        mem_sessions_clear(&m->sessions);
        return STORE_OK;
    case STORE_AUDIT:
        return STORE_OK;
    case STORE_SETTING:
        return mem_settings_change(&m->settings, w->setting, w->now_s);
    case STORE_BLOCK:
        return mem_blocks_put(&m->blocks, w->block, w->now_s);
    case STORE_UNBLOCK:
        return mem_blocks_remove(&m->blocks, w->block->network);
    case STORE_WEAK_LOGIN:
        return a ? mem_weak_put(&m->weak, w) : STORE_NOT_FOUND;
    default:
        return a ? apply_to_account(a, w) : STORE_NOT_FOUND;
    }
}

/* The row is made before the change, so that it cannot fail after it. */
static enum store_result apply(struct store_mem *m, const struct store_write *w)
{
    struct mem_audit_row *row = NULL;
    if (w->audit && !(row = mem_audit_row_new(w->audit)))
        return STORE_NO_MEMORY;
    enum store_result result = apply_change(m, w);
    if (row && result == STORE_OK)
        mem_audit_take(&m->audit, w, row);
    else
        mem_audit_row_free(row);
    return result;
}

static bool may_sign_in(void *ctx, struct str domain, struct str user)
{
    const struct mem_account *a = find(ctx, domain, user);
    return a && !a->disabled;
}

static enum store_result mem_sessions(struct store *s, struct str domain, struct str after,
                                      size_t limit, struct arena *a, struct store_sessions *ret,
                                      struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    pthread_mutex_lock(&m->lock);
    const struct mem_sessions_ask ask = {domain, after, limit, may_sign_in, m};
    bool ok = mem_sessions_read(&m->sessions, &ask, a, ret);
    pthread_mutex_unlock(&m->lock);
    return ok ? STORE_OK : STORE_NO_MEMORY;
}

static enum store_result mem_audit(struct store *s, const struct store_audit_ask *ask,
                                   struct arena *a, struct store_audit_page *ret,
                                   struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    pthread_mutex_lock(&m->lock);
    bool ok = mem_audit_read(&m->audit, ask, a, ret);
    pthread_mutex_unlock(&m->lock);
    return ok ? STORE_OK : STORE_NO_MEMORY;
}

static enum store_result mem_settings(struct store *s, struct arena *a, struct store_settings *ret,
                                      struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    pthread_mutex_lock(&m->lock);
    bool ok = mem_settings_read(&m->settings, a, ret);
    pthread_mutex_unlock(&m->lock);
    return ok ? STORE_OK : STORE_NO_MEMORY;
}

static enum store_result mem_setting_changes(struct store *s,
                                             const struct store_setting_query *query,
                                             struct arena *a, struct store_setting_changes *ret,
                                             struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    pthread_mutex_lock(&m->lock);
    bool ok = mem_settings_history(&m->settings, query, a, ret);
    pthread_mutex_unlock(&m->lock);
    return ok ? STORE_OK : STORE_NO_MEMORY;
}

static enum store_result mem_blocks(struct store *s, struct arena *a, struct store_blocks *ret,
                                    struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    pthread_mutex_lock(&m->lock);
    bool ok = mem_blocks_read(&m->blocks, a, ret);
    pthread_mutex_unlock(&m->lock);
    return ok ? STORE_OK : STORE_NO_MEMORY;
}

static enum store_result mem_weak_logins(struct store *s, struct str domain, size_t limit,
                                         struct arena *a, struct store_weak_logins *ret,
                                         struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    pthread_mutex_lock(&m->lock);
    bool ok = mem_weak_read(&m->weak, domain, limit, a, ret);
    pthread_mutex_unlock(&m->lock);
    return ok ? STORE_OK : STORE_NO_MEMORY;
}

static enum store_result mem_commit(struct store *s, struct store_write *const *writes,
                                    size_t count, struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < count; i++)
        writes[i]->result = apply(m, writes[i]);
    pthread_mutex_unlock(&m->lock);
    return STORE_OK;
}

static void mem_free(struct store *s)
{
    struct store_mem *m = mem_of(s);
    for (size_t i = 0; i < m->account_count; i++)
        free_account(m->accounts[i]);
    for (size_t i = 0; i < m->meta_count; i++) {
        free(m->metas[i].key);
        wipe_free_cstr(m->metas[i].value);
    }
    mem_sessions_clear(&m->sessions);
    mem_audit_finish(&m->audit);
    mem_settings_finish(&m->settings);
    mem_blocks_finish(&m->blocks);
    mem_weak_finish(&m->weak);
    free(m->accounts);
    free(m->metas);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

static const struct store_ops store_mem_ops = {
    .name = "mem",
    .login = mem_login,
    .account = mem_account,
    .accounts = mem_accounts,
    .tokens = mem_tokens,
    .sessions = mem_sessions,
    .audit = mem_audit,
    .blocks = mem_blocks,
    .weak_logins = mem_weak_logins,
    .meta = mem_meta,
    .settings = mem_settings,
    .setting_changes = mem_setting_changes,
    .commit = mem_commit,
    .free = mem_free,
};

enum store_result store_mem_new(struct store **ret)
{
    *ret = NULL;
    struct store_mem *m = calloc(1, sizeof *m);
    if (!m)
        return STORE_NO_MEMORY;
    m->base.ops = &store_mem_ops;
    if (pthread_mutex_init(&m->lock, NULL) != 0) {
        free(m);
        return STORE_NO_MEMORY;
    }
    *ret = &m->base;
    return STORE_OK;
}
