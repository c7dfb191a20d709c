#include "base/error.h"

#include "base/printable.h"

#include <stdarg.h>

enum { MAX_PAIRS = 12 };

#define ELLIPSIS "\xe2\x80\xa6"

/* --- text ------------------------------------------------------------------------------------ */

/* Copies what fits of `text` in `room` bytes; returns its length. With `out` NULL it measures. */
static size_t copy_printable(char *out, size_t room, struct str text)
{
    size_t used = 0, whole = 0, i = 0;
    while (i < text.len) {
        char instead;
        size_t len = printable_next(str_of(text.ptr + i, text.len - i), &instead);
        size_t need = instead ? 1 : len;
        if (used + need > room)
            break;
        if (out && instead)
            out[used] = instead;
        else if (out)
            memcpy(out + used, text.ptr + i, need);
        used += need;
        i += len;
        if (used + strlen(ELLIPSIS) <= room)
            whole = used;
    }
    if (i == text.len || room < strlen(ELLIPSIS))
        return used;
    if (out)
        memcpy(out + whole, ELLIPSIS, strlen(ELLIPSIS));
    return whole + strlen(ELLIPSIS);
}

void error_copy_text(char *out, size_t out_size, struct str text)
{
    if (out_size > 0)
        out[copy_printable(out, out_size - 1, text)] = '\0';
}

/* --- parameters ------------------------------------------------------------------------------ */

static const char *param_find(const char *params, struct str name)
{
    while (*params) {
        const char *value = params + strlen(params) + 1;
        if (str_is(name, params))
            return value;
        params = value + strlen(value) + 1;
    }
    return NULL;
}

const char *linnet_error_param(const struct linnet_error *error, const char *name)
{
    return param_find(error->params, str_from(name));
}

struct pair {
    struct str name, value;
    size_t size; /* of the value, printable */
};

/* The most bytes that a value may take, so that all of them fit into `room`: short values stay
 * whole and the long ones share what is left, so none is pushed out by a hostile neighbour. */
static size_t fair_share(const struct pair *pairs, size_t count, size_t room)
{
    size_t share = 0, settled = 0, settled_bytes = 0;
    for (;;) {
        share = count > settled ? (room - settled_bytes) / (count - settled) : room;
        size_t now = 0, bytes = 0;
        for (size_t i = 0; i < count; i++) {
            if (pairs[i].size <= share) {
                now++;
                bytes += pairs[i].size;
            }
        }
        if (now == settled)
            return share;
        settled = now;
        settled_bytes = bytes;
    }
}

static void params_write(char *out, size_t out_size, const struct pair *pairs, size_t count)
{
    size_t fixed = 1, used = 0;
    for (size_t i = 0; i < count; i++)
        fixed += pairs[i].name.len + 2;
    size_t share = fixed < out_size ? fair_share(pairs, count, out_size - fixed) : 0;
    for (size_t i = 0; share > 0 && i < count; i++) {
        memcpy(out + used, pairs[i].name.ptr, pairs[i].name.len + 1);
        used += pairs[i].name.len + 1;
        used += copy_printable(out + used, share, pairs[i].value);
        out[used++] = '\0';
    }
    out[used] = '\0';
}

/* --- sentences ------------------------------------------------------------------------------- */

struct render {
    const char *params;
    char *out;
    size_t used, room;
};

static void put(struct render *r, struct str s)
{
    size_t room = r->room - r->used, len = copy_printable(r->out + r->used, room, s);
    r->used += len;
    if (copy_printable(NULL, SIZE_MAX, s) > room)
        r->room = r->used; /* nothing follows a cut */
}

static bool sentence_ended(const struct render *r)
{
    return r->used > 0 && strchr(".!?", r->out[r->used - 1]);
}

/* Whether every parameter of `piece` has a value. */
static bool piece_complete(const struct render *r, struct str piece)
{
    const char *end = piece.ptr + piece.len;
    for (const char *p = piece.ptr; p < end; p++) {
        if (*p != '{')
            continue;
        const char *close = memchr(p, '}', (size_t)(end - p));
        if (!close || !param_find(r->params, str_of(p + 1, (size_t)(close - p - 1))))
            return false;
        p = close;
    }
    return true;
}

/* Writes a piece that holds no brackets. */
static void put_piece(struct render *r, struct str piece)
{
    const char *p = piece.ptr, *end = piece.ptr + piece.len;
    while (p < end) {
        const char *open = memchr(p, '{', (size_t)(end - p));
        const char *close = open ? memchr(open, '}', (size_t)(end - open)) : NULL;
        struct str plain = str_of(p, (size_t)((close ? open : end) - p));
        if (plain.len > 0 && plain.ptr[0] == '.' && sentence_ended(r))
            plain = str_of(plain.ptr + 1, plain.len - 1);
        put(r, plain);
        if (!close)
            return;
        put(r, str_from(param_find(r->params, str_of(open + 1, (size_t)(close - open - 1)))));
        p = close + 1;
    }
}

/* Writes the first complete alternative of "a|b|c". */
static void put_choice(struct render *r, struct str choice)
{
    while (choice.ptr) {
        const char *bar = memchr(choice.ptr, '|', choice.len);
        struct str first = str_of(choice.ptr, bar ? (size_t)(bar - choice.ptr) : choice.len);
        if (piece_complete(r, first)) {
            put_piece(r, first);
            return;
        }
        choice = bar ? str_of(bar + 1, choice.len - first.len - 1) : STR_NONE;
    }
}

void error_render(const char *sentence, const char *params, char *out, size_t out_size)
{
    struct render r = {.params = params, .out = out, .room = out_size - 1};
    for (const char *p = sentence; *p;) {
        size_t len = strcspn(p, "[");
        put_piece(&r, str_of(p, len));
        p += len;
        const char *close = *p ? strchr(p, ']') : NULL;
        if (!close)
            break;
        put_choice(&r, str_of(p + 1, (size_t)(close - p - 1)));
        p = close + 1;
    }
    out[r.used] = '\0';
}

void linnet_error_sentence(const struct linnet_error *error, char *out, size_t out_size)
{
    const struct linnet_error_info *row = linnet_error_info(error->code);
    if (out_size > 0)
        error_render(row ? row->sentence : "", error->params, out, out_size);
}

/* --- one failure ----------------------------------------------------------------------------- */

static size_t pairs_read(struct pair pairs[MAX_PAIRS], va_list ap)
{
    size_t count = 0;
    const char *name;
    while (count < MAX_PAIRS && (name = va_arg(ap, const char *))) {
        const char *value = va_arg(ap, const char *);
        if (!value || !*value)
            continue;
        struct pair p = {str_from(name), str_from(value), 0};
        p.size = copy_printable(NULL, SIZE_MAX, p.value);
        pairs[count++] = p;
    }
    return count;
}

enum linnet_error_code error_set(struct linnet_error *error, enum linnet_error_code code,
                                 enum linnet_origin origin, ...)
{
    if (!error)
        return code;
    /* Built aside: a value may be a parameter of the failure that is replaced. */
    struct linnet_error next = {.code = code, .stage = error->stage, .origin = origin};
    struct pair pairs[MAX_PAIRS];
    va_list ap;
    va_start(ap, origin);
    size_t count = pairs_read(pairs, ap);
    va_end(ap);
    params_write(next.params, sizeof next.params, pairs, count);
    const struct linnet_error_info *row = linnet_error_info(code);
    if (row) {
        next.retry = row->retry;
        error_render(row->sentence, next.params, next.sentence, sizeof next.sentence);
    }
    *error = next;
    return code;
}

void error_set_peer(struct linnet_error *error, const char *condition, struct str text)
{
    if (!error)
        return;
    error_copy_text(error->condition, sizeof error->condition, str_from(condition));
    error_copy_text(error->peer_text, sizeof error->peer_text, text);
}
