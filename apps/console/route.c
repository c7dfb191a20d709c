#include "route.h"

#include "api.h"
#include "assets.h"
#include "backend.h"
#include "guard.h"

#include <stdio.h>

#define API "/api/v1"

static const struct route routes[] = {
    {"GET", API "/health", ACCESS_ANYBODY, false, {NULL}, api_health},
    {"GET", API "/session", ACCESS_SIGNED_IN, false, {NULL}, api_session_get},
    {"POST", API "/session", ACCESS_ANYBODY, true, {NULL}, api_session_add},
    {"DELETE", API "/session", ACCESS_SIGNED_IN, false, {NULL}, api_session_remove},
    {"GET", API "/setup", ACCESS_ANYBODY, false, {NULL}, api_setup_get},
    {"POST", API "/setup", ACCESS_ANYBODY, true, {NULL}, api_setup},
    {"GET", API "/status", ACCESS_SIGNED_IN, false, {NULL}, api_status},
    {"GET", API "/users", ACCESS_SIGNED_IN, false, {"after", "limit", "q"}, api_users_get},
    {"POST", API "/users", ACCESS_FULL, true, {NULL}, api_users_add},
    {"GET", API "/user", ACCESS_SIGNED_IN, false, {"user"}, api_user_get},
    {"POST", API "/users/password", ACCESS_FULL, true, {NULL}, api_user_password},
    {"POST", API "/users/disable", ACCESS_FULL, true, {NULL}, api_user_disable},
    {"POST", API "/users/enable", ACCESS_FULL, true, {NULL}, api_user_enable},
    {"POST", API "/users/logout", ACCESS_FULL, true, {NULL}, api_user_logout},
    {"POST", API "/users/remove", ACCESS_FULL, true, {NULL}, api_user_remove},
    {"POST", API "/users/role", ACCESS_FULL, true, {NULL}, api_user_role},
    {"POST", API "/users/tokens/revoke", ACCESS_FULL, true, {NULL}, api_user_token_revoke},
    {"POST", API "/names", ACCESS_SIGNED_IN, true, {NULL}, api_names_check},
    {"GET", API "/sessions", ACCESS_SIGNED_IN, false, {"limit", "q", "user"}, api_sessions},
    {"POST", API "/sessions/close", ACCESS_FULL, true, {NULL}, api_sessions_close},
    {"GET",
     API "/logins",
     ACCESS_SIGNED_IN,
     false,
     {"after", "limit", "failed", "user", "address"},
     api_logins},
    {"GET",
     API "/audit",
     ACCESS_SIGNED_IN,
     false,
     {"before", "limit", "actor", "action", "object"},
     api_audit},
    {"GET", API "/login", ACCESS_SIGNED_IN, false, {"id"}, api_login},
    {"GET", API "/settings", ACCESS_SIGNED_IN, false, {NULL}, api_settings_get},
    {"POST", API "/settings", ACCESS_FULL, true, {NULL}, api_settings_set},
    {"POST", API "/settings/reset", ACCESS_FULL, true, {NULL}, api_settings_reset},
    {"POST", API "/settings/check", ACCESS_FULL, true, {NULL}, api_settings_check},
    {"GET",
     API "/settings/history",
     ACCESS_SIGNED_IN,
     false,
     {"name", "before", "limit"},
     api_settings_history},
    {"POST", API "/reload", ACCESS_FULL, true, {NULL}, api_reload},
    {"GET", API "/mechanisms", ACCESS_SIGNED_IN, false, {NULL}, api_mechanisms},
    {"GET", API "/throttle", ACCESS_SIGNED_IN, false, {NULL}, api_throttle},
    {"POST", API "/throttle/forgive", ACCESS_FULL, true, {NULL}, api_throttle_forgive},
    {"GET", API "/blocks", ACCESS_SIGNED_IN, false, {NULL}, api_blocks},
    {"POST", API "/blocks", ACCESS_FULL, true, {NULL}, api_blocks_add},
    {"POST", API "/blocks/remove", ACCESS_FULL, true, {NULL}, api_blocks_remove},
    {"GET", API "/events", ACCESS_SIGNED_IN, false, {NULL}, api_events},
};

/* --- refusals --- */

static void refuse_origin(struct request *r)
{
    http_refuse(r, MHD_HTTP_FORBIDDEN, "origin",
                "The request does not come from a page of this console.",
                "Open the console at the address that linnetd names in its log.");
}

static void refuse_signed_out(struct request *r)
{
    http_refuse(r, MHD_HTTP_UNAUTHORIZED, "signed-out", "You are not signed in, or no longer.",
                "Sign in.");
}

static void refuse_forged(struct request *r)
{
    http_refuse(r, MHD_HTTP_FORBIDDEN, "csrf",
                "The request does not show that it comes from a page of this session.",
                "Load the page again.");
}

static void not_found(struct request *r)
{
    http_refuse(r, MHD_HTTP_NOT_FOUND, "not-found", "There is nothing at this address.",
                "Check the address.");
}

static void refuse_method(struct request *r, const char *allowed)
{
    http_refuse(r, MHD_HTTP_METHOD_NOT_ALLOWED, "method", "That cannot be done with this address.",
                "Use one of the methods that the header Allow names.");
    http_header(r, "Allow", allowed);
}

static bool is_api(const char *path)
{
    return strncmp(path, "/api/", 5) == 0 || cstr_eq(path, "/api");
}

/* --- what must be true; each says false after it refused --- */

static bool ends_clearly(struct request *r)
{
    r->unclear = !http_ends_clearly(r);
    if (r->unclear)
        http_refuse(r, MHD_HTTP_BAD_REQUEST, "bad-request",
                    "Where the request ends could be read in two ways: it may have one "
                    "Content-Length and no Transfer-Encoding.",
                    "");
    return !r->unclear;
}

static bool comes_from_here(struct request *r)
{
    const char *host = http_head(r, "Host"), *origin = http_head(r, "Origin");
    const struct guard_names *ours = &r->listener->names;
    bool ok = guard_host(ours, host) && (!origin || guard_origin(ours, origin, host)) &&
              (!is_api(r->path) || guard_site(http_head(r, "Sec-Fetch-Site")));
    if (!ok)
        refuse_origin(r);
    return ok;
}

static bool finds_route(struct request *r)
{
    char allowed[64] = "";
    size_t len = 0;
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        if (!cstr_eq(routes[i].path, r->path))
            continue;
        if (cstr_eq(routes[i].method, r->method)) {
            r->route = &routes[i];
            return true;
        }
        len += (size_t)snprintf(allowed + len, sizeof allowed - len, "%s%s", len ? ", " : "",
                                routes[i].method);
    }
    if (len > 0)
        refuse_method(r, allowed);
    else
        not_found(r);
    return false;
}

struct parameters {
    const struct route *route;
    unsigned seen; /* bits */
    bool ok;
};

static enum MHD_Result take_parameter(void *ctx, enum MHD_ValueKind kind, const char *key,
                                      const char *value)
{
    struct parameters *p = ctx;
    (void)kind;
    p->ok = false;
    for (unsigned i = 0; key && value && i < ROUTE_PARAMETERS_MAX && p->route->parameters[i]; i++) {
        if (cstr_eq(p->route->parameters[i], key)) {
            p->ok = !(p->seen & 1u << i);
            p->seen |= 1u << i;
        }
    }
    return p->ok ? MHD_YES : MHD_NO;
}

static bool has_parameters(struct request *r)
{
    struct parameters p = {.route = r->route, .ok = true};
    MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, take_parameter, &p);
    if (!p.ok)
        http_refuse(r, MHD_HTTP_BAD_REQUEST, "bad-request",
                    "The query has a parameter that is not known here, twice or without a value.",
                    "");
    return p.ok;
}

static bool has_type(struct request *r)
{
    bool ok = !r->route->reads_body || guard_json(http_head(r, "Content-Type"));
    if (!ok)
        http_refuse(r, MHD_HTTP_BAD_REQUEST, "bad-request",
                    "The body must be JSON (Content-Type: application/json).", "");
    return ok;
}

enum linnet_error_code route_check(struct console *console, struct session *who,
                                   struct linnet_error *error)
{
    const struct backend_person nobody = {0};
    json_t *result;
    json_t *args = json_pack("{s:s,s:I}", "user", who->user, "mark", (json_int_t)who->mark);
    enum linnet_error_code code =
        backend_call(console->backend, &nobody, "admin.check", args, &result, error);
    const char *role = json_string_value(json_object_get(result, "role"));
    who->full = role && cstr_eq(role, "full");
    if (code == LINNET_ERROR_BAD_CREDENTIALS || code == LINNET_ERROR_POLICY)
        sessions_remove(console->sessions, who->id);
    json_decref(result);
    return code;
}

/* A cookie that an answer gives is in memory for as long as the answer: none with one that lasts.
 */
static bool may_renew(const struct request *r)
{
    return r->route->handle != api_events;
}

static void tell_end(const struct request *r, enum sessions_found found)
{
    if (found == SESSIONS_COPIED)
        console_say("%s was signed out: a cookie that had been replaced came again, from %s",
                    r->who.user, r->address.text);
    if (found == SESSIONS_UNCLAIMED)
        console_say(
            "%s was signed out: new cookies were taken and never used, the last time from %s",
            r->who.user, r->address.text);
}

static enum sessions_found find_session(struct request *r)
{
    struct sessions *all = r->console->sessions;
    uint64_t now_ms = console_now_ms();
    const struct session_shown shown = {.cookie = r->cookie,
                                        .csrf = http_head(r, "X-CSRF-Token"),
                                        .tls = r->listener->names.tls,
                                        .automatic = http_head(r, "X-Automatic") != NULL};
    enum sessions_found found = sessions_find(all, now_ms, &shown, &r->who);
    tell_end(r, found);
    if (found == SESSIONS_FOUND && may_renew(r) && sessions_renew(all, now_ms, r->who.id, r->token))
        r->new_cookie = r->token;
    return found;
}

static bool is_signed_in(struct request *r)
{
    struct linnet_error error = {0};
    enum linnet_error_code code = LINNET_ERROR_BAD_CREDENTIALS;
    enum sessions_found found = find_session(r);
    if (found == SESSIONS_FOUND)
        code = route_check(r->console, &r->who, &error);
    if (found == SESSIONS_FORGED)
        refuse_forged(r);
    else if (code == LINNET_ERROR_BAD_CREDENTIALS || code == LINNET_ERROR_POLICY)
        refuse_signed_out(r);
    else if (code != LINNET_OK)
        http_fail(r, &error);
    return code == LINNET_OK;
}

static bool has_role(struct request *r)
{
    bool ok = r->route->access != ACCESS_FULL || r->who.full;
    if (!ok)
        http_refuse(r, MHD_HTTP_FORBIDDEN, "policy",
                    "You may look at everything here and change nothing.",
                    "Ask an administrator: linnetctl user role NAME full");
    return ok;
}

static bool may(struct request *r)
{
    if (r->route->access == ACCESS_ANYBODY)
        return true;
    return is_signed_in(r) && has_role(r);
}

/* --- files --- */

/* What has a dot in its last segment is a file, anything else a place in the one page. */
static const struct asset *asset_of(const char *path)
{
    const struct asset *found = assets_find(path);
    bool clean = !strpbrk(path, "%\\") && !strstr(path, "//") && !strstr(path, "/.");
    bool page = path[0] == '/' && clean && !strchr(strrchr(path, '/'), '.');
    return found || !page ? found : assets_find("/index.html");
}

static void serve_file(struct request *r)
{
    const struct asset *asset = asset_of(r->path);
    if (!asset) {
        not_found(r);
        return;
    }
    if (!cstr_eq(r->method, "GET") && !cstr_eq(r->method, "HEAD")) {
        refuse_method(r, "GET, HEAD");
        return;
    }
    http_answer_with(r, MHD_HTTP_OK,
                     MHD_create_response_from_buffer(asset->size, (void *)(uintptr_t)asset->data,
                                                     MHD_RESPMEM_PERSISTENT));
    http_header(r, "Content-Type", asset->type);
    http_header(r, "Cache-Control",
                asset->immutable ? "public, max-age=31536000, immutable" : "no-store");
}

/* --- in order --- */

void route_begin(struct request *r)
{
    if (!ends_clearly(r) || !comes_from_here(r))
        return;
    if (!is_api(r->path))
        serve_file(r);
    else if (finds_route(r) && has_parameters(r) && has_type(r))
        (void)may(r);
}

void route_finish(struct request *r)
{
    if (!r->response && r->too_large)
        http_refuse(r, MHD_HTTP_CONTENT_TOO_LARGE, "too-large",
                    "The request is larger than 64 KiB.", "");
    /* The body may have taken its time, and an account changed meanwhile. */
    if (!r->response && r->route->reads_body)
        (void)may(r);
    if (!r->response)
        r->route->handle(r);
}
