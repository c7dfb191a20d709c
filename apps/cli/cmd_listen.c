#include "commands.h"
#include "failure.h"
#include "output.h"
#include "session.h"

#include <string.h>

enum { LOGIN_MS = 60000 };

static void show_listening(const struct session *s, unsigned attempt)
{
    if (s->options->json) {
        json_t *object = output_event("listening");
        output_set(object, "jid", linnet_client_jid(s->client));
        if (attempt)
            json_object_set_new(object, "attempt", json_integer(attempt));
        output_json(object);
    } else if (!s->options->quiet) {
        fputs("Listening as ", stderr);
        output_printable(stderr, linnet_client_jid(s->client));
        fputs(".\n", stderr);
    }
}

/* `attempt`: 0 for the first time. A session that is over already is no failure to one that comes
 * back. */
static enum linnet_error_code announce(struct session *s, unsigned attempt)
{
    struct linnet_element *presence = linnet_presence_new(NULL, NULL);
    enum linnet_error_code code = linnet_client_send(s->client, presence, &s->error);
    linnet_element_free(presence);
    if (code == LINNET_ERROR_OFFLINE && s->reconnects)
        return LINNET_OK;
    if (code != LINNET_OK)
        return code;
    show_listening(s, attempt);
    return LINNET_OK;
}

static void message_json(const struct linnet_element *stanza, const char *type, const char *body)
{
    json_t *object = output_event("message");
    output_set(object, "from", linnet_element_attr(stanza, "from"));
    output_set(object, "to", linnet_element_attr(stanza, "to"));
    output_set(object, "type", type ? type : "normal");
    output_set(object, "id", linnet_element_attr(stanza, "id"));
    json_object_set_new(object, "body", json_string(body));
    output_json(object);
}

static void message_text(const char *from, const char *body)
{
    fputs(output_bold(stdout), stdout);
    output_unambiguous(stdout, from ? from : "the server");
    printf("%s: ", output_plain(stdout));
    output_unambiguous(stdout, body);
    putchar('\n');
    fflush(stdout);
}

/* Prints a message that says something; false for other stanzas. */
static bool show_message(const struct session *s, const struct linnet_element *stanza)
{
    const char *type = linnet_element_attr(stanza, "type");
    const char *body = linnet_message_body(stanza);
    if (linnet_stanza_kind(stanza) != LINNET_STANZA_MESSAGE || !body ||
        (type && strcmp(type, "error") == 0))
        return false;
    if (s->options->json)
        message_json(stanza, type, body);
    else
        message_text(linnet_element_attr(stanza, "from"), body);
    return true;
}

static enum linnet_error_code time_over(struct session *s, unsigned seen)
{
    if (s->options->count == 0)
        return LINNET_OK; /* to listen for that long was what was asked */
    return failure_set(&s->error, LINNET_ERROR_TIMEOUT, "%u of %u messages came in %g s", seen,
                       s->options->count, s->options->timeout_ms / 1000.0);
}

/* Being offline and coming back. Returns false when `event` ends the listening, with `error`
 * filled. */
static bool goes_on(struct session *s, const struct linnet_event *e)
{
    if (session_gave_up(s, e))
        return false;
    switch (e->kind) {
    case LINNET_EVENT_OFFLINE:
        s->error = *e->error;
        return s->reconnects; /* what follows is told next */
    case LINNET_EVENT_ONLINE:
        return announce(s, e->attempt) == LINNET_OK;
    case LINNET_EVENT_RESUMED: /* its presence still stands */
        show_listening(s, e->attempt);
        return true;
    default:
        session_show_progress(s, e);
        return true;
    }
}

static enum linnet_error_code receive(struct session *s)
{
    const struct linnet_event *e;
    unsigned seen = 0;
    for (;;) {
        switch (session_next(s, &e)) {
        case NEXT_DEADLINE:
            return time_over(s, seen);
        case NEXT_INTERRUPTED:
            return s->error.code;
        case NEXT_INPUT:
        case NEXT_EVENT:
            break;
        }
        if (!goes_on(s, e))
            return s->error.code;
        if (e->kind == LINNET_EVENT_STANZA && show_message(s, e->stanza) &&
            ++seen == s->options->count)
            return LINNET_OK;
    }
}

int cmd_listen(const struct options *o)
{
    struct session s;
    struct options own = *o;
    if (own.timeout_ms > LOGIN_MS)
        own.timeout_ms = 0; /* it bounds the listening; a login keeps its usual time */
    session_init(&s, &own, o->verbose ? stderr : NULL);
    enum linnet_error_code code = session_open(&s);
    if (o->timeout_ms)
        s.deadline_ms = session_now_ms() + o->timeout_ms;
    if (code == LINNET_OK)
        code = session_login(&s);
    s.options = o;
    if (code == LINNET_OK)
        code = announce(&s, 0);
    if (code == LINNET_OK)
        code = receive(&s);
    return session_finish(&s, code);
}
