#include "server/control/client.h"

#include "base/buf.h"
#include "base/wipe.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* No answer is longer: the server limits its output for one client to this. */
enum { ANSWER_MAX_BYTES = 4 * 1024 * 1024, EVENTS_MAX = 1024 };

struct control_client {
    int fd;
    char *path;
    json_int_t last_id;
    struct buf in;
    json_t *as;     /* of every request, or NULL */
    json_t *events; /* that came while an answer was awaited */
};

static enum linnet_error_code fail(struct linnet_error *error, enum linnet_error_code code,
                                   const char *reason)
{
    return error_set(error, code, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

static enum linnet_error_code not_running(const char *path, struct linnet_error *error)
{
    return error_set(error, LINNET_ERROR_REFUSED, LINNET_ORIGIN_NETWORK, "targets", path, NULL);
}

/* --- opening --- */

/* A password goes to a server of ours or of root only, not to whoever made a socket first. Root
 * may ask a server of any user. */
static bool trusts_peer(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (geteuid() == 0 || peer.uid == geteuid() || peer.uid == 0);
}

static enum linnet_error_code connect_failed(const char *path, struct linnet_error *error)
{
    char reason[400];
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
        return not_running(path, error);
    if (errno == EACCES || errno == EPERM)
        snprintf(reason, sizeof reason,
                 "The socket %.200s belongs to another user: run this as the user of the server",
                 path);
    else
        snprintf(reason, sizeof reason, "The socket %.200s cannot be used: %s", path,
                 strerror(errno));
    return fail(error, LINNET_ERROR_USAGE, reason);
}

static enum linnet_error_code connect_to(const char *path, int *ret_fd, struct linnet_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return fail(error, LINNET_ERROR_USAGE,
                    "The path of the socket is longer than 107 bytes; name it relative to here");
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail(error, LINNET_ERROR_INTERNAL, strerror(errno));
    enum linnet_error_code code = LINNET_OK;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        code = connect_failed(path, error);
    else if (!trusts_peer(fd))
        code = fail(error, LINNET_ERROR_USAGE,
                    "Another user's process listens on the socket; nothing was sent to it");
    if (code != LINNET_OK)
        close(fd);
    else
        *ret_fd = fd;
    return code;
}

enum linnet_error_code control_client_open(const char *path, struct control_client **ret,
                                           struct linnet_error *error)
{
    *ret = NULL;
    struct control_client *c = calloc(1, sizeof *c);
    if (!c)
        return fail(error, LINNET_ERROR_NO_MEMORY, NULL);
    c->fd = -1;
    buf_init(&c->in, 2 * ANSWER_MAX_BYTES, false);
    c->path = strdup(path);
    c->events = json_array();
    enum linnet_error_code code = c->path && c->events ? connect_to(path, &c->fd, error)
                                                       : fail(error, LINNET_ERROR_NO_MEMORY, NULL);
    if (code != LINNET_OK) {
        control_client_close(c);
        return code;
    }
    *ret = c;
    return LINNET_OK;
}

void control_client_close(struct control_client *c)
{
    if (!c)
        return;
    if (c->fd >= 0)
        close(c->fd);
    json_decref(c->as);
    json_decref(c->events);
    buf_finish(&c->in);
    free(c->path);
    free(c);
}

/* --- lines --- */

static enum linnet_error_code send_line(struct control_client *c, json_t *request,
                                        struct linnet_error *error)
{
    char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
    if (!text)
        return fail(error, LINNET_ERROR_USAGE, "The request holds text that is not UTF-8");
    size_t len = strlen(text), sent = 0;
    text[len] = '\n'; /* in the place of the NUL */
    enum linnet_error_code code = LINNET_OK;
    while (code == LINNET_OK && sent <= len) {
        ssize_t n = send(c->fd, text + sent, len + 1 - sent, MSG_NOSIGNAL);
        if (n >= 0)
            sent += (size_t)n;
        else if (errno != EINTR)
            code = fail(error, LINNET_ERROR_CONNECTION_LOST, strerror(errno));
    }
    wipe_free(text, len + 1);
    return code;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until something can be read; `until_ms` 0 for ever. */
static enum linnet_error_code wait_input(struct control_client *c, int64_t until_ms,
                                         struct linnet_error *error)
{
    for (;;) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        int64_t left = until_ms ? until_ms - now_ms() : -1;
        if (until_ms && left <= 0)
            return fail(error, LINNET_ERROR_TIMEOUT, NULL);
        int ready = poll(&p, 1, (int)left);
        if (ready > 0)
            return LINNET_OK;
        if (ready < 0 && errno != EINTR)
            return fail(error, LINNET_ERROR_INTERNAL, strerror(errno));
        if (ready < 0 && !until_ms)
            return fail(error, LINNET_ERROR_INTERRUPTED, NULL);
    }
}

static enum linnet_error_code read_some(struct control_client *c, int64_t until_ms,
                                        struct linnet_error *error)
{
    enum { ROOM = 16384 };
    enum linnet_error_code code = wait_input(c, until_ms, error);
    if (code != LINNET_OK)
        return code;
    uint8_t *room = buf_reserve(&c->in, ROOM);
    if (!room)
        return fail(error, LINNET_ERROR_PROTOCOL, "an answer is too long");
    ssize_t len = recv(c->fd, room, ROOM, 0);
    if (len > 0)
        buf_commit(&c->in, (size_t)len);
    else if (len == 0)
        return fail(error, LINNET_ERROR_CONNECTION_LOST, "the server closed the control socket");
    else if (errno != EINTR)
        return fail(error, LINNET_ERROR_CONNECTION_LOST, strerror(errno));
    return LINNET_OK;
}

static enum linnet_error_code read_line(struct control_client *c, int64_t until_ms, json_t **ret,
                                        struct linnet_error *error)
{
    const char *end;
    enum linnet_error_code code = LINNET_OK;
    while (!(end = memchr(buf_peek(&c->in).ptr, '\n', buf_len(&c->in)))) {
        code = read_some(c, until_ms, error);
        if (code != LINNET_OK)
            return code;
    }
    struct str held = buf_peek(&c->in);
    size_t len = (size_t)(end - held.ptr);
    *ret = json_loadb(held.ptr, len, JSON_REJECT_DUPLICATES, NULL);
    buf_consume(&c->in, len + 1);
    if (!json_is_object(*ret)) {
        json_decref(*ret);
        *ret = NULL;
        return fail(error, LINNET_ERROR_PROTOCOL, "the server's answer is not a JSON object");
    }
    return LINNET_OK;
}

/* --- calls --- */

/* The server's failure as ours: the code by its name, the sentence as it is. */
static enum linnet_error_code server_failure(const json_t *answer, struct linnet_error *error)
{
    const json_t *fault = json_object_get(answer, "error");
    const char *id = json_string_value(json_object_get(fault, "code"));
    const json_t *sentence = json_object_get(fault, "sentence");
    const struct linnet_error_info *info = id ? linnet_error_info_by_id(id) : NULL;
    if (!info || !json_is_string(sentence))
        return fail(error, LINNET_ERROR_PROTOCOL, "the server's failure has no known code");
    error_set(error, info->code, LINNET_ORIGIN_PEER, NULL);
    if (error)
        error_copy_text(error->sentence, sizeof error->sentence,
                        str_of(json_string_value(sentence), json_string_length(sentence)));
    json_int_t retry_s = json_integer_value(json_object_get(fault, "retry_s"));
    if (error && retry_s > 0 && retry_s <= 3600)
        error->retry_after_s = (unsigned)retry_s;
    return info->code;
}

static enum linnet_error_code take_answer(const json_t *answer, json_t **ret_result,
                                          struct linnet_error *error)
{
    json_t *result = json_object_get(answer, "result");
    if (!json_is_true(json_object_get(answer, "ok")))
        return server_failure(answer, error);
    if (!json_is_object(result))
        return fail(error, LINNET_ERROR_PROTOCOL, "the server's answer has no result");
    *ret_result = json_incref(result);
    return LINNET_OK;
}

/* Reads until the answer to `id` comes, keeping events for later. A failure without an id is about
 * the line, or the connection: it is an answer as well. */
static enum linnet_error_code await(struct control_client *c, json_int_t id, int64_t until_ms,
                                    json_t **ret_result, struct linnet_error *error)
{
    for (;;) {
        json_t *line;
        enum linnet_error_code code = read_line(c, until_ms, &line, error);
        if (code != LINNET_OK)
            return code;
        const json_t *got = json_object_get(line, "id");
        if (json_object_get(line, "event")) {
            if (json_array_size(c->events) < EVENTS_MAX)
                json_array_append(c->events, line);
        } else if (json_is_null(got) || json_integer_value(got) == id) {
            code = take_answer(line, ret_result, error);
            json_decref(line);
            return code;
        }
        json_decref(line);
    }
}

bool control_client_ask_for(struct control_client *c, const char *user, const char *address,
                            int64_t mark)
{
    json_decref(c->as);
    c->as = json_pack("{s:s,s:s*,s:I}", "user", user, "address", address, "mark", (json_int_t)mark);
    return c->as != NULL;
}

/* NULL when out of memory. */
static json_t *request_of(struct control_client *c, const char *op, json_t *args)
{
    json_t *request = json_pack("{s:I,s:s}", "id", ++c->last_id, "op", op);
    bool ok = request && (!args || json_object_set(request, "args", args) == 0) &&
              (!c->as || json_object_set(request, "as", c->as) == 0);
    if (ok)
        return request;
    json_decref(request);
    return NULL;
}

enum linnet_error_code control_client_call(struct control_client *c, const char *op, json_t *args,
                                           unsigned timeout_s, json_t **ret_result,
                                           struct linnet_error *error)
{
    *ret_result = NULL;
    json_t *request = request_of(c, op, args);
    enum linnet_error_code code = send_line(c, request, error);
    json_decref(request);
    json_decref(args);
    if (code == LINNET_OK)
        code = await(c, c->last_id, now_ms() + 1000 * (int64_t)timeout_s, ret_result, error);
    return code;
}

static enum linnet_error_code next_event(struct control_client *c, int64_t until_ms,
                                         json_t **ret_event, struct linnet_error *error)
{
    *ret_event = NULL;
    if (json_array_size(c->events) > 0) {
        *ret_event = json_incref(json_array_get(c->events, 0));
        json_array_remove(c->events, 0);
        return LINNET_OK;
    }
    for (;;) {
        enum linnet_error_code code = read_line(c, until_ms, ret_event, error);
        if (code != LINNET_OK || json_object_get(*ret_event, "event"))
            return code;
        json_decref(*ret_event);
    }
}

enum linnet_error_code control_client_event(struct control_client *c, json_t **ret_event,
                                            struct linnet_error *error)
{
    return next_event(c, 0, ret_event, error);
}

enum linnet_error_code control_client_event_within(struct control_client *c, unsigned timeout_ms,
                                                   json_t **ret_event, struct linnet_error *error)
{
    return next_event(c, now_ms() + timeout_ms, ret_event, error);
}
