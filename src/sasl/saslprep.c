#include "sasl/saslprep.h"

#include <utf8proc.h>

static const utf8proc_option_t nfkc =
    (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);

/* RFC 3454 B.1: commonly mapped to nothing. */
static const struct saslprep_range to_nothing[] = {
    {0x00AD, 0x00AD}, {0x034F, 0x034F}, {0x1806, 0x1806}, {0x180B, 0x180D},
    {0x200B, 0x200D}, {0x2060, 0x2060}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},
};

/* RFC 3454 C.1.2: spaces other than U+0020. U+200B is in B.1 too; as RFC 4013 §2.1 names C.1.2
 * first, and as libidn does, it becomes a space. */
static const struct saslprep_range spaces[] = {
    {0x00A0, 0x00A0}, {0x1680, 0x1680}, {0x2000, 0x200B},
    {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000},
};

/* RFC 4013 §2.3: the union of RFC 3454 C.1.2, C.2.1, C.2.2 and C.3 to C.9, but for the
 * noncharacters at the end of each plane. */
static const struct saslprep_range prohibited[] = {
    {0x0000, 0x001F},    {0x007F, 0x00A0},   {0x0340, 0x0341},   {0x06DD, 0x06DD},
    {0x070F, 0x070F},    {0x1680, 0x1680},   {0x180E, 0x180E},   {0x2000, 0x200F},
    {0x2028, 0x202F},    {0x205F, 0x2063},   {0x206A, 0x206F},   {0x2FF0, 0x2FFB},
    {0x3000, 0x3000},    {0xD800, 0xF8FF},   {0xFDD0, 0xFDEF},   {0xFEFF, 0xFEFF},
    {0xFFF9, 0xFFFF},    {0x1D173, 0x1D17A}, {0xE0001, 0xE0001}, {0xE0020, 0xE007F},
    {0xF0000, 0x10FFFF},
};

/* RFC 3454 D.2 is the bidi class L as Unicode 3.2 had it: where it has changed since. */
static const struct saslprep_range once_left[] = {
    {0x17B4, 0x17B5},   {0x1885, 0x1886},   {0x1D6DB, 0x1D6DB}, {0x1D715, 0x1D715},
    {0x1D74F, 0x1D74F}, {0x1D789, 0x1D789}, {0x1D7C3, 0x1D7C3},
};
static const struct saslprep_range not_yet_left[] = {
    {0x0CBF, 0x0CBF}, {0x0CC6, 0x0CC6}, {0x1734, 0x1734},
    {0x2132, 0x2132}, {0x2800, 0x28FF}, {0x302E, 0x302F},
};

/* The five decompositions that Unicode corrected after 3.2 (Corrigendum 4), as they were. */
static const struct {
    int32_t from, to;
} corrected[] = {
    {0x2F868, 0x2136A}, {0x2F874, 0x5F33}, {0x2F91F, 0x43AB}, {0x2F95F, 0x7AAE}, {0x2F9BF, 0x4D57},
};

#define IN(table, point) saslprep_in((table), ARRAY_LEN(table), (point))

/* The code point at `*at`, which moves past it; negative when that is not UTF-8. */
static int32_t next_point(struct str s, size_t *at)
{
    int32_t point;
    utf8proc_ssize_t len =
        utf8proc_iterate((const uint8_t *)s.ptr + *at, (utf8proc_ssize_t)(s.len - *at), &point);
    if (len <= 0)
        return -1;
    *at += (size_t)len;
    return point;
}

static bool is_prohibited(int32_t point)
{
    return (point & 0xFFFE) == 0xFFFE || IN(prohibited, point);
}

/* RFC 3454 D.1. */
static bool is_right(int32_t point)
{
    utf8proc_propval_t class = utf8proc_get_property(point)->bidi_class;
    return class == UTF8PROC_BIDI_CLASS_R || class == UTF8PROC_BIDI_CLASS_AL;
}

/* RFC 3454 D.2. */
static bool is_left(int32_t point)
{
    bool now = utf8proc_get_property(point)->bidi_class == UTF8PROC_BIDI_CLASS_L;
    return now ? !IN(not_yet_left, point) : IN(once_left, point);
}

static int32_t map_point(int32_t point)
{
    if (IN(spaces, point))
        return ' ';
    for (size_t i = 0; i < ARRAY_LEN(corrected); i++) {
        if (corrected[i].from == point)
            return corrected[i].to;
    }
    return point;
}

/* RFC 4013 §2.1, and §2.5 for a stored string. */
static bool map(struct str in, struct buf *out)
{
    for (size_t at = 0; at < in.len;) {
        int32_t point = next_point(in, &at);
        if (point < 0 || saslprep_unassigned(point))
            return false;
        if (IN(to_nothing, point) && !IN(spaces, point))
            continue;
        uint8_t bytes[4];
        buf_append(out, bytes, (size_t)utf8proc_encode_char(map_point(point), bytes));
    }
    return true;
}

/* RFC 4013 §2.2. Returns how many code points it put into `out`, or -1 when out of memory. It does
 * not use utf8proc_map, which leaves what it allocated in freed memory. */
static utf8proc_ssize_t normalize(struct str in, struct buf *out)
{
    const uint8_t *bytes = (const uint8_t *)in.ptr;
    utf8proc_ssize_t len = (utf8proc_ssize_t)in.len;
    utf8proc_ssize_t count = utf8proc_decompose(bytes, len, NULL, 0, nfkc);
    if (count < 0)
        return -1;
    int32_t *points = (int32_t *)(void *)buf_reserve(out, ((size_t)count + 1) * sizeof *points);
    if (!points)
        return -1;
    buf_commit(out, ((size_t)count + 1) * sizeof *points);
    if (utf8proc_decompose(bytes, len, points, count, nfkc) != count)
        return -1;
    return utf8proc_normalize_utf32(points, count, nfkc);
}

/* RFC 4013 §2.3 and §2.4 (RFC 3454 §6). */
static bool allowed(const int32_t *points, size_t count)
{
    bool right = false, left = false;
    for (size_t i = 0; i < count; i++) {
        if (is_prohibited(points[i]))
            return false;
        right |= is_right(points[i]);
        left |= is_left(points[i]);
    }
    return !right || (!left && is_right(points[0]) && is_right(points[count - 1]));
}

/* `points` as UTF-8 into `out`. */
static bool encode(const int32_t *points, size_t count, struct buf *out)
{
    size_t before = buf_len(out);
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[4];
        buf_append(out, bytes, (size_t)utf8proc_encode_char(points[i], bytes));
    }
    if (!out->failed && buf_len(out) - before <= SASLPREP_MAX_BYTES)
        return true;
    buf_truncate(out, before);
    return false;
}

static bool prepare(struct str in, struct buf *out)
{
    struct buf mapped, normal;
    buf_init(&mapped, 0, true);
    buf_init(&normal, 0, true);
    bool ok = map(in, &mapped);
    if (!ok)
        goto done;
    utf8proc_ssize_t count = mapped.failed ? -1 : normalize(buf_peek(&mapped), &normal);
    if (count < 0) {
        out->failed = true;
        ok = false;
        goto done;
    }
    const int32_t *points = (const int32_t *)(const void *)buf_peek(&normal).ptr;
    ok = allowed(points, (size_t)count) && encode(points, (size_t)count, out);
done:
    buf_finish(&mapped);
    buf_finish(&normal);
    return ok;
}

bool saslprep(struct str in, struct buf *out)
{
    if (in.len > SASLPREP_MAX_BYTES)
        return false;
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = (uint8_t)in.ptr[i];
        if (c >= 0x80)
            return prepare(in, out);
        if (c < 0x20 || c == 0x7F)
            return false;
    }
    buf_str(out, in); /* printable ASCII is its own prepared form */
    return !out->failed;
}

bool saslprep_is_utf8(struct str s)
{
    for (size_t at = 0; at < s.len;) {
        if (next_point(s, &at) < 0)
            return false;
    }
    return true;
}
