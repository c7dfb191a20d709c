#include "commands.h"
#include "output.h"
#include "session.h"

#include <string.h>

static enum linnet_error_code announce(struct session *s)
{
    struct linnet_element *presence = linnet_presence_new(NULL, NULL);
    enum linnet_error_code code = linnet_client_send(s->client, presence, &s->error);
    linnet_element_free(presence);
    if (code != LINNET_OK)
        return code;
    if (s->options->json) {
        json_t *object = output_event("listening");
        output_set(object, "jid", linnet_client_jid(s->client));
        output_json(object);
    }
    if (!s->options->quiet)
        fprintf(stderr, "listening as %s\n", linnet_client_jid(s->client));
    return LINNET_OK;
}

/* Prints a message that says something; false for other stanzas. */
static bool show_message(const struct session *s, const struct linnet_element *stanza)
{
    const char *from = linnet_element_attr(stanza, "from");
    const char *type = linnet_element_attr(stanza, "type");
    const char *body = linnet_message_body(stanza);
    if (linnet_stanza_kind(stanza) != LINNET_STANZA_MESSAGE || !body ||
        (type && strcmp(type, "error") == 0))
        return false;
    if (s->options->json) {
        json_t *object = output_event("message");
        output_set(object, "from", from);
        output_set(object, "to", linnet_element_attr(stanza, "to"));
        output_set(object, "type", type ? type : "normal");
        output_set(object, "id", linnet_element_attr(stanza, "id"));
        json_object_set_new(object, "body", json_string(body));
        output_json(object);
        return true;
    }
    printf("%s", output_bold(stdout));
    output_printable(stdout, from ? from : "the server");
    printf("%s: ", output_plain(stdout));
    output_printable(stdout, body);
    putchar('\n');
    fflush(stdout);
    return true;
}

static enum linnet_error_code too_few(struct session *s, unsigned seen)
{
    if (s->options->count == 0)
        return LINNET_OK; /* to listen for that long was what was asked */
    return failure(&s->error, LINNET_ERROR_TIMEOUT, "%u of %u messages came in the time given.",
                   seen, s->options->count);
}

static enum linnet_error_code receive(struct session *s)
{
    const struct linnet_event *e;
    unsigned seen = 0;
    for (;;) {
        switch (session_next(s, &e)) {
        case NEXT_DEADLINE:
            return too_few(s, seen);
        case NEXT_INTERRUPTED:
            return s->error.code;
        case NEXT_EVENT:
            break;
        }
        if (e->kind == LINNET_EVENT_OFFLINE) {
            s->error = *e->error;
            return s->error.code ? s->error.code
                                 : failure(&s->error, LINNET_ERROR_CONNECTION_LOST,
                                           "The server closed the stream.");
        }
        if (e->kind == LINNET_EVENT_STANZA && show_message(s, e->stanza) &&
            ++seen == s->options->count)
            return LINNET_OK;
    }
}

int cmd_listen(const struct options *o)
{
    struct session s = {.show_stages = o->verbose && !o->json};
    struct options own = *o;
    if (o->timeout_ms)
        s.deadline_ms = session_now_ms() + o->timeout_ms;
    if (own.timeout_ms > 60000)
        own.timeout_ms = 0; /* it bounds the listening; a login keeps its usual time */
    enum linnet_error_code code = session_login(&s, &own);
    if (code == LINNET_OK)
        code = announce(&s);
    if (code == LINNET_OK)
        code = receive(&s);
    if (code == LINNET_ERROR_INTERRUPTED && o->count == 0 && !o->json)
        fputc('\n', stderr); /* Ctrl-C is how one leaves */
    else if (code != LINNET_OK)
        output_failure(o, &s.error);
    session_finish(&s, code);
    return code;
}
