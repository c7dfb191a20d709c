#include "message.h"

#include "failure.h"
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* `linnet send --lines`: a message for each line, as it comes, through every loss of the connection
 * that the session survives. */

enum {
    UNDER_WAY_MAX = 500, /* unacknowledged: nothing more is read */
    END_MS = 60000       /* after the last line */
};

struct lines {
    struct session *s;
    char *held; /* the line that is not whole yet */
    size_t held_len;
    uint64_t sent, acked; /* messages */
    uint64_t ping_id;     /* under way; 0: none */
    uint64_t pinged;      /* how many messages were sent before it */
    bool ended;           /* the input */
};

static bool send_line(struct lines *l, const char *text, size_t len)
{
    struct session *s = l->s;
    uint64_t id;
    if (len == 0) /* there are no empty messages */
        return true;
    char *body = message_check(text, len, &s->error) == LINNET_OK ? strndup(text, len) : NULL;
    struct linnet_element *m = body ? linnet_message_new(s->options->to, "chat", body) : NULL;
    bool good = body && linnet_client_send_tracked(s->client, m, &id, &s->error) == LINNET_OK;
    linnet_element_free(m);
    free(body);
    l->sent += good;
    return good;
}

static bool send_whole_lines(struct lines *l)
{
    char *from = l->held, *end = l->held + l->held_len, *line_end;
    while ((line_end = memchr(from, '\n', (size_t)(end - from)))) {
        if (!send_line(l, from, (size_t)(line_end - from)))
            return false;
        from = line_end + 1;
    }
    l->held_len = (size_t)(end - from);
    memmove(l->held, from, l->held_len);
    return true;
}

/* The server answers when it has worked through everything; where it acknowledges nothing, that is
 * all there is to know. */
static bool ping(struct lines *l)
{
    l->pinged = l->sent;
    return message_ping(l->s, &l->ping_id) == LINNET_OK;
}

static bool finish_input(struct lines *l)
{
    struct session *s = l->s;
    l->ended = true;
    s->deadline_ms = session_now_ms() + (s->options->timeout_ms ? s->options->timeout_ms : END_MS);
    return send_line(l, l->held, l->held_len) && ping(l);
}

static bool read_input(struct lines *l)
{
    if (l->held_len > MESSAGE_MAX_BYTES)
        return message_check(l->held, l->held_len, &l->s->error) == LINNET_OK;
    ssize_t got = read(STDIN_FILENO, l->held + l->held_len, MESSAGE_MAX_BYTES + 1 - l->held_len);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (got < 0) {
        failure_set(&l->s->error, LINNET_ERROR_USAGE, "standard input cannot be read: %s",
                    strerror(errno));
        return false;
    }
    if (got == 0)
        return finish_input(l);
    l->held_len += (size_t)got;
    return send_whole_lines(l);
}

static void show_acked(struct lines *l)
{
    l->acked++;
    if (!l->s->options->json)
        return;
    json_t *object = output_event("sent");
    output_set(object, "to", l->s->options->to);
    json_object_set_new(object, "number", json_integer((json_int_t)l->acked));
    output_json(object);
}

static bool refused(struct session *s, const struct linnet_event *e)
{
    const char *from = e->stanza ? linnet_element_attr(e->stanza, "from") : NULL;
    return e->kind == LINNET_EVENT_STANZA && from && strcmp(from, s->options->to) == 0 &&
           linnet_stanza_error(e->stanza, &s->error);
}

static bool take_pong(struct lines *l, const struct linnet_event *e)
{
    if (e->id != l->ping_id)
        return true;
    l->ping_id = 0;
    if (linnet_client_is_managed(l->s->client))
        return true; /* then messages are acknowledged one by one */
    while (message_is_pong(e) && l->acked < l->pinged)
        show_acked(l);
    if (!message_is_pong(e))
        l->s->error = *e->error;
    return message_is_pong(e);
}

/* False: it is over, with `error` filled. */
static bool take(struct lines *l, const struct linnet_event *e)
{
    struct session *s = l->s;
    session_show_progress(s, e);
    if (session_gave_up(s, e))
        return false;
    switch (e->kind) {
    case LINNET_EVENT_ACKED:
        show_acked(l);
        return true;
    case LINNET_EVENT_UNDELIVERED:
        failure_set(&s->error, LINNET_ERROR_CONNECTION_LOST,
                    "the connection was lost; message %llu may have arrived or not",
                    (unsigned long long)l->acked + 1);
        return false;
    case LINNET_EVENT_IQ_REPLY:
        return take_pong(l, e);
    case LINNET_EVENT_OFFLINE:
        s->error = *e->error;
        return s->reconnects && linnet_client_is_managed(s->client);
    default:
        return !refused(s, e);
    }
}

static bool is_done(const struct lines *l)
{
    return l->ended && l->acked == l->sent;
}

static enum linnet_error_code run(struct lines *l)
{
    struct session *s = l->s;
    const struct linnet_event *e;
    bool good = true;
    while (good && !is_done(l)) {
        bool full = l->sent - l->acked >= UNDER_WAY_MAX;
        s->input = l->ended || full ? -1 : STDIN_FILENO;
        if (full && !l->ping_id && !(good = ping(l)))
            break;
        switch (session_next(s, &e)) {
        case NEXT_DEADLINE:
            return failure_set(&s->error, LINNET_ERROR_TIMEOUT,
                               "the server confirmed %llu of %llu messages",
                               (unsigned long long)l->acked, (unsigned long long)l->sent);
        case NEXT_INTERRUPTED:
            return s->error.code;
        case NEXT_INPUT:
            good = read_input(l);
            break;
        case NEXT_EVENT:
            good = take(l, e);
            break;
        }
    }
    return good ? LINNET_OK : s->error.code;
}

enum linnet_error_code send_lines(struct session *s)
{
    struct lines l = {.s = s, .held = malloc(MESSAGE_MAX_BYTES + 1)};
    if (!l.held)
        return failure_set(&s->error, LINNET_ERROR_NO_MEMORY, "there is not enough memory");
    enum linnet_error_code code = run(&l);
    free(l.held);
    return code;
}
