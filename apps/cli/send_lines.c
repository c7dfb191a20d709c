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
    UNDER_WAY_MAX = 500, /* unacknowledged: nothing more is sent, nor read */
    END_MS = 60000       /* after the last line */
};

struct lines {
    struct session *s;
    char *held; /* what was read and is not sent */
    size_t held_len;
    uint64_t line;        /* of the input, the last that was taken */
    uint64_t sent, acked; /* messages */
    uint64_t line_of[UNDER_WAY_MAX];
    char id[LINNET_ID_SIZE]; /* what ids begin with; a - and the line follow */
    uint64_t ping_id;        /* under way; 0: none */
    uint64_t pinged;         /* how many messages were sent before it */
    bool ended;              /* the input */
    bool asked;              /* and the last ping was sent behind it */
    bool settled;            /* the server has everything: only an error may still come */
};

static bool is_full(const struct lines *l)
{
    return l->sent - l->acked >= UNDER_WAY_MAX;
}

/* ---- out ---- */

/* The text is checked before; a line that cannot be sent is named. */
static bool check_line(struct lines *l, const char *text, size_t len)
{
    struct linnet_error why;
    if (message_check(text, len, &why) == LINNET_OK)
        return true;
    failure_set(&l->s->error, why.code, "line %llu: %s", (unsigned long long)l->line, why.sentence);
    return false;
}

static bool send_text(struct lines *l, const char *body)
{
    struct session *s = l->s;
    uint64_t id;
    char name[LINNET_ID_SIZE + 24];
    struct linnet_element *m = linnet_message_new(s->options->to, "chat", body);
    snprintf(name, sizeof name, "%s-%llu", l->id, (unsigned long long)l->line);
    linnet_element_set(m, "id", name);
    bool good = linnet_client_send_tracked(s->client, m, &id, &s->error) == LINNET_OK;
    linnet_element_free(m);
    return good;
}

static bool send_line(struct lines *l, const char *text, size_t len)
{
    l->line++;
    if (len == 0) /* there are no empty messages */
        return true;
    char *body = check_line(l, text, len) ? strndup(text, len) : NULL;
    bool good = body && send_text(l, body);
    free(body);
    if (good)
        l->line_of[l->sent++ % UNDER_WAY_MAX] = l->line;
    return good;
}

/* The server answers when it has worked through everything; where it acknowledges nothing, that is
 * all there is to know. */
static bool ping(struct lines *l)
{
    l->pinged = l->sent;
    return message_ping(l->s, &l->ping_id) == LINNET_OK;
}

/* The whole lines that are held, as many as may be under way. Behind the last of all it is asked
 * whether everything came. */
static bool send_held(struct lines *l)
{
    char *from = l->held, *end = l->held + l->held_len, *line_end;
    while (!is_full(l) && (line_end = memchr(from, '\n', (size_t)(end - from)))) {
        if (!send_line(l, from, (size_t)(line_end - from)))
            return false;
        from = line_end + 1;
    }
    l->held_len = (size_t)(end - from);
    memmove(l->held, from, l->held_len);
    if (!l->ended || l->held_len > 0 || l->asked)
        return !is_full(l) || l->ping_id || ping(l);
    l->asked = true;
    return ping(l);
}

/* ---- the input ---- */

static void finish_input(struct lines *l)
{
    struct session *s = l->s;
    l->ended = true;
    s->deadline_ms = session_now_ms() + (s->options->timeout_ms ? s->options->timeout_ms : END_MS);
    if (l->held_len > 0 && l->held[l->held_len - 1] != '\n')
        l->held[l->held_len++] = '\n';
}

static bool read_input(struct lines *l)
{
    if (l->held_len > MESSAGE_MAX_BYTES) {
        l->line++;
        return check_line(l, l->held, l->held_len);
    }
    ssize_t got = read(STDIN_FILENO, l->held + l->held_len, MESSAGE_MAX_BYTES + 1 - l->held_len);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (got < 0) {
        failure_set(&l->s->error, LINNET_ERROR_USAGE, "standard input cannot be read: %s",
                    strerror(errno));
        return false;
    }
    if (got == 0)
        finish_input(l);
    l->held_len += (size_t)got;
    return true;
}

/* ---- in ---- */

static void show_acked(struct lines *l)
{
    uint64_t line = l->line_of[l->acked++ % UNDER_WAY_MAX];
    if (!l->s->options->json)
        return;
    json_t *object = output_event("sent");
    output_set(object, "to", l->s->options->to);
    json_object_set_new(object, "number", json_integer((json_int_t)l->acked));
    json_object_set_new(object, "line", json_integer((json_int_t)line));
    output_json(object);
}

static void show_refused(const struct lines *l, uint64_t line)
{
    if (l->s->options->json) {
        json_t *object = output_event("refused");
        json_object_set_new(object, "line", json_integer((json_int_t)line));
        output_json(object);
    } else {
        fprintf(stderr, "linnet: line %llu was refused\n", (unsigned long long)line);
    }
}

/* An error that comes back for one of our lines. */
static bool refused(struct lines *l, const struct linnet_event *e)
{
    const char *id = e->stanza ? linnet_element_attr(e->stanza, "id") : NULL;
    size_t len = strlen(l->id);
    if (e->kind != LINNET_EVENT_STANZA || !id || strncmp(id, l->id, len) != 0 || id[len] != '-' ||
        !linnet_stanza_error(e->stanza, &l->s->error))
        return false;
    show_refused(l, strtoull(id + len + 1, NULL, 10));
    return true;
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
                    "the connection was lost; line %llu may have arrived or not",
                    (unsigned long long)l->line_of[l->acked % UNDER_WAY_MAX]);
        return false;
    case LINNET_EVENT_IQ_REPLY:
        return take_pong(l, e);
    case LINNET_EVENT_OFFLINE:
        s->error = *e->error;
        return s->reconnects && linnet_client_is_managed(s->client);
    default:
        return !refused(l, e);
    }
}

/* ---- how it ended ---- */

/* What nobody has confirmed, in one piece: acknowledgements come in order. */
static void show_unconfirmed(const struct lines *l)
{
    uint64_t first = l->line_of[l->acked % UNDER_WAY_MAX];
    uint64_t last = l->line_of[(l->sent - 1) % UNDER_WAY_MAX];
    if (l->acked == l->sent)
        return;
    if (l->s->options->json) {
        json_t *object = output_event("unconfirmed");
        json_object_set_new(object, "first_line", json_integer((json_int_t)first));
        json_object_set_new(object, "last_line", json_integer((json_int_t)last));
        output_json(object);
    } else if (first == last) {
        fprintf(stderr, "linnet: line %llu is not confirmed\n", (unsigned long long)first);
    } else {
        fprintf(stderr, "linnet: lines %llu to %llu are not confirmed\n", (unsigned long long)first,
                (unsigned long long)last);
    }
}

static void show_done(const struct lines *l)
{
    const struct options *o = l->s->options;
    if (o->json || o->quiet)
        return;
    printf("Sent %llu message%s to ", (unsigned long long)l->sent, l->sent == 1 ? "" : "s");
    output_printable(stdout, o->to);
    puts(".");
}

/* ---- the whole ---- */

static void settle(struct lines *l)
{
    if (l->settled || !l->asked || l->ping_id || l->acked < l->sent)
        return;
    l->settled = true;
    l->s->deadline_ms = session_now_ms() + MESSAGE_GRACE_MS;
}

static enum linnet_error_code run(struct lines *l)
{
    struct session *s = l->s;
    const struct linnet_event *e;
    bool good = true;
    while (good && (good = send_held(l))) {
        settle(l);
        s->input = l->ended || is_full(l) ? -1 : STDIN_FILENO;
        switch (session_next(s, &e)) {
        case NEXT_DEADLINE:
            if (l->settled)
                return LINNET_OK;
            return failure_set(&s->error, LINNET_ERROR_TIMEOUT,
                               "the server confirmed %llu of %llu messages",
                               (unsigned long long)l->acked, (unsigned long long)l->sent);
        case NEXT_INTERRUPTED:
            return s->error.code;
        case NEXT_INPUT:
            good = read_input(l);
            break;
        case NEXT_EVENT:
            good = l->settled ? !refused(l, e) : take(l, e);
            break;
        }
    }
    return s->error.code;
}

enum linnet_error_code send_lines(struct session *s)
{
    struct lines l = {.s = s, .held = malloc(MESSAGE_MAX_BYTES + 1)};
    if (!l.held)
        return failure_set(&s->error, LINNET_ERROR_NO_MEMORY, "there is not enough memory");
    linnet_client_make_id(s->client, l.id);
    enum linnet_error_code code = run(&l);
    free(l.held);
    if (code == LINNET_OK)
        show_done(&l);
    else
        show_unconfirmed(&l);
    return code;
}
