#include "client/recorder.h"

#include <stdarg.h>
#include <stdio.h>

void recorder_init(struct recorder *r)
{
    *r = (struct recorder){0};
    buf_init(&r->lines, RECORDER_BYTES, false);
}

void recorder_finish(struct recorder *r)
{
    buf_finish(&r->lines);
}

void recorder_start(struct recorder *r, uint64_t now_ms)
{
    buf_reset(&r->lines);
    r->start_ms = now_ms;
    r->lost_bytes = 0;
}

/* Drops whole lines from the front until `len` more bytes fit. */
static void make_room(struct recorder *r, size_t len)
{
    while (buf_len(&r->lines) > 0 && buf_len(&r->lines) + len > RECORDER_BYTES) {
        struct str held = buf_peek(&r->lines);
        const char *end = memchr(held.ptr, '\n', held.len);
        size_t line = end ? (size_t)(end - held.ptr) + 1 : held.len;
        buf_consume(&r->lines, line);
        r->lost_bytes += line;
    }
}

static void add_line(struct recorder *r, uint64_t now_ms, const char *prefix, struct str text)
{
    char stamp[40];
    int stamp_len = snprintf(stamp, sizeof stamp, "%7llu ms  %s",
                             (unsigned long long)(now_ms - r->start_ms), prefix);
    bool cut = text.len > RECORDER_LINE_BYTES;
    if (cut)
        text.len = RECORDER_LINE_BYTES;
    make_room(r, (size_t)stamp_len + text.len + 8);
    buf_append(&r->lines, stamp, (size_t)stamp_len);
    for (size_t i = 0; i < text.len; i++)
        buf_byte(&r->lines,
                 (uint8_t)(text.ptr[i] == '\n' || text.ptr[i] == '\r' ? ' ' : text.ptr[i]));
    buf_cstr(&r->lines, cut ? " [cut]\n" : "\n");
    r->lines.failed = false; /* a gap */
}

void recorder_printf(struct recorder *r, uint64_t now_ms, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (len < 0)
        return;
    size_t shown = (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
    add_line(r, now_ms, "", str_of(text, shown));
}

/* Whether an item of the wire could hold a secret: all of SASL, accounts and tokens. */
static bool may_be_secret(struct str xml)
{
    static const char *const marks[] = {
        "xmpp-sasl'",         "xmpp-sasl\"",    "urn:xmpp:sasl:", "jabber:iq:auth",
        "jabber:iq:register", "urn:xmpp:fast:", "urn:xmpp:pars:", "jabber:x:data"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (memmem(xml.ptr, xml.len, marks[i], strlen(marks[i])))
            return true;
    return false;
}

void recorder_wire(struct recorder *r, uint64_t now_ms, bool sent, struct str xml, bool masked)
{
    const char *prefix = sent ? "C: " : "S: ";
    const char *tag_end = xml.len ? memchr(xml.ptr, '>', xml.len) : NULL;
    bool features = xml.len > 16 && memcmp(xml.ptr, "<stream:features", 16) == 0;
    if (masked || features || !tag_end || !may_be_secret(xml)) {
        add_line(r, now_ms, prefix, xml);
        return;
    }
    /* The name says enough: attributes may hold a token. */
    size_t name = 0;
    while (name < xml.len && !strchr(" >/", xml.ptr[name]))
        name++;
    char text[80];
    snprintf(text, sizeof text, "%.*s>***", (int)(name < 64 ? name : 64), xml.ptr);
    add_line(r, now_ms, prefix, str_from(text));
}

void recorder_error(struct recorder *r, uint64_t now_ms, const struct linnet_error *error)
{
    const struct linnet_error_info *info = linnet_error_info(error->code);
    recorder_printf(r, now_ms, "failed at stage \"%s\": %s, found by %s: %s",
                    linnet_stage_name(error->stage), info ? info->id : "?",
                    linnet_origin_name(error->origin), error->sentence);
    if (error->condition[0] && error->peer_text[0])
        recorder_printf(r, now_ms, "the peer said: %s \"%s\"", error->condition, error->peer_text);
    else if (error->condition[0])
        recorder_printf(r, now_ms, "the peer said: %s", error->condition);
    else if (error->peer_text[0])
        recorder_printf(r, now_ms, "the peer said: \"%s\"", error->peer_text);
}

char *recorder_text(const struct recorder *r)
{
    struct buf all;
    buf_init(&all, 0, false);
    if (r->lost_bytes)
        buf_printf(&all, "(%zu bytes of older lines made room)\n", r->lost_bytes);
    buf_str(&all, buf_peek(&r->lines));
    char *text = buf_take_cstr(&all);
    buf_finish(&all);
    return text;
}
