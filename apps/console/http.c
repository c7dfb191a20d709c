#include "http.h"

#include "connections.h"
#include "guard.h"
#include "route.h"

#include "base/wipe.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/socket.h>

/* ANSWER_MS: to do what a request asks for, and to be read. */
enum { ANSWER_MS = 60000, SILENT_S = 30, STACK_BYTES = 256 * 1024, FREED_BYTE = 0x5a };

#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* --- headers of every answer --- */

static const char *const fixed[][2] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
     "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Connection", "close"},
};

void http_header(struct request *r, const char *name, const char *value)
{
    if (r->response && MHD_add_response_header(r->response, name, value) != MHD_YES)
        abort(); /* out of memory: linnetd starts another of us */
}

/* A browser takes __Host- from TLS alone, and for this host alone (RFC 6265bis). */
static const char *cookie_name(const struct request *r)
{
    return r->listener->names.tls ? "__Host-linnet_session" : "linnet_session";
}

static void add_cookie(struct request *r)
{
    char text[160];
    if (!r->new_cookie)
        return;
    snprintf(text, sizeof text, "%s=%s; HttpOnly; SameSite=Strict; Path=/%s%s", cookie_name(r),
             r->new_cookie, r->listener->names.tls ? "; Secure" : "",
             *r->new_cookie ? "" : "; Max-Age=0");
    http_header(r, "Set-Cookie", text);
    wipe(text, sizeof text);
}

/* libmicrohttpd keeps what it read for as long as the connection, which may be an event stream. */
static enum MHD_Result wipe_secret(void *ctx, enum MHD_ValueKind kind, const char *key,
                                   const char *value)
{
    bool secret = kind == MHD_COOKIE_KIND || strcasecmp(key, "Cookie") == 0 ||
                  strcasecmp(key, "X-CSRF-Token") == 0;
    (void)ctx;
    if (secret && value)
        wipe((void *)(uintptr_t)value, strlen(value));
    return MHD_YES;
}

/* Once it is answered: what made it somebody's. */
static void forget(struct request *r)
{
    MHD_get_connection_values(r->connection, MHD_HEADER_KIND | MHD_COOKIE_KIND, wipe_secret, NULL);
    wipe_free_cstr((char *)(uintptr_t)r->cookie);
    r->cookie = NULL;
    r->new_cookie = NULL;
    wipe(r->token, sizeof r->token);
    wipe(&r->who, sizeof r->who);
}

static enum MHD_Result send_answer(struct request *r)
{
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        http_header(r, fixed[i][0], fixed[i][1]);
    if (!MHD_get_response_header(r->response, "Cache-Control"))
        http_header(r, "Cache-Control", "no-store");
    add_cookie(r);
    forget(r);
    return MHD_queue_response(r->connection, r->status, r->response);
}

/* --- answers --- */

void http_answer_with(struct request *r, unsigned status, struct MHD_Response *response)
{
    if (!response)
        abort(); /* out of memory */
    if (r->response) {
        MHD_destroy_response(response);
        return;
    }
    r->status = status;
    r->response = response;
}

static void free_text(void *text)
{
    wipe_free_cstr(text);
}

void http_answer(struct request *r, unsigned status, json_t *body)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : strdup("");
    if (!text)
        abort();
    bool first = !r->response;
    http_answer_with(
        r, status,
        MHD_create_response_from_buffer_with_free_callback(strlen(text), text, free_text));
    if (body && first)
        http_header(r, "Content-Type", "application/json");
    json_decref(body);
}

void http_refuse(struct request *r, unsigned status, const char *code, const char *sentence,
                 const char *remedy)
{
    json_t *body = json_pack("{s:{s:s,s:s,s:s}}", "error", "code", code, "sentence", sentence,
                             "remedy", remedy);
    if (!body)
        abort();
    http_answer(r, status, body);
}

static unsigned status_of(enum linnet_error_code code)
{
    static const struct {
        enum linnet_error_code code;
        unsigned status;
    } rows[] = {
        {LINNET_ERROR_BAD_CREDENTIALS, MHD_HTTP_UNAUTHORIZED},
        {LINNET_ERROR_ACCOUNT_DISABLED, MHD_HTTP_FORBIDDEN},
        {LINNET_ERROR_POLICY, MHD_HTTP_FORBIDDEN},
        {LINNET_ERROR_AUTH_TEMPORARY, MHD_HTTP_TOO_MANY_REQUESTS},
        {LINNET_ERROR_REGISTER_TAKEN, MHD_HTTP_CONFLICT},
        {LINNET_ERROR_BAD_ADDRESS, MHD_HTTP_UNPROCESSABLE_CONTENT},
        {LINNET_ERROR_HOST_UNKNOWN, MHD_HTTP_UNPROCESSABLE_CONTENT},
        {LINNET_ERROR_USAGE, MHD_HTTP_UNPROCESSABLE_CONTENT},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].code == code)
            return rows[i].status;
    return MHD_HTTP_SERVICE_UNAVAILABLE;
}

void http_fail(struct request *r, const struct linnet_error *error)
{
    const struct linnet_error_info *info = linnet_error_info(error->code);
    unsigned status = status_of(error->code);
    bool here = status == MHD_HTTP_SERVICE_UNAVAILABLE; /* its words are about files and sockets */
    http_refuse(r, status, info->id, here ? "linnetd does not answer, or cannot." : error->sentence,
                here ? "Try again in a moment; the log of linnetd says more." : info->remedy);
    if (error->retry_after_s > 0) {
        char seconds[16];
        snprintf(seconds, sizeof seconds, "%u", error->retry_after_s);
        http_header(r, "Retry-After", seconds);
    }
}

/* --- questions --- */

struct heads {
    const char *name, *value;
    unsigned count;
};

static enum MHD_Result count_head(void *ctx, enum MHD_ValueKind kind, const char *key,
                                  const char *value)
{
    struct heads *h = ctx;
    (void)kind;
    if (strcasecmp(key, h->name) == 0) {
        h->value = value ? value : "";
        h->count++;
    }
    return MHD_YES;
}

const char *http_head(struct request *r, const char *name)
{
    struct heads h = {.name = name};
    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, count_head, &h);
    return h.count > 1 ? "" : h.value;
}

static enum MHD_Result take_head(void *ctx, enum MHD_ValueKind kind, const char *key,
                                 const char *value)
{
    (void)kind;
    guard_frame_take(ctx, key, value ? value : "");
    return MHD_YES;
}

bool http_ends_clearly(struct request *r)
{
    struct guard_frame frame = {0};
    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, take_head, &frame);
    return !frame.unclear;
}

static void bad_parameter(struct request *r, const char *name)
{
    char sentence[80];
    snprintf(sentence, sizeof sentence, "The parameter %.20s is not what it should be.", name);
    http_refuse(r, MHD_HTTP_BAD_REQUEST, "bad-request", sentence, "");
}

bool http_text(struct request *r, const char *name, size_t max_bytes, char **ret)
{
    const char *raw = MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
    *ret = raw ? strdup(raw) : NULL;
    if (!raw)
        return true;
    if (!*ret)
        abort();
    json_t *text = guard_decode(*ret) ? json_string(*ret) : NULL; /* UTF-8? */
    bool ok = text && json_string_length(text) <= max_bytes;
    json_decref(text);
    if (!ok) {
        free(*ret);
        *ret = NULL;
        bad_parameter(r, name);
    }
    return ok;
}

bool http_number(struct request *r, const char *name, json_int_t min, json_int_t max,
                 json_int_t fallback, json_int_t *ret)
{
    const char *raw = MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
    *ret = fallback;
    if (!raw)
        return true;
    size_t digits = strspn(raw, "0123456789");
    bool ok = digits > 0 && digits <= 18 && raw[digits] == '\0';
    *ret = ok ? strtoll(raw, NULL, 10) : fallback;
    ok = ok && *ret >= min && *ret <= max;
    if (!ok)
        bad_parameter(r, name);
    return ok;
}

bool http_flag(struct request *r, const char *name, bool *ret)
{
    const char *raw = MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
    bool ok = !raw || cstr_eq(raw, "true") || cstr_eq(raw, "false");
    *ret = raw && cstr_eq(raw, "true");
    if (!ok)
        bad_parameter(r, name);
    return ok;
}

static bool has_members(const json_t *body, const char *const *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!json_is_string(json_object_get(body, members[i])))
            return false;
    return json_object_size(body) == count;
}

json_t *http_body(struct request *r, const char *const *members, size_t count)
{
    struct str text = buf_peek(&r->body);
    json_t *body = guard_depth(text, HTTP_DEPTH_MAX)
                       ? json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
    if (json_is_object(body) && has_members(body, members, count))
        return body;
    json_decref(body);
    http_refuse(r, MHD_HTTP_BAD_REQUEST, "bad-request",
                "The body is not the JSON object that belongs here.", "");
    return NULL;
}

/* --- one request --- */

static int socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static void read_address(struct address *ret, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    address_read(ret, info ? info->client_addr : NULL);
}

static char *cookie_of(struct request *r)
{
    struct str value = guard_cookie(http_head(r, "Cookie"), cookie_name(r));
    return value.ptr ? strndup(value.ptr, value.len) : NULL;
}

static struct request *request_new(const struct listener *listener,
                                   struct MHD_Connection *connection, const char *path,
                                   const char *method)
{
    struct request *r = calloc(1, sizeof *r);
    if (!r)
        abort();
    r->listener = listener;
    r->console = listener->console;
    r->connection = connection;
    r->path = path;
    r->method = method;
    buf_init(&r->body, HTTP_BODY_MAX_BYTES, true);
    read_address(&r->address, connection);
    r->cookie = cookie_of(r);
    return r;
}

static void request_free(struct request *r)
{
    if (!r)
        return;
    if (r->response) {
        const char *cookie = MHD_get_response_header(r->response, "Set-Cookie");
        wipe((void *)(uintptr_t)cookie, cookie ? strlen(cookie) : 0);
        MHD_destroy_response(r->response);
    }
    buf_finish(&r->body);
    forget(r);
    wipe_free(r, sizeof *r);
}

/* What is refused already is read and dropped, so that the answer is seen. */
static void take_body(struct request *r, const char *data, size_t len)
{
    bool wanted = !r->response && r->route && r->route->reads_body;
    if (wanted && buf_len(&r->body) + len > HTTP_BODY_MAX_BYTES)
        r->too_large = true;
    if (wanted && !r->too_large)
        buf_str(&r->body, str_of(data, len));
    wipe((void *)(uintptr_t)data, len);
}

int http_socket(const struct request *r)
{
    return socket_of(r->connection);
}

void http_no_deadline(struct request *r)
{
    connections_extend(r->console->connections, http_socket(r), 0);
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state)
{
    struct request *r = *state;
    (void)version;
    if (!r) {
        *state = r = request_new(cls, connection, url, method);
        route_begin(r);
        return r->unclear ? send_answer(r) : MHD_YES;
    }
    if (*upload_size > 0) {
        take_body(r, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    connections_extend(r->console->connections, socket_of(connection),
                       console_now_ms() + ANSWER_MS);
    route_finish(r);
    return send_answer(r);
}

static void completed(void *cls, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    (void)code;
    request_free(*state);
    *state = NULL;
}

/* --- connections --- */

static void noticed(void *cls, struct MHD_Connection *connection, void **state,
                    enum MHD_ConnectionNotificationCode code)
{
    const struct listener *l = cls;
    struct connections *all = l->console->connections;
    int fd = socket_of(connection);
    struct address from;
    (void)state;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        connections_leave(all, fd);
        return;
    }
    read_address(&from, connection);
    if (!connections_enter(all, fd, l->names.tls ? from.network : NULL,
                           console_now_ms() + l->console->arrive_ms))
        shutdown(fd, SHUT_RDWR); /* one too many */
}

/* Everything stays as it was written: paths are compared as they are, queries decoded by us. */
static size_t leave_escaped(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

/* libmicrohttpd's own words are about peers that went away. */
static void no_log(void *cls, const char *fmt, va_list ap)
{
    (void)cls;
    (void)fmt;
    (void)ap;
}

struct MHD_Daemon *http_start(struct listener *l, int fd)
{
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                     MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)l->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)l->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL},
    };
    mallopt(M_PERTURB, FREED_BYTE); /* what it frees held requests and answers as they were sent */
    return MHD_start_daemon(
        flags | (l->names.tls ? MHD_USE_TLS : 0), 0, NULL, NULL, handle, l, //
        MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HTTP_HEAD_MAX_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENT_S,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_NOTIFY_COMPLETED, completed,
        NULL, MHD_OPTION_NOTIFY_CONNECTION, noticed, l, MHD_OPTION_ARRAY,
        l->names.tls ? tls : tls + ARRAY_LEN(tls) - 1, MHD_OPTION_END);
}
