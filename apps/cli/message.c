#include "message.h"

#include "failure.h"

#include <string.h>

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

enum linnet_error_code message_check(const char *body, size_t len, struct linnet_error *error)
{
    uint32_t forbidden = find_forbidden(body, len);
    if (len > MESSAGE_MAX_BYTES)
        return failure_set(error, LINNET_ERROR_USAGE, "the message is longer than %d bytes",
                           MESSAGE_MAX_BYTES);
    if (len == 0)
        return failure_set(error, LINNET_ERROR_USAGE, "the message is empty");
    if (forbidden != UINT32_MAX)
        return failure_set(error, LINNET_ERROR_USAGE,
                           "the message holds a character that XMPP cannot carry (U+%04X)",
                           (unsigned)forbidden);
    return LINNET_OK;
}

enum linnet_error_code message_ping(struct session *s, uint64_t *ret_id)
{
    struct linnet_element *iq = linnet_iq_new(NULL, "get");
    linnet_element_add(iq, "urn:xmpp:ping", "ping");
    enum linnet_error_code code =
        linnet_client_iq(s->client, iq, s->options->timeout_ms, ret_id, &s->error);
    linnet_element_free(iq);
    return code;
}

bool message_is_pong(const struct linnet_event *reply)
{
    return !reply->error || reply->error->code == LINNET_ERROR_STANZA;
}
