#include "server/c2s/login_trace.h"

#include "base/printable.h"
#include "server/memory.h"

enum { MARK_BYTES = 64, TAIL_BYTES = LOGIN_TRACE_BYTES - LOGIN_TRACE_HEAD_BYTES - MARK_BYTES };

void login_trace_finish(struct login_trace *t)
{
    buf_finish(&t->head);
    buf_finish(&t->tail);
}

/* The first `max` bytes of `text`, no character cut in two. */
static struct str cut(struct str text, size_t max)
{
    if (text.len <= max)
        return text;
    while (max > 0 && ((unsigned char)text.ptr[max] & 0xc0) == 0x80)
        max--;
    return str_of(text.ptr, max);
}

/* How much at its begin is ASCII that is shown as it is: nearly all there is. */
static size_t plain_len(struct str text)
{
    size_t len = 0;
    while (len < text.len && text.ptr[len] >= ' ' && text.ptr[len] <= '~')
        len++;
    return len;
}

/* Whoever reads it sees a line for each item, and nothing that a terminal or a page would obey. */
static void print_shown(struct buf *out, struct str text)
{
    while (text.len > 0) {
        char instead = '\0';
        size_t len = plain_len(text);
        if (len == 0)
            len = printable_next(text, &instead);
        buf_str(out, instead ? str_of(&instead, 1) : str_of(text.ptr, len));
        text = str_of(text.ptr + len, text.len - len);
    }
}

static void print_line(struct buf *out, uint32_t at_ms, bool sent, struct str xml)
{
    struct str shown = cut(xml, LOGIN_TRACE_LINE_BYTES);
    buf_printf(out, "%6u ms  %s: ", at_ms, sent ? "S" : "C");
    print_shown(out, shown);
    buf_cstr(out, shown.len < xml.len ? " [cut]\n" : "\n");
}

static void lose_line(struct login_trace *t)
{
    struct str held = buf_peek(&t->tail);
    const char *end = memchr(held.ptr, '\n', held.len);
    buf_consume(&t->tail, (size_t)(end - held.ptr) + 1); /* each line was given its end */
    t->lost_lines++;
}

void login_trace_add(struct login_trace *t, uint32_t at_ms, bool sent, struct str xml)
{
    struct buf line = {0};
    print_line(&line, at_ms, sent, xml);
    size_t len = buf_len(&line);
    bool begins = buf_len(&t->tail) == 0 && t->lost_lines == 0 &&
                  buf_len(&t->head) + len <= LOGIN_TRACE_HEAD_BYTES;
    while (!begins && buf_len(&t->tail) + len > TAIL_BYTES)
        lose_line(t);
    buf_str(begins ? &t->head : &t->tail, buf_peek(&line));
    if (line.failed || t->head.failed || t->tail.failed)
        memory_exhausted();
    buf_finish(&line);
}

void login_trace_close(struct login_trace *t)
{
    buf_fit(&t->head);
    buf_fit(&t->tail);
}

size_t login_trace_bytes(const struct login_trace *t)
{
    return buf_len(&t->head) + buf_len(&t->tail) + (t->lost_lines ? MARK_BYTES : 0);
}

void login_trace_print(const struct login_trace *t, struct buf *out)
{
    buf_str(out, buf_peek(&t->head));
    if (t->lost_lines)
        buf_printf(out, "           ... %u lines were left out here ...\n", t->lost_lines);
    buf_str(out, buf_peek(&t->tail));
}
