#include "server/ops/ops_admin.h"

#include "base/wipe.h"
#include "sasl/sasl_mech.h"
#include "server/memory.h"
#include "server/ops/ops_private.h"

/* --- on a worker: the arithmetic --- */

/* Where there is no row, one that nobody can have takes its place: it takes as long as a row made
 * with today's login.iterations. */
static void run_derive(struct work *work)
{
    struct ops_request *r = CONTAINER_OF(work, struct ops_request, work);
    struct sasl_credential made = {0}, *row = &r->credential;
    uint8_t salted[HASH_MAX_BYTES];
    enum hash_alg alg = HASH_SHA256;
    bool exists = r->result == STORE_OK && sasl_scheme_alg(str_from(row->scheme), &alg);
    struct str salt = exists ? str_of(row->salt, row->salt_len) : STR_LIT("0123456789abcdef");
    unsigned iterations = exists ? row->iterations : r->ops->config.iterations;
    r->derived = hash_pbkdf2(alg, r->password, salt, iterations, salted) &&
                 sasl_scram_credential(alg, salted, salt, iterations, &made);
    bool same = wipe_equal(made.stored_key, row->stored_key, hash_size(alg));
    r->right = r->derived && exists && r->password.len > 0 && same;
    wipe(salted, sizeof salted);
    wipe(&made, sizeof made);
}

static void done_derive(struct work *work)
{
    struct ops_request *r = CONTAINER_OF(work, struct ops_request, work);
    struct ops_reply reply = {.result = OPS_OK, .right = r->right};
    if (!r->derived)
        memory_exhausted(); /* the only reason for a hash to fail */
    if (r->right) {
        reply.disabled = r->login.disabled;
        reply.reason = r->login.reason;
        reply.role = r->login.role;
        reply.mark = r->login.mark;
    }
    ops_request_answer(r, &reply);
}

/* --- the row --- */

static void drop(struct work *work)
{
    ops_request_free(CONTAINER_OF(work, struct ops_request, work));
}

static void run_read(struct work *work)
{
    struct ops_request *r = CONTAINER_OF(work, struct ops_request, work);
    struct store *store = ops_request_store(r);
    r->result = store->ops->login(store, ops_request_domain(r), str_from(r->user), STR_LIT(""),
                                  &r->login, &r->fault);
}

/* Whether the row can be used, or there is none; else the log has the reason. */
static bool read_well(struct ops_request *r)
{
    if (r->result == STORE_NO_MEMORY)
        memory_exhausted();
    if (r->result == STORE_NOT_FOUND)
        return true;
    bool ok = r->result == STORE_OK;
    if (!ok)
        log_printf(r->ops->config.log, LOG_ERROR, "store", 0, "a read failed: %s", r->fault.text);
    else if (!(ok = sasl_credential_read(str_from(r->login.value), &r->credential)))
        log_printf(r->ops->config.log, LOG_ERROR, "store", 0, "a credential of %s cannot be read",
                   r->address);
    return ok;
}

static void done_read(struct work *work)
{
    struct ops_request *r = CONTAINER_OF(work, struct ops_request, work);
    struct ops_reply reply = {.result = r->result == STORE_BUSY ? OPS_TEMPORARY : OPS_STORE};
    if (read_well(r)) {
        r->work = (struct work){.run = run_derive, .done = done_derive, .drop = drop};
        if (work_submit(r->port->derive, &r->work))
            return;
        reply.result = OPS_TEMPORARY;
    }
    ops_request_answer(r, &reply);
}

/* One that no password can be is kept as the empty one, which nobody has. */
static void keep_password(struct ops_request *r, struct str password)
{
    struct buf prepared = {.secret = true};
    bool ok = password.len <= OPS_PASSWORD_MAX_BYTES && sasl_prepare_password(password, &prepared);
    if (prepared.failed)
        memory_exhausted();
    if (!ok)
        buf_reset(&prepared);
    const char *copy = ops_request_keep(r, buf_peek(&prepared));
    r->password = str_of(copy, buf_len(&prepared));
    buf_finish(&prepared);
}

enum ops_result ops_password_check(struct ops_port *port, const struct ops_ask *ask,
                                   struct ops_request **ret)
{
    struct ops_request *r = ops_request_new(port, ask);
    ops_request_take_login(r, ask->address);
    keep_password(r, ask->password);
    return ops_request_work(r, port->read, run_read, done_read, ret);
}

/* --- names --- */

enum ops_result ops_name_check(struct ops_port *port, struct str address, struct buf *out,
                               const char **ret_why)
{
    *ret_why = "";
    struct ops_request *r = ops_request_new(port, &(struct ops_ask){0});
    enum ops_result result = ops_request_take_address(r, address, ret_why);
    if (result == OPS_OK)
        buf_cstr(out, r->user);
    ops_request_free(r);
    return result;
}
