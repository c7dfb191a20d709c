#include "commands.h"
#include "failure.h"
#include "output.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

enum {
    BODY_MAX_BYTES = 200000, /* what fits into one stanza of a usual server */
    LOGIN_MS = 60000,
    ERROR_GRACE_MS = 150 /* for an error that overtakes nothing: it comes from elsewhere */
};

/* The first character that XML 1.0 does not allow (§2.2: Char), or UINT32_MAX. */
static uint32_t find_forbidden(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 && !memchr("\t\n\r", c, 3))
            return c;
        if (c == 0xef && len - i > 2 && memcmp(text + i, "\xef\xbf\xbe", 2) == 0 &&
            (unsigned char)text[i + 2] >= 0xbe)
            return (unsigned char)text[i + 2] == 0xbe ? 0xfffe : 0xffff;
    }
    return UINT32_MAX;
}

static enum linnet_error_code check_body(const char *body, size_t len, struct linnet_error *error)
{
    uint32_t forbidden = find_forbidden(body, len);
    if (len > BODY_MAX_BYTES)
        return failure_set(error, LINNET_ERROR_USAGE, "the message is longer than %d bytes",
                           BODY_MAX_BYTES);
    if (len == 0)
        return failure_set(error, LINNET_ERROR_USAGE, "the message is empty");
    if (forbidden != UINT32_MAX)
        return failure_set(error, LINNET_ERROR_USAGE,
                           "the message holds a character that XMPP cannot carry (U+%04X)",
                           (unsigned)forbidden);
    return LINNET_OK;
}

/* Standard input whole, without its last line end; NULL when out of memory. */
static char *read_body(size_t *ret_len)
{
    char *body = malloc(BODY_MAX_BYTES + 2);
    if (!body)
        return NULL;
    size_t len = fread(body, 1, BODY_MAX_BYTES + 2, stdin);
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
    else if (check_body(body, len, error) == LINNET_OK) {
        body[len] = '\0';
        return body;
    }
    free(body);
    return NULL;
}

/* The server has worked through all that it got before a ping when it answers it (XEP-0199), since
 * stanzas keep their order (RFC 6120 §10.1). */
static enum linnet_error_code ping(struct session *s, uint64_t *ret_id)
{
    struct linnet_element *iq = linnet_iq_new(NULL, "get");
    linnet_element_add(iq, "urn:xmpp:ping", "ping");
    enum linnet_error_code code =
        linnet_client_iq(s->client, iq, s->options->timeout_ms, ret_id, &s->error);
    linnet_element_free(iq);
    return code;
}

static bool refuses(const struct linnet_event *e, const char *id, struct linnet_error *error)
{
    const char *its = e->stanza ? linnet_element_attr(e->stanza, "id") : NULL;
    return e->kind == LINNET_EVENT_STANZA && its && strcmp(its, id) == 0 &&
           linnet_stanza_error(e->stanza, error);
}

static enum linnet_error_code await_taken(struct session *s, const char *id, uint64_t ping_id)
{
    const struct linnet_event *e;
    for (;;) {
        switch (session_next(s, &e)) {
        case NEXT_DEADLINE:
            return LINNET_OK;
        case NEXT_INTERRUPTED:
            return s->error.code;
        case NEXT_EVENT:
            break;
        }
        if (refuses(e, id, &s->error))
            return s->error.code;
        if (e->kind == LINNET_EVENT_OFFLINE) {
            s->error = *e->error;
            return s->error.code;
        }
        if (e->kind != LINNET_EVENT_IQ_REPLY || e->id != ping_id)
            continue;
        /* An error that answers the ping answers it as well; silence does not. */
        if (e->error && e->error->code == LINNET_ERROR_TIMEOUT) {
            s->error = *e->error;
            return s->error.code;
        }
        s->deadline_ms = session_now_ms() + ERROR_GRACE_MS;
    }
}

static enum linnet_error_code send_message(struct session *s, const char *body)
{
    char id[LINNET_ID_SIZE];
    uint64_t ping_id;
    struct linnet_element *message = linnet_message_new(s->options->to, "chat", body);
    linnet_client_make_id(s->client, id);
    linnet_element_set(message, "id", id);
    enum linnet_error_code code = linnet_client_send(s->client, message, &s->error);
    linnet_element_free(message);
    if (code == LINNET_OK)
        code = ping(s, &ping_id);
    if (code == LINNET_OK)
        code = await_taken(s, id, ping_id);
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
    if (code == LINNET_OK)
        code = session_open(&s); /* the password comes first where both come from one descriptor */
    if (code == LINNET_OK && !(body = get_body(o, &s.error)))
        code = s.error.code;
    /* Only logins are repeated: a message that was written may have arrived. */
    if (s.reconnects)
        s.deadline_ms = session_now_ms() + (o->timeout_ms ? o->timeout_ms : LOGIN_MS);
    if (code == LINNET_OK)
        code = session_login(&s);
    s.deadline_ms = 0;
    if (code == LINNET_OK)
        code = send_message(&s, body);
    free(body);
    return session_finish(&s, code);
}
