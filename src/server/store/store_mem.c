/* The store in memory: tables under one lock. What it does is what the others must do. */
#include "server/store/store.h"

#include "server/store/store_mem_accounts.h"
#include "server/store/store_mem_audit.h"
#include "server/store/store_mem_blocks.h"
#include "server/store/store_mem_meta.h"
#include "server/store/store_mem_sessions.h"
#include "server/store/store_mem_settings.h"
#include "server/store/store_mem_weak.h"

#include <pthread.h>
#include <stdlib.h>

struct store_mem {
    struct store base;
    pthread_mutex_t lock;
    struct mem_accounts accounts;
    struct mem_metas metas;
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

/* --- reading --- */

static enum store_result mem_login(struct store *s, struct str domain, struct str user,
                                   struct str scheme, struct store_login *ret,
                                   struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    pthread_mutex_lock(&m->lock);
    const struct mem_account *account = mem_accounts_find(&m->accounts, domain, user);
    bool found = account && mem_account_login(account, scheme, ret);
    pthread_mutex_unlock(&m->lock);
    return found ? STORE_OK : STORE_NOT_FOUND;
}

static enum store_result mem_account(struct store *s, struct str domain, struct str user,
                                     struct arena *a, struct store_account *ret,
                                     struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    pthread_mutex_lock(&m->lock);
    const struct mem_account *account = mem_accounts_find(&m->accounts, domain, user);
    if (account)
        *ret = mem_account_read(account, a);
    pthread_mutex_unlock(&m->lock);
    if (!account)
        return STORE_NOT_FOUND;
    return a->failed ? STORE_NO_MEMORY : STORE_OK;
}

static enum store_result mem_accounts(struct store *s, struct str domain, struct str prefix,
                                      struct str after, size_t limit, struct arena *a,
                                      struct store_page *ret, struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    pthread_mutex_lock(&m->lock);
    bool ok = mem_accounts_read(&m->accounts, domain, prefix, after, limit, a, ret);
    pthread_mutex_unlock(&m->lock);
    return ok ? STORE_OK : STORE_NO_MEMORY;
}

static enum store_result mem_tokens(struct store *s, struct str domain, struct str user,
                                    struct str client, struct arena *a, struct store_tokens *ret,
                                    struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    enum store_result result = STORE_NOT_FOUND;
    pthread_mutex_lock(&m->lock);
    const struct mem_account *account = mem_accounts_find(&m->accounts, domain, user);
    if (account) {
        *ret = mem_account_tokens(account);
        result = mem_tokens_read(&account->tokens, client, a, ret) ? STORE_OK : STORE_NO_MEMORY;
    }
    pthread_mutex_unlock(&m->lock);
    return result;
}

static enum store_result mem_has_role(struct store *s, struct str domain, enum store_role role,
                                      struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    pthread_mutex_lock(&m->lock);
    bool found = mem_accounts_have_role(&m->accounts, domain, role);
    pthread_mutex_unlock(&m->lock);
    return found ? STORE_OK : STORE_NOT_FOUND;
}

static enum store_result mem_last_admin(struct store *s, struct str domain, struct str user,
                                        struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    pthread_mutex_lock(&m->lock);
    bool is_last = mem_accounts_is_last_admin(&m->accounts, domain, user);
    pthread_mutex_unlock(&m->lock);
    return is_last ? STORE_OK : STORE_NOT_FOUND;
}

static enum store_result mem_meta(struct store *s, struct str key, struct buf *out,
                                  struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    pthread_mutex_lock(&m->lock);
    enum store_result result = mem_metas_read(&m->metas, key, out);
    pthread_mutex_unlock(&m->lock);
    return result;
}

static bool may_sign_in(void *ctx, struct str domain, struct str user)
{
    const struct mem_account *a = mem_accounts_find(ctx, domain, user);
    return a && !a->disabled;
}

static enum store_result mem_sessions(struct store *s, struct str domain, struct str after,
                                      size_t limit, struct arena *a, struct store_sessions *ret,
                                      struct store_fault *fault)
{
    (void)fault;
    struct store_mem *m = mem_of(s);
    pthread_mutex_lock(&m->lock);
    const struct mem_sessions_ask ask = {domain, after, limit, may_sign_in, &m->accounts};
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

/* --- writing --- */

static enum store_result remove_account(struct store_mem *m, const struct store_write *w)
{
    mem_weak_drop(&m->weak, w->domain, w->user);
    return mem_accounts_remove(&m->accounts, w->domain, w->user);
}

static enum store_result set_up(struct store_mem *m, const struct store_write *w)
{
    enum store_result result = mem_accounts_add(&m->accounts, w);
    if (result != STORE_OK)
        return result;
    mem_accounts_find(&m->accounts, w->domain, w->user)->role = w->role;
    result = mem_metas_add(&m->metas, STR_LIT(STORE_META_DOMAIN), w->domain);
    if (result == STORE_EXISTS)
        return STORE_OK;
    if (result != STORE_OK)
        (void)remove_account(m, w);
    return result;
}

static enum store_result apply_change(struct store_mem *m, const struct store_write *w)
{
    struct mem_account *a = mem_accounts_find(&m->accounts, w->domain, w->user);
    switch (w->change) {
    case STORE_ADD:
        return mem_accounts_add(&m->accounts, w);
    case STORE_SET_UP:
        return set_up(m, w);
    case STORE_REMOVE:
        return remove_account(m, w);
    case STORE_PURGE:
        mem_accounts_purge(&m->accounts, w->scheme);
        return STORE_OK;
    case STORE_META_NEW:
        return mem_metas_add(&m->metas, w->key, w->value);
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
        return a ? mem_account_change(a, w) : STORE_NOT_FOUND;
    }
}

/* The row is made before the change, so that it cannot fail after it. */
static enum store_result apply(struct store_mem *m, struct store_write *w)
{
    struct mem_audit_row *row = NULL;
    if (!mem_accounts_may_change(&m->accounts, &w->by))
        return STORE_DENIED;
    if (w->audit && !(row = mem_audit_row_new(w->audit)))
        return STORE_NO_MEMORY;
    w->last_admin =
        store_takes_admin(w) && mem_accounts_is_last_admin(&m->accounts, w->domain, w->user);
    enum store_result result = apply_change(m, w);
    if (row && result == STORE_OK)
        mem_audit_take(&m->audit, w, row);
    else
        mem_audit_row_free(row);
    return result;
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

/* --- life --- */

static void mem_free(struct store *s)
{
    struct store_mem *m = mem_of(s);
    mem_accounts_finish(&m->accounts);
    mem_metas_finish(&m->metas);
    mem_sessions_clear(&m->sessions);
    mem_audit_finish(&m->audit);
    mem_settings_finish(&m->settings);
    mem_blocks_finish(&m->blocks);
    mem_weak_finish(&m->weak);
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
    .has_role = mem_has_role,
    .last_admin = mem_last_admin,
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
