#include "server/ops/ops_accounts.h"

#include "base/wipe.h"
#include "core/jid.h"
#include "server/memory.h"
#include "server/ops/ops_private.h"

#include <stdlib.h>
#include <time.h>

/* A request goes through one or two works: a read; a change; or PBKDF2 and then a change. */
struct ops_request {
    struct ops *ops;       /* outlives every request */
    struct ops_port *port; /* for the loop only: it may be gone while a worker runs */
    void (*done)(void *ctx, const struct ops_reply *reply); /* NULL once forgotten */
    void *ctx;

    struct arena memory; /* every string, wiped at the end */
    char *address, *user;
    struct str password, reason, scheme, after;
    size_t limit;

    struct work work; /* the read, or the derivation */
    enum store_result (*read)(struct ops_request *r);
    enum store_result result;
    struct store_fault fault;
    struct store_account account;
    struct store_page page;
    struct store_login login;
    bool wants_page;

    uint8_t salts[3][16]; /* of the schemes below; from this user and scheme alone */
    bool derived;

    struct ops_write write;
    enum ops_event_kind event;
    uid_t uid;
};

static const enum hash_alg scram_algs[] = {HASH_SHA1, HASH_SHA256, HASH_SHA512};

static void request_free(struct ops_request *r)
{
    arena_finish(&r->memory);
    wipe_free(r, sizeof *r);
}

void ops_forget(struct ops_request *request)
{
    if (request)
        request->done = NULL;
}

static enum ops_result result_of(enum store_result result)
{
    switch (result) {
    case STORE_OK:
        return OPS_OK;
    case STORE_NOT_FOUND:
        return OPS_NOT_FOUND;
    case STORE_EXISTS:
        return OPS_EXISTS;
    case STORE_BUSY:
        return OPS_TEMPORARY;
    case STORE_REFUSED:
    case STORE_FAILED:
        break;
    case STORE_NO_MEMORY:
        memory_exhausted();
    }
    return OPS_STORE;
}

static void answer(struct ops_request *r, struct ops_reply *reply)
{
    reply->address = r->address ? r->address : "";
    reply->user = str_from(r->user);
    if (r->done)
        r->done(r->ctx, reply);
    request_free(r);
}

/* --- making a request --- */

static char *keep(struct ops_request *r, struct str s)
{
    char *copy = arena_dup(&r->memory, s.ptr ? s : STR_LIT(""));
    if (!copy)
        memory_exhausted();
    return copy;
}

static struct ops_request *request_new(struct ops_port *port, const struct ops_ask *ask)
{
    struct ops_request *r = MEMORY_NEW(struct ops_request);
    r->ops = port->ops;
    r->port = port;
    r->done = ask->done;
    r->ctx = ask->ctx;
    r->uid = ask->uid;
    arena_init(&r->memory, 0, true);
    return r;
}

static enum ops_result set_user(struct ops_request *r, const char *user)
{
    r->user = keep(r, str_from(user));
    r->address = arena_printf(&r->memory, "%s@%s", user, r->ops->config.domain);
    if (!r->address)
        memory_exhausted();
    return OPS_OK;
}

/* A localpart alone, or a bare JID of our domain. */
static enum ops_result take_address(struct ops_request *r, struct str address, const char **ret_why)
{
    char local[JID_PART_MAX_BYTES + 1];
    struct jid jid = {0};
    size_t len;
    enum ops_result result = OPS_BAD_NAME;
    if (!address.ptr || !memchr(address.ptr, '@', address.len)) {
        enum jid_fault fault = jid_prepare_local(address, local, &len);
        *ret_why = fault == JID_OK ? "" : jid_fault_text(fault);
        return fault == JID_OK ? set_user(r, local) : OPS_BAD_NAME;
    }
    enum jid_fault fault = jid_parse(address, &jid);
    if (fault != JID_OK) {
        *ret_why = jid_fault_text(fault);
    } else if (jid.resource.ptr) {
        *ret_why = "an account has no resource (the part after the /)";
    } else if (!str_is(jid.domain, r->ops->config.domain)) {
        result = OPS_WRONG_DOMAIN;
    } else {
        char *user = keep(r, jid.local);
        result = set_user(r, user);
    }
    jid_finish(&jid);
    return result;
}

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
        const char *copy = keep(r, buf_peek(&prepared));
        r->password = str_of(copy, buf_len(&prepared));
    } else {
        *ret_why = "it is empty, not UTF-8, or holds characters that no password may hold";
    }
    buf_finish(&prepared);
    return ok ? OPS_OK : OPS_BAD_PASSWORD;
}

/* --- reading --- */

static void run_read(struct work *work)
{
    struct ops_request *r = CONTAINER_OF(work, struct ops_request, work);
    r->result = r->read(r);
}

static bool read_credential(struct ops_request *r, struct sasl_credential *credential)
{
    if (sasl_credential_read(str_from(r->login.value), credential))
        return true;
    log_printf(r->ops->config.log, LOG_ERROR, "store", 0, "a credential of %s cannot be read",
               r->address);
    return false;
}

static void done_read(struct work *work)
{
    struct ops_request *r = CONTAINER_OF(work, struct ops_request, work);
    struct sasl_credential credential = {0};
    struct ops_reply reply = {.result = result_of(r->result), .reason = r->login.reason};
    if (reply.result >= OPS_TEMPORARY)
        log_printf(r->ops->config.log, LOG_ERROR, "store", 0, "a read failed: %s", r->fault.text);
    if (reply.result == OPS_OK) {
        reply.account = r->account.user ? &r->account : NULL;
        reply.page = r->wants_page ? &r->page : NULL;
        reply.disabled = r->login.disabled;
    }
    if (reply.result == OPS_OK && r->login.value[0]) {
        reply.credential = &credential;
        if (!read_credential(r, &credential))
            reply = (struct ops_reply){.result = OPS_STORE};
    }
    answer(r, &reply);
    wipe(&credential, sizeof credential);
}

static void drop_work(struct work *work)
{
    request_free(CONTAINER_OF(work, struct ops_request, work));
}

/* Hands the request over, or frees it and refuses. */
static enum ops_result submit(struct ops_request *r, struct work_port *port, struct work work,
                              struct ops_request **ret)
{
    r->work = work;
    if (!work_submit(port, &r->work)) {
        request_free(r);
        return OPS_TEMPORARY;
    }
    if (ret)
        *ret = r;
    return OPS_OK;
}

static enum ops_result submit_read(struct ops_request *r,
                                   enum store_result (*read)(struct ops_request *r),
                                   struct ops_request **ret)
{
    r->read = read;
    return submit(r, r->port->read,
                  (struct work){.run = run_read, .done = done_read, .drop = drop_work}, ret);
}

static struct store *store_of(const struct ops_request *r)
{
    return r->ops->config.store;
}

static struct str domain_of(const struct ops_request *r)
{
    return str_from(r->ops->config.domain);
}

static enum store_result read_account(struct ops_request *r)
{
    return store_of(r)->ops->account(store_of(r), domain_of(r), str_from(r->user), &r->memory,
                                     &r->account, &r->fault);
}

static enum store_result read_page(struct ops_request *r)
{
    return store_of(r)->ops->accounts(store_of(r), domain_of(r), r->after, r->limit, &r->memory,
                                      &r->page, &r->fault);
}

static enum store_result read_login(struct ops_request *r)
{
    return store_of(r)->ops->login(store_of(r), domain_of(r), str_from(r->user), r->scheme,
                                   &r->login, &r->fault);
}

enum ops_result ops_account_show(struct ops_port *port, const struct ops_ask *ask,
                                 struct ops_request **ret, const char **ret_why)
{
    *ret_why = "";
    struct ops_request *r = request_new(port, ask);
    enum ops_result result = take_address(r, ask->address, ret_why);
    if (result == OPS_OK)
        return submit_read(r, read_account, ret);
    request_free(r);
    return result;
}

enum ops_result ops_account_list(struct ops_port *port, const struct ops_ask *ask,
                                 struct ops_request **ret, const char **ret_why)
{
    *ret_why = "";
    struct ops_request *r = request_new(port, ask);
    r->wants_page = true;
    r->after = str_from(keep(r, ask->after));
    r->limit = ask->limit < 1 ? 1 : ask->limit > OPS_PAGE_MAX ? OPS_PAGE_MAX : ask->limit;
    return submit_read(r, read_page, ret);
}

enum ops_result ops_login(struct ops_port *port, const struct ops_ask *ask,
                          struct ops_request **ret)
{
    char local[JID_PART_MAX_BYTES + 1];
    size_t len;
    struct ops_request *r = request_new(port, ask);
    r->scheme = str_from(keep(r, ask->scheme));
    /* No account has the empty name. */
    set_user(r, jid_prepare_local(ask->address, local, &len) == JID_OK ? local : "");
    return submit_read(r, read_login, ret);
}

/* --- changing --- */

static void done_write(struct ops_write *w)
{
    struct ops_request *r = CONTAINER_OF(w, struct ops_request, write);
    const struct ops_config *config = &r->ops->config;
    struct ops_reply reply = {.result = result_of(w->store.result)};
    if (reply.result == OPS_OK && config->event) {
        struct ops_event event = {.kind = r->event,
                                  .user = str_from(r->user),
                                  .domain = domain_of(r),
                                  .reason = r->reason,
                                  .uid = r->uid};
        config->event(config->ctx, &event);
    }
    answer(r, &reply);
}

static void drop_write(struct ops_write *w)
{
    request_free(CONTAINER_OF(w, struct ops_request, write));
}

/* False when too much waits; `r` is then still the caller's. */
static bool submit_write(struct ops_request *r)
{
    r->write.store.domain = domain_of(r);
    r->write.store.user = str_from(r->user);
    r->write.store.reason = r->reason;
    r->write.store.now_s = (int64_t)time(NULL);
    r->write.done = done_write;
    r->write.drop = drop_write;
    return ops_writer_submit(&r->ops->writer, r->port->write, &r->write);
}

static enum ops_result submit_change(struct ops_port *port, const struct ops_ask *ask,
                                     enum store_change change, enum ops_event_kind event,
                                     struct ops_request **ret, const char **ret_why)
{
    *ret_why = "";
    struct ops_request *r = request_new(port, ask);
    r->write.store.change = change;
    r->event = event;
    r->reason = str_from(keep(r, ask->reason));
    enum ops_result result = take_address(r, ask->address, ret_why);
    if (result == OPS_OK && !submit_write(r))
        result = OPS_TEMPORARY;
    if (result != OPS_OK)
        request_free(r);
    else if (ret)
        *ret = r;
    return result;
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

/* --- passwords --- */

/* Appends the row to the change. On a worker; the request is the worker's meanwhile. */
static void add_row(struct ops_request *r, const struct sasl_credential *c)
{
    struct buf row = {.secret = true};
    sasl_credential_write(c, &row);
    if (row.failed)
        memory_exhausted();
    struct store_write *w = &r->write.store;
    w->credentials[w->credential_count++] = (struct store_credential){
        .scheme = str_from(keep(r, str_from(c->scheme))),
        .value = str_from(keep(r, buf_peek(&row))),
    };
    buf_finish(&row);
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
    if (sasl_digest_credential(str_from(r->user), domain_of(r), r->password, &c))
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
    if (!submit_write(r))
        answer(r, &(struct ops_reply){.result = OPS_TEMPORARY});
}

static enum ops_result submit_password(struct ops_port *port, const struct ops_ask *ask,
                                       enum store_change change, enum ops_event_kind event,
                                       struct ops_request **ret, const char **ret_why)
{
    *ret_why = "";
    struct ops_request *r = request_new(port, ask);
    r->write.store.change = change;
    r->event = event;
    enum ops_result result = take_address(r, ask->address, ret_why);
    if (result == OPS_OK)
        result = take_password(r, ask->password, ret_why);
    if (result != OPS_OK) {
        request_free(r);
        return result;
    }
    random_fill(&port->random, r->salts, sizeof r->salts);
    return submit(r, port->derive,
                  (struct work){.run = run_derive, .done = done_derive, .drop = drop_work}, ret);
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
