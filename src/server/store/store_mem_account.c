#include "server/store/store_mem_account.h"

#include "base/wipe.h"
#include "server/store/store_mem_text.h"

#include <stdio.h>

/* --- life --- */

static void drop_credentials(struct mem_account *a)
{
    for (size_t i = 0; i < a->credential_count; i++) {
        free(a->credentials[i].scheme);
        wipe_free_cstr(a->credentials[i].value);
    }
    a->credential_count = 0;
}

void mem_account_free(struct mem_account *a)
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
        struct mem_credential new = {mem_dup(w->credentials[i].scheme),
                                     mem_dup(w->credentials[i].value)};
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

struct mem_account *mem_account_new(const struct store_write *w)
{
    struct mem_account *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->domain = mem_dup(w->domain);
    a->user = mem_dup(w->user);
    a->reason = mem_dup(STR_LIT(""));
    a->created_s = a->password_s = w->now_s;
    a->mark = w->mark;
    if (a->domain && a->user && a->reason && take_credentials(a, w))
        return a;
    mem_account_free(a);
    return NULL;
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

bool mem_account_login(const struct mem_account *a, struct str scheme, struct store_login *ret)
{
    const struct mem_credential *c = choose(a, scheme);
    if (!c)
        return false;
    ret->disabled = a->disabled;
    ret->mark = a->mark;
    ret->role = a->role;
    snprintf(ret->value, sizeof ret->value, "%s", c->value);
    snprintf(ret->reason, sizeof ret->reason, "%s", a->reason);
    return true;
}

struct store_account mem_account_read(const struct mem_account *m, struct arena *a)
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

struct store_tokens mem_account_tokens(const struct mem_account *a)
{
    struct store_tokens head = {.disabled = a->disabled, .mark = a->mark};
    snprintf(head.reason, sizeof head.reason, "%s", a->reason);
    return head;
}

/* --- changes --- */

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

static enum store_result set_disabled(struct mem_account *a, const struct store_write *w)
{
    bool disabled = w->change == STORE_DISABLE;
    char *copy = mem_dup(disabled ? w->reason : STR_LIT(""));
    if (!copy)
        return STORE_NO_MEMORY;
    free(a->reason);
    a->reason = copy;
    a->disabled = disabled;
    return disabled ? log_out(a, w) : STORE_OK;
}

static enum store_result change_tokens(struct mem_account *a, const struct store_write *w)
{
    struct store_tokens head = mem_account_tokens(a);
    return mem_tokens_change(&a->tokens, &head, w->token, w->now_s);
}

enum store_result mem_account_change(struct mem_account *a, const struct store_write *w)
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

void mem_account_purge(struct mem_account *a, struct str scheme)
{
    size_t kept = 0;
    for (size_t i = 0; i < a->credential_count; i++) {
        struct mem_credential c = a->credentials[i];
        if (str_is(scheme, c.scheme)) {
            free(c.scheme);
            wipe_free_cstr(c.value);
        } else {
            a->credentials[kept++] = c;
        }
    }
    a->credential_count = kept;
}
