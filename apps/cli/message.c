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

/* The forms of a character in UTF-8 (RFC 3629 §4): the range of its first byte, that of its second
 * one, and how many there are. */
static const struct {
    unsigned char first, last, low, high, len;
} forms[] = {
    {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

/* How many bytes the character at `p` has; 0: it is none. */
static size_t character_len(const unsigned char *p, size_t left)
{
    size_t i = 0;
    while (i < sizeof forms / sizeof *forms && (*p < forms[i].first || *p > forms[i].last))
        i++;
    if (i == sizeof forms / sizeof *forms || left < forms[i].len)
        return 0;
    if (forms[i].len > 1 && (p[1] < forms[i].low || p[1] > forms[i].high))
        return 0;
    for (size_t k = 2; k < forms[i].len; k++)
        if (p[k] < 0x80 || p[k] > 0xbf)
            return 0;
    return forms[i].len;
}

static bool is_utf8(const char *text, size_t len)
{
    size_t at = 0, step = 1;
    for (; at < len && step > 0; at += step)
        step = character_len((const unsigned char *)text + at, len - at);
    return step > 0;
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
    if (!is_utf8(body, len))
        return failure_set(error, LINNET_ERROR_USAGE,
                           "the message is not text in UTF-8; iconv can make it that");
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
