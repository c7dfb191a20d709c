#include "server/ops/ops_tokens.h"

#include "base/base64.h"
#include "base/hash.h"
#include "base/wipe.h"
#include "server/memory.h"
#include "server/ops/ops_private.h"
#include "xml/utf8.h"

#include <time.h>

enum { ID_BYTES = 16 };
_Static_assert(STORE_TOKEN_ID_BYTES == 2 * ID_BYTES + 1, "an id is kept in hexadecimal");

/* What is derived from when there is no token: an id that is never drawn. */
static const char made_up_id[STORE_TOKEN_ID_BYTES] = "no token has this id, ever drawn";

/* --- text from outside --- */

/* The longest beginning of `s` that has at most `max` bytes, is UTF-8 and has no NUL. */
static struct str clean_part(struct str s, size_t max)
{
    size_t at = 0;
    while (at < s.len && s.ptr[at] != '\0') {
        uint32_t cp;
        int len = utf8_decode((const uint8_t *)s.ptr + at, s.len - at, &cp);
        if (len <= 0 || at + (size_t)len > max)
            break;
        at += (size_t)len;
    }
    return s.ptr ? str_of(s.ptr, at) : STR_NONE;
}

static bool is_client(struct str id)
{
    return id.len > 0 && clean_part(id, STORE_CLIENT_BYTES - 1).len == id.len;
}

static enum ops_result take_client(struct ops_request *r, struct str id, const char **ret_why)
{
    if (!is_client(id)) {
        *ret_why = "it is empty, longer than 256 bytes, or not UTF-8";
        return OPS_BAD_CLIENT;
    }
    r->client = str_from(ops_request_keep(r, id));
    return OPS_OK;
}

/* --- the text of a token --- */

static void to_base64url(struct str in, char out[OPS_TOKEN_TEXT_BYTES])
{
    struct buf text = {.secret = true};
    base64_encode(&text, in);
    if (text.failed)
        memory_exhausted();
    memcpy(out, buf_peek(&text).ptr, OPS_TOKEN_TEXT_BYTES - 1);
    out[OPS_TOKEN_TEXT_BYTES - 1] = '\0';
    buf_finish(&text);
    for (; *out; out++)
        *out = *out == '+' ? '-' : *out == '/' ? '_' : *out;
}

/* No part can hold a NUL, so that no two tokens share an input. */
static void derive(const struct ops_request *r, const char *mechanism, const char *id,
                   char out[OPS_TOKEN_TEXT_BYTES])
{
    static const struct str nul = {"", 1};
    const struct ops *ops = r->ops;
    const struct str parts[] = {
        STR_LIT("fast"), nul, ops_request_domain(r), nul, str_from(r->user), nul,
        r->client,       nul, str_from(mechanism),   nul, str_from(id)};
    uint8_t mac[HASH_MAX_BYTES];
    if (!hash_hmac(HASH_SHA256, str_of(ops->token_key, sizeof ops->token_key), parts,
                   ARRAY_LEN(parts), mac))
        memory_exhausted(); /* the only reason for a hash to fail */
    to_base64url(str_of(mac, hash_size(HASH_SHA256)), out);
    wipe(mac, sizeof mac);
}

/* --- for a login --- */

static bool may_be_used(const struct ops_request *r, const struct store_token *t)
{
    return r->ops->config.token_life_s > 0 && t->expires_s > r->now_s &&
           str_is(r->mechanism, t->mechanism);
}

/* As many HMACs whatever was found. */
static enum store_result read_for_login(struct ops_request *r)
{
    struct store *store = ops_request_store(r);
    enum store_result result = store->ops->tokens(store, ops_request_domain(r), str_from(r->user),
                                                  r->client, &r->memory, &r->tokens, &r->fault);
    size_t count = result == STORE_OK ? r->tokens.count : 0;
    for (size_t i = 0; i < count && r->text_count < STORE_SLOTS; i++) {
        if (may_be_used(r, &r->tokens.tokens[i]))
            memcpy(r->texts[r->text_count++].id, r->tokens.tokens[i].id, STORE_TOKEN_ID_BYTES);
    }
    for (size_t i = 0; i < STORE_SLOTS; i++) {
        if (i >= r->text_count)
            memcpy(r->texts[i].id, made_up_id, sizeof made_up_id);
        derive(r, r->mechanism.ptr, r->texts[i].id, r->texts[i].text);
    }
    return result;
}

static void fill_login(struct ops_request *r, struct ops_reply *reply)
{
    reply->tokens = r->texts;
    reply->token_count = r->text_count;
    reply->reason = r->tokens.reason;
    reply->disabled = reply->result == OPS_OK && r->tokens.disabled;
}

enum ops_result ops_token_login(struct ops_port *port, const struct ops_ask *ask,
                                struct ops_request **ret)
{
    struct ops_request *r = ops_request_new(port, ask);
    struct str client = ask->token.client;
    /* No client has the empty id, as no account has the empty name. */
    r->client = str_from(ops_request_keep(r, is_client(client) ? client : STR_LIT("")));
    r->mechanism = str_from(ops_request_keep(r, ask->token.mechanism));
    r->now_s = (int64_t)time(NULL);
    r->fill = fill_login;
    ops_request_take_login(r, ask->address);
    return ops_request_read(r, read_for_login, ret);
}

/* --- when it succeeds --- */

static void fill_outcome(struct ops_request *r, struct ops_reply *reply)
{
    const struct store_token_change *c = &r->token_change;
    struct ops_token_outcome *o = &r->outcome;
    if (reply->result != OPS_OK && reply->result != OPS_NO_TOKEN)
        return;
    o->accepted = reply->result == OPS_OK;
    o->issued = o->accepted && c->issued;
    if (o->issued) {
        derive(r, c->mechanism, c->new_id.ptr, o->text);
        memcpy(o->mechanism, c->mechanism, sizeof o->mechanism);
        o->expires_s = c->expires_s;
    }
    reply->result = OPS_OK;
    reply->outcome = o;
}

static struct str keep_if_any(struct ops_request *r, struct str s)
{
    return s.ptr ? str_from(ops_request_keep(r, s)) : STR_NONE;
}

static void make_id(struct ops_request *r, char out[STORE_TOKEN_ID_BYTES])
{
    uint8_t id[ID_BYTES];
    random_fill(&r->port->random, id, sizeof id);
    hash_hex(str_of(id, sizeof id), out);
}

static void describe_change(struct ops_request *r, const struct ops_token_ask *ask)
{
    char id[STORE_TOKEN_ID_BYTES];
    make_id(r, id);
    r->token_change = (struct store_token_change){
        .client = r->client,
        .used_id = keep_if_any(r, ask->used_id),
        .mark = ask->mark,
        .has_count = ask->has_count,
        .count = ask->count,
        .invalidate = ask->invalidate,
        .new_id = str_from(ops_request_keep(r, str_from(id))),
        .issue_mechanism = keep_if_any(r, ask->issue_mechanism),
        .life_s = r->ops->config.token_life_s,
        .software = keep_if_any(r, clean_part(ask->software, STORE_AGENT_BYTES - 1)),
        .device = keep_if_any(r, clean_part(ask->device, STORE_AGENT_BYTES - 1)),
    };
}

enum ops_result ops_token_commit(struct ops_port *port, const struct ops_ask *ask,
                                 struct ops_request **ret)
{
    const char *why;
    struct ops_request *r = ops_request_new(port, ask);
    enum ops_result result = ops_request_take_address(r, ask->address, &why);
    if (result == OPS_OK)
        result = take_client(r, ask->token.client, &why);
    if (result == OPS_OK)
        describe_change(r, &ask->token);
    r->fill = fill_outcome;
    r->write.store.change = STORE_TOKEN;
    r->write.store.token = &r->token_change;
    return ops_request_submit(r, result, ret);
}

/* --- for operators --- */

static enum store_result read_all(struct ops_request *r)
{
    struct store *store = ops_request_store(r);
    enum store_result result = store->ops->tokens(store, ops_request_domain(r), str_from(r->user),
                                                  STR_NONE, &r->memory, &r->tokens, &r->fault);
    size_t kept = 0;
    for (size_t i = 0; result == STORE_OK && i < r->tokens.count; i++) {
        if (r->tokens.tokens[i].expires_s > r->now_s)
            r->tokens.tokens[kept++] = r->tokens.tokens[i];
    }
    r->tokens.count = kept;
    return result;
}

static void fill_clients(struct ops_request *r, struct ops_reply *reply)
{
    if (reply->result == OPS_OK)
        reply->clients = &r->tokens;
}

enum ops_result ops_token_list(struct ops_port *port, const struct ops_ask *ask,
                               struct ops_request **ret, const char **ret_why)
{
    *ret_why = "";
    struct ops_request *r = ops_request_new(port, ask);
    r->fill = fill_clients;
    r->now_s = (int64_t)time(NULL);
    enum ops_result result = ops_request_take_address(r, ask->address, ret_why);
    if (result == OPS_OK)
        return ops_request_browse(r, read_all, ret);
    ops_request_free(r);
    return result;
}

static enum ops_result submit_change(struct ops_port *port, const struct ops_ask *ask,
                                     enum store_change change, enum ops_event_kind event,
                                     struct ops_request **ret, const char **ret_why)
{
    *ret_why = "";
    struct ops_request *r = ops_request_new(port, ask);
    enum ops_result result = ops_request_take_address(r, ask->address, ret_why);
    if (result == OPS_OK && change == STORE_TOKENS_DROP)
        result = take_client(r, ask->token.client, ret_why);
    r->write.store.change = change;
    r->write.store.client = r->client;
    r->has_event = true;
    r->event = event;
    return ops_request_submit(r, result, ret);
}

enum ops_result ops_token_revoke(struct ops_port *port, const struct ops_ask *ask,
                                 struct ops_request **ret, const char **ret_why)
{
    enum store_change change = ask->token.client.ptr ? STORE_TOKENS_DROP : STORE_LOGOUT;
    return submit_change(port, ask, change, OPS_TOKENS_REVOKED, ret, ret_why);
}

enum ops_result ops_logout(struct ops_port *port, const struct ops_ask *ask,
                           struct ops_request **ret, const char **ret_why)
{
    return submit_change(port, ask, STORE_LOGOUT, OPS_LOGGED_OUT, ret, ret_why);
}
