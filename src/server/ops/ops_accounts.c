#include "server/ops/ops_accounts.h"

#include "base/wipe.h"
#include "core/jid.h"
#include "server/memory.h"
#include "server/ops/ops_private.h"

static const enum hash_alg scram_algs[] = {HASH_SHA1, HASH_SHA256, HASH_SHA512};

/* --- reading --- */

static void fill_account(struct ops_request *r, struct ops_reply *reply)
{
    if (reply->result != OPS_OK)
        return;
    reply->account = &r->account;
    reply->last_admin = r->last_admin;
}

static void fill_page(struct ops_request *r, struct ops_reply *reply)
{
    if (reply->result == OPS_OK)
        reply->page = &r->page;
}

static void fill_login(struct ops_request *r, struct ops_reply *reply)
{
    if (reply->result != OPS_OK)
        return;
    if (!sasl_credential_read(str_from(r->login.value), &r->credential)) {
        log_printf(r->ops->config.log, LOG_ERROR, "store", 0, "a credential of %s cannot be read",
                   r->address);
        reply->result = OPS_STORE;
        return;
    }
    reply->credential = &r->credential;
    reply->disabled = r->login.disabled;
    reply->reason = r->login.reason;
    reply->mark = r->login.mark;
    reply->role = r->login.role;
}

static enum store_result read_account(struct ops_request *r)
{
    struct store *store = ops_request_store(r);
    struct str domain = ops_request_domain(r), user = str_from(r->user);
    enum store_result result =
        store->ops->account(store, domain, user, &r->memory, &r->account, &r->fault);
    if (result != STORE_OK)
        return result;
    result = store->ops->last_admin(store, domain, user, &r->fault);
    r->last_admin = result == STORE_OK;
    return result == STORE_NOT_FOUND ? STORE_OK : result;
}

static enum store_result read_page(struct ops_request *r)
{
    return ops_request_store(r)->ops->accounts(ops_request_store(r), ops_request_domain(r),
                                               r->prefix, r->after, r->limit, &r->memory, &r->page,
                                               &r->fault);
}

static enum store_result read_login(struct ops_request *r)
{
    return ops_request_store(r)->ops->login(ops_request_store(r), ops_request_domain(r),
                                            str_from(r->user), r->scheme, &r->login, &r->fault);
}

enum ops_result ops_account_show(struct ops_port *port, const struct ops_ask *ask,
                                 struct ops_request **ret, const char **ret_why)
{
    *ret_why = "";
    struct ops_request *r = ops_request_new(port, ask);
    enum ops_result result = ops_request_take_address(r, ask->address, ret_why);
    r->fill = fill_account;
    if (result == OPS_OK)
        return ops_request_browse(r, read_account, ret);
    ops_request_free(r);
    return result;
}

/* As the names are that it is compared with. */
static enum ops_result take_prefix(struct ops_request *r, struct str prefix, const char **ret_why)
{
    char prepared[JID_PART_MAX_BYTES + 1];
    size_t len;
    enum jid_fault fault = prefix.len ? jid_prepare_local(prefix, prepared, &len) : JID_OK;
    if (fault != JID_OK) {
        *ret_why = jid_fault_text(fault);
        return OPS_BAD_NAME;
    }
    r->prefix = str_from(ops_request_keep(r, prefix.len ? str_of(prepared, len) : STR_LIT("")));
    return OPS_OK;
}

enum ops_result ops_account_list(struct ops_port *port, const struct ops_ask *ask,
                                 struct ops_request **ret, const char **ret_why)
{
    *ret_why = "";
    struct ops_request *r = ops_request_new(port, ask);
    r->fill = fill_page;
    r->after = str_from(ops_request_keep(r, ask->after));
    r->limit = ask->limit < 1 ? 1 : ask->limit > OPS_PAGE_MAX ? OPS_PAGE_MAX : ask->limit;
    enum ops_result result = take_prefix(r, ask->prefix, ret_why);
    if (result == OPS_OK)
        return ops_request_browse(r, read_page, ret);
    ops_request_free(r);
    return result;
}

enum ops_result ops_login(struct ops_port *port, const struct ops_ask *ask,
                          struct ops_request **ret)
{
    struct ops_request *r = ops_request_new(port, ask);
    r->scheme = str_from(ops_request_keep(r, ask->scheme));
    r->fill = fill_login;
    ops_request_take_login(r, ask->address);
    return ops_request_read(r, read_login, ret);
}

/* --- changing --- */

static enum ops_result submit_change(struct ops_port *port, const struct ops_ask *ask,
                                     enum store_change change, enum ops_event_kind event,
                                     struct ops_request **ret, const char **ret_why)
{
    *ret_why = "";
    struct ops_request *r = ops_request_new(port, ask);
    r->write.store.change = change;
    r->has_event = true;
    r->event = event;
    r->reason = str_from(ops_request_keep(r, ask->reason));
    r->write.store.role = ask->role;
    return ops_request_submit(r, ops_request_take_address(r, ask->address, ret_why), ret);
}

enum ops_result ops_account_remove(struct ops_port *port, const struct ops_ask *ask,
                                   struct ops_request **ret, const char **ret_why)
{
    return submit_change(port, ask, STORE_REMOVE, OPS_ACCOUNT_REMOVED, ret, ret_why);
}

enum ops_result ops_account_disable(struct ops_port *port, const struct ops_ask *ask,
                                    struct ops_request **ret, const char **ret_why)
{
    return submit_change(port, ask, STORE_DISABLE, OPS_ACCOUNT_DISABLED, ret, ret_why);
}

enum ops_result ops_account_enable(struct ops_port *port, const struct ops_ask *ask,
                                   struct ops_request **ret, const char **ret_why)
{
    return submit_change(port, ask, STORE_ENABLE, OPS_ACCOUNT_ENABLED, ret, ret_why);
}

enum ops_result ops_account_role(struct ops_port *port, const struct ops_ask *ask,
                                 struct ops_request **ret, const char **ret_why)
{
    return submit_change(port, ask, STORE_ROLE, OPS_ROLE_CHANGED, ret, ret_why);
}

/* --- passwords --- */

static enum ops_result take_password(struct ops_request *r, struct str password,
                                     const char **ret_why)
{
    struct buf prepared = {.secret = true};
    if (password.len > OPS_PASSWORD_MAX_BYTES) {
        *ret_why = "it is longer than 1023 bytes";
        return OPS_BAD_PASSWORD;
    }
    bool ok = sasl_prepare_password(password, &prepared);
    if (prepared.failed)
        memory_exhausted();
    if (ok) {
        const char *copy = ops_request_keep(r, buf_peek(&prepared));
        r->password = str_of(copy, buf_len(&prepared));
    } else {
        *ret_why = "it is empty, not UTF-8, or holds characters that no password may hold";
    }
    buf_finish(&prepared);
    return ok ? OPS_OK : OPS_BAD_PASSWORD;
}

/* Appends the row to the change. The request is of whoever calls: a worker, or the loop. */
static void add_row(struct ops_request *r, const struct sasl_credential *c)
{
    struct buf row = {.secret = true};
    sasl_credential_write(c, &row);
    if (row.failed)
        memory_exhausted();
    struct store_write *w = &r->write.store;
    w->credentials[w->credential_count++] = (struct store_credential){
        .scheme = str_from(ops_request_keep(r, str_from(c->scheme))),
        .value = str_from(ops_request_keep(r, buf_peek(&row))),
    };
    buf_finish(&row);
}

enum ops_result ops_account_upgrade(struct ops_port *port, const struct ops_ask *ask,
                                    struct ops_request **ret, const char **ret_why)
{
    *ret_why = "";
    struct ops_request *r = ops_request_new(port, ask);
    r->write.store.change = STORE_UPGRADE;
    r->write.store.old_mark = ask->mark;
    add_row(r, ask->credential);
    return ops_request_submit(r, ops_request_take_address(r, ask->address, ret_why), ret);
}

static bool derive_scram(struct ops_request *r, enum hash_alg alg, const uint8_t salt[16])
{
    struct sasl_credential c = {0};
    uint8_t salted[HASH_MAX_BYTES];
    unsigned iterations = r->ops->config.iterations;
    bool ok = hash_pbkdf2(alg, r->password, str_of(salt, 16), iterations, salted) &&
              sasl_scram_credential(alg, salted, str_of(salt, 16), iterations, &c);
    if (ok)
        add_row(r, &c);
    wipe(salted, sizeof salted);
    wipe(&c, sizeof c);
    return ok;
}

/* The user name or password may have no form that DIGEST-MD5 knows; then there is no row. */
static void derive_digest(struct ops_request *r)
{
    struct sasl_credential c = {0};
    if (sasl_digest_credential(str_from(r->user), ops_request_domain(r), r->password, &c))
        add_row(r, &c);
    wipe(&c, sizeof c);
}

static void run_derive(struct work *work)
{
    struct ops_request *r = CONTAINER_OF(work, struct ops_request, work);
    r->derived = true;
    for (size_t i = 0; r->derived && i < ARRAY_LEN(scram_algs); i++)
        r->derived = derive_scram(r, scram_algs[i], r->salts[i]);
    if (r->derived && r->ops->config.legacy)
        derive_digest(r);
}

static void done_derive(struct work *work)
{
    struct ops_request *r = CONTAINER_OF(work, struct ops_request, work);
    if (!r->derived)
        memory_exhausted(); /* the only reason for a hash to fail */
    if (!ops_request_write(r))
        ops_request_answer(r, &(struct ops_reply){.result = OPS_TEMPORARY});
}

static enum ops_result submit_password(struct ops_port *port, const struct ops_ask *ask,
                                       enum store_change change, enum ops_event_kind event,
                                       struct ops_request **ret, const char **ret_why)
{
    *ret_why = "";
    struct ops_request *r = ops_request_new(port, ask);
    r->write.store.change = change;
    r->has_event = true;
    r->event = event;
    r->write.store.role = ask->role;
    enum ops_result result = ops_request_take_address(r, ask->address, ret_why);
    if (result == OPS_OK)
        result = take_password(r, ask->password, ret_why);
    if (result != OPS_OK) {
        ops_request_free(r);
        return result;
    }
    random_fill(&port->random, r->salts, sizeof r->salts);
    return ops_request_work(r, port->derive, run_derive, done_derive, ret);
}

enum ops_result ops_account_add(struct ops_port *port, const struct ops_ask *ask,
                                struct ops_request **ret, const char **ret_why)
{
    return submit_password(port, ask, STORE_ADD, OPS_ACCOUNT_ADDED, ret, ret_why);
}

enum ops_result ops_account_passwd(struct ops_port *port, const struct ops_ask *ask,
                                   struct ops_request **ret, const char **ret_why)
{
    return submit_password(port, ask, STORE_PASSWORD, OPS_PASSWORD_CHANGED, ret, ret_why);
}

enum ops_result ops_set_up(struct ops_port *port, const struct ops_ask *ask,
                           struct ops_request **ret, const char **ret_why)
{
    return submit_password(port, ask, STORE_SET_UP, OPS_SET_UP, ret, ret_why);
}
