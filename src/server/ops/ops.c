#include "server/ops/ops.h"

#include "base/hash.h"
#include "base/wipe.h"
#include "server/memory.h"
#include "server/ops/ops_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { ADDRESS_SHOWN_BYTES = 200 }; /* of arrays, with the NUL */

const char *ops_event_name(enum ops_event_kind kind)
{
    static const char *const names[] = {
        "account.added",      "account.removed",  "account.disabled",
        "account.enabled",    "account.password", "tokens.revoked",
        "account.logged_out", "account.role",     "server.set_up"};
    return names[kind];
}

static const char *const role_names[] = {"none", "read-only", "full"};

const char *ops_role_name(enum store_role role)
{
    return role_names[role];
}

bool ops_role_of(struct str name, enum store_role *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(role_names); i++) {
        if (str_is(name, role_names[i])) {
            *ret = (enum store_role)i;
            return true;
        }
    }
    return false;
}

const char *ops_actor_text(const struct ops_actor *actor, char out[OPS_ACTOR_BYTES])
{
    char name[OPS_ACTOR_BYTES / 2], address[64];
    error_copy_text(name, sizeof name, actor->name);
    error_copy_text(address, sizeof address, actor->address);
    if (!name[0])
        snprintf(out, OPS_ACTOR_BYTES, "uid %lu", (unsigned long)actor->uid);
    else
        snprintf(out, OPS_ACTOR_BYTES, "%s%s%s", name, address[0] ? " at " : "", address);
    return out;
}

/* A name of another domain is nobody's, who may change nothing. */
struct store_by ops_actor_by(const struct ops_actor *actor, struct str domain)
{
    struct str name = actor->name;
    const char *at = name.ptr ? memchr(name.ptr, '@', name.len) : NULL;
    struct store_by by = {.domain = domain, .mark = actor->mark};
    if (!actor->has_mark)
        return by;
    by.user = STR_LIT("");
    if (at && str_eq(str_of(at + 1, (size_t)(name.ptr + name.len - at - 1)), domain))
        by.user = str_of(name.ptr, (size_t)(at - name.ptr));
    return by;
}

enum linnet_error_code ops_error(enum ops_result result, const char *address, const char *why,
                                 struct linnet_error *error)
{
    struct buf text = {.limit_bytes = 600};
    char shown[ADDRESS_SHOWN_BYTES]; /* a name of a thousand bytes leaves room for the reason */
    const char *reason = "";
    enum linnet_error_code code = LINNET_ERROR_INTERNAL;
    switch (result) {
    case OPS_OK:
        return LINNET_OK;
    case OPS_EXISTS:
        return error_set(error, LINNET_ERROR_REGISTER_TAKEN, LINNET_ORIGIN_HERE, "address", address,
                         NULL);
    case OPS_BAD_NAME:
        error_copy_text(shown, sizeof shown, str_from(address));
        return error_set(error, LINNET_ERROR_BAD_ADDRESS, LINNET_ORIGIN_HERE, "address", shown,
                         "reason", why, NULL);
    case OPS_WRONG_DOMAIN: {
        const char *at = strchr(address, '@');
        return error_set(error, LINNET_ERROR_HOST_UNKNOWN, LINNET_ORIGIN_HERE, "domain",
                         at ? at + 1 : address, NULL);
    }
    case OPS_DENIED:
        error_set(error, LINNET_ERROR_POLICY, LINNET_ORIGIN_HERE, NULL);
        error_copy_text(error->sentence, sizeof error->sentence,
                        STR_LIT("Nothing was changed: the account that asked for it may not any "
                                "more, or has to sign in again."));
        return LINNET_ERROR_POLICY;
    case OPS_TEMPORARY:
        return error_set(error, LINNET_ERROR_STORE, LINNET_ORIGIN_HERE, "reason",
                         "too much is waiting for it; try again in a moment", NULL);
    case OPS_STORE:
        return error_set(error, LINNET_ERROR_STORE, LINNET_ORIGIN_HERE, "reason",
                         "the server's log says more", NULL);
    case OPS_NOT_FOUND:
        code = LINNET_ERROR_USAGE;
        buf_printf(&text, "There is no account %.400s", address);
        break;
    case OPS_BAD_CLIENT:
        code = LINNET_ERROR_USAGE;
        buf_printf(&text, "No client has such an id: %.400s", why);
        break;
    case OPS_NO_TOKEN:
        code = LINNET_ERROR_USAGE;
        buf_printf(&text, "That client has no token of %.400s", address);
        break;
    case OPS_BAD_PASSWORD:
        code = LINNET_ERROR_USAGE;
        buf_printf(&text, "The password cannot be used: %.400s", why);
        break;
    }
    buf_byte(&text, '\0');
    if (!text.failed)
        reason = buf_peek(&text).ptr;
    error_set(error, code, LINNET_ORIGIN_HERE, "reason", reason, NULL);
    buf_finish(&text);
    return code;
}

/* --- what the store needs before anything else --- */

static enum linnet_error_code store_failed(const struct store_fault *fault,
                                           struct linnet_error *error)
{
    return error_set(error, LINNET_ERROR_STORE, LINNET_ORIGIN_HERE, "reason", fault->text, NULL);
}

static bool commit_one(struct ops *ops, struct store_write *w, struct store_fault *fault)
{
    struct store *store = ops->config.store;
    return store->ops->commit(store, &w, 1, fault) == STORE_OK &&
           (w->result == STORE_OK || w->result == STORE_EXISTS);
}

static bool hex_byte(const char *text, uint8_t *ret)
{
    unsigned value = 0;
    for (int i = 0; i < 2; i++) {
        const char *digit = text[i] ? strchr("0123456789abcdef", text[i]) : NULL;
        if (!digit)
            return false;
        value = value << 4 | (unsigned)(strchr("0123456789abcdef", text[i]) - "0123456789abcdef");
    }
    *ret = (uint8_t)value;
    return true;
}

static void draw(void *out, size_t len)
{
    struct entropy entropy;
    entropy_init(&entropy);
    struct random_source random = entropy_source(&entropy);
    random_fill(&random, out, len);
    entropy_finish(&entropy);
}

/* Offers a new key, which the store takes only if it has none, and reads the one that holds. */
static bool load_fake_key(struct ops *ops, struct store_fault *fault)
{
    static const struct str name = {"fake-salt-key", 13};
    char hex[2 * sizeof ops->fake_key + 1];
    draw(ops->fake_key, sizeof ops->fake_key);
    hash_hex(str_of(ops->fake_key, sizeof ops->fake_key), hex);

    struct store_write w = {.change = STORE_META_NEW, .key = name, .value = str_from(hex)};
    struct buf kept = {.secret = true};
    bool ok = commit_one(ops, &w, fault) &&
              ops->config.store->ops->meta(ops->config.store, name, &kept, fault) == STORE_OK &&
              buf_len(&kept) == 2 * sizeof ops->fake_key;
    for (size_t i = 0; ok && i < sizeof ops->fake_key; i++)
        ok = hex_byte(buf_peek(&kept).ptr + 2 * i, &ops->fake_key[i]);
    buf_finish(&kept);
    wipe(hex, sizeof hex);
    return ok;
}

static enum linnet_error_code load_token_key(struct ops *ops, struct linnet_error *error)
{
    const char *path = ops->config.token_key_file;
    ops->config.token_key_file = NULL;
    if (path)
        return ops_token_key_load(path, ops->token_key, error);
    draw(ops->token_key, sizeof ops->token_key);
    return LINNET_OK;
}

static bool purge_legacy(struct ops *ops, struct store_fault *fault)
{
    struct store_write w = {.change = STORE_PURGE, .scheme = STR_LIT("DIGEST-MD5")};
    return ops->config.legacy || commit_one(ops, &w, fault);
}

/* --- life --- */

enum linnet_error_code ops_new(const struct ops_config *config, struct ops **ret,
                               struct linnet_error *error)
{
    struct ops *ops = MEMORY_NEW(struct ops);
    struct store_fault fault = {""};
    *ret = NULL;
    ops->config = *config;
    ops->audit_keep = config->audit_keep;
    ops_writer_init(&ops->writer, config->store, config->log);
    ops->derive = work_pool_new(config->derive_threads, config->queue_max);
    ops->read = work_pool_new(config->read_threads, config->queue_max);
    ops->browse = work_pool_new(1, config->queue_max);
    ops->write = work_pool_new(1, config->queue_max);
    if (!ops->derive || !ops->read || !ops->browse || !ops->write)
        memory_exhausted();
    if (!load_fake_key(ops, &fault) || !purge_legacy(ops, &fault)) {
        ops_free(ops);
        return store_failed(&fault, error);
    }
    enum linnet_error_code code = load_token_key(ops, error);
    if (code == LINNET_OK)
        *ret = ops;
    else
        ops_free(ops);
    return code;
}

void ops_free(struct ops *ops)
{
    if (!ops)
        return;
    work_pool_free(ops->derive);
    work_pool_free(ops->read);
    work_pool_free(ops->browse);
    work_pool_free(ops->write);
    ops_writer_finish(&ops->writer);
    wipe_free(ops, sizeof *ops);
}

struct store *ops_store(const struct ops *ops)
{
    return ops->config.store;
}

struct ops_commits ops_commits(struct ops *ops)
{
    return ops_writer_commits(&ops->writer);
}

const uint8_t *ops_fake_key(const struct ops *ops)
{
    return ops->fake_key;
}

struct ops_port *ops_port_new(struct ops *ops, uv_loop_t *loop)
{
    struct ops_port *port = MEMORY_NEW(struct ops_port);
    port->ops = ops;
    port->derive = work_port_new(ops->derive, loop);
    port->read = work_port_new(ops->read, loop);
    port->browse = work_port_new(ops->browse, loop);
    port->write = work_port_new(ops->write, loop);
    if (!port->derive || !port->read || !port->browse || !port->write)
        memory_exhausted();
    entropy_init(&port->entropy);
    port->random = entropy_source(&port->entropy);
    return port;
}

void ops_port_free(struct ops_port *port)
{
    if (!port)
        return;
    work_port_free(port->derive);
    work_port_free(port->read);
    work_port_free(port->browse);
    work_port_free(port->write);
    entropy_finish(&port->entropy);
    wipe_free(port, sizeof *port);
}

struct work_port *ops_port_derive(struct ops_port *port)
{
    return port->derive;
}
