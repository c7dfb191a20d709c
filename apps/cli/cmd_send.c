#include "commands.h"
#include "failure.h"
#include "message.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

enum { LOGIN_MS = 60000, SEND_MS = 60000 };

/* Standard input whole, without its last line end; NULL when out of memory. */
static char *read_body(size_t *ret_len)
{
    char *body = malloc(MESSAGE_MAX_BYTES + 2);
    if (!body)
        return NULL;
    size_t len = fread(body, 1, MESSAGE_MAX_BYTES + 2, stdin);
    len -= len > 0 && body[len - 1] == '\n';
    *ret_len = len;
    return body;
}

static char *get_body(const struct options *o, struct linnet_error *error)
{
    size_t len = o->message ? strlen(o->message) : 0;
    char *body = o->message ? strdup(o->message) : read_body(&len);
    if (!body)
        failure_set(error, LINNET_ERROR_NO_MEMORY, "there is not enough memory for the message");
    else if (!o->message && ferror(stdin))
        failure_set(error, LINNET_ERROR_USAGE, "standard input cannot be read");
    else if (message_check(body, len, error) == LINNET_OK) {
        body[len] = '\0';
        return body;
    }
    free(body);
    return NULL;
}

static bool refuses(const struct linnet_event *e, const char *id, struct linnet_error *error)
{
    const char *its = e->stanza ? linnet_element_attr(e->stanza, "id") : NULL;
    return e->kind == LINNET_EVENT_STANZA && its && strcmp(its, id) == 0 &&
           linnet_stanza_error(e->stanza, error);
}

/* One message on its way. */
struct sending {
    const char *id;
    uint64_t tracked_id, ping_id;
    bool acked, ponged;
};

/* The end of the session is not the end of the message if the session is kept. */
static bool goes_on(struct session *s, const struct linnet_event *e)
{
    if (session_gave_up(s, e))
        return false;
    if (e->kind != LINNET_EVENT_OFFLINE && e->kind != LINNET_EVENT_UNDELIVERED)
        return true;
    if (e->error)
        s->error = *e->error;
    if (e->kind == LINNET_EVENT_UNDELIVERED)
        failure_set(&s->error, LINNET_ERROR_CONNECTION_LOST,
                    "the connection was lost; the message may have arrived or not");
    return e->kind == LINNET_EVENT_OFFLINE && s->reconnects && linnet_client_is_managed(s->client);
}

/* What an event says of it. False: that it failed, with `error` filled. */
static bool take(struct session *s, struct sending *m, const struct linnet_event *e)
{
    if (refuses(e, m->id, &s->error) || !goes_on(s, e))
        return false;
    m->acked |= e->kind == LINNET_EVENT_ACKED && e->id == m->tracked_id;
    if (e->kind != LINNET_EVENT_IQ_REPLY || e->id != m->ping_id)
        return true;
    m->ponged = message_is_pong(e);
    if (!m->ponged)
        s->error = *e->error;
    return m->ponged;
}

/* The server has it, as far as it can say. */
static bool is_taken(const struct session *s, const struct sending *m)
{
    return m->ponged && (m->acked || !linnet_client_is_managed(s->client));
}

static enum linnet_error_code await_taken(struct session *s, struct sending *m)
{
    const struct linnet_event *e;
    bool taken = false;
    s->deadline_ms = session_now_ms() + (s->options->timeout_ms ? s->options->timeout_ms : SEND_MS);
    for (;;) {
        switch (session_next(s, &e)) {
        case NEXT_DEADLINE:
            return taken ? LINNET_OK
                         : failure_set(&s->error, LINNET_ERROR_TIMEOUT,
                                       "the server did not confirm the message in time");
        case NEXT_INTERRUPTED:
            return s->error.code;
        case NEXT_INPUT:
        case NEXT_EVENT:
            break;
        }
        if (!take(s, m, e))
            return s->error.code;
        if (!taken && is_taken(s, m)) {
            taken = true;
            s->deadline_ms = session_now_ms() + MESSAGE_GRACE_MS;
        }
    }
}

static enum linnet_error_code send_message(struct session *s, const char *body)
{
    char id[LINNET_ID_SIZE];
    struct sending m = {.id = id};
    struct linnet_element *message = linnet_message_new(s->options->to, "chat", body);
    linnet_client_make_id(s->client, id);
    linnet_element_set(message, "id", id);
    enum linnet_error_code code =
        linnet_client_send_tracked(s->client, message, &m.tracked_id, &s->error);
    linnet_element_free(message);
    if (code == LINNET_OK)
        code = message_ping(s, &m.ping_id);
    if (code == LINNET_OK)
        code = await_taken(s, &m);
    if (code != LINNET_OK)
        return code;
    if (s->options->json) {
        json_t *object = output_event("sent");
        output_set(object, "to", s->options->to);
        output_set(object, "id", id);
        output_json(object);
    } else if (!s->options->quiet) {
        fputs("Sent to ", stdout);
        output_printable(stdout, s->options->to);
        puts(".");
    }
    return LINNET_OK;
}

int cmd_send(const struct options *o)
{
    struct session s;
    struct linnet_jid *to;
    char *body = NULL;
    session_init(&s, o, o->verbose ? stderr : NULL);
    enum linnet_error_code code = linnet_jid_new(o->to, &to, &s.error);
    linnet_jid_free(to);
    if (code == LINNET_OK && o->lines && o->message)
        code = failure_set(&s.error, LINNET_ERROR_USAGE,
                           "--lines takes its messages from standard input, and -m is one");
    if (code == LINNET_OK)
        code = session_open(&s); /* the password comes first where both come from one descriptor */
    if (code == LINNET_OK && !o->lines && !(body = get_body(o, &s.error)))
        code = s.error.code;
    if (s.reconnects)
        s.deadline_ms = session_now_ms() + (o->timeout_ms ? o->timeout_ms : LOGIN_MS);
    if (code == LINNET_OK)
        code = session_login(&s);
    s.deadline_ms = 0;
    if (code == LINNET_OK)
        code = o->lines ? send_lines(&s) : send_message(&s, body);
    free(body);
    return session_finish(&s, code);
}
