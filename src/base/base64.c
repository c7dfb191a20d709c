#include "base/base64.h"

#include "base/wipe.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, struct str in)
{
    if (in.len > SIZE_MAX / 2) {
        out->failed = true;
        return;
    }
    uint8_t *to = buf_reserve(out, (in.len + 2) / 3 * 4);
    if (!to)
        return;
    const uint8_t *from = (const uint8_t *)in.ptr;
    size_t len = 0;
    for (size_t i = 0; i < in.len; i += 3) {
        size_t left = in.len - i;
        uint32_t group = (uint32_t)from[i] << 16 | (left > 1 ? (uint32_t)from[i + 1] << 8 : 0) |
                         (left > 2 ? from[i + 2] : 0u);
        to[len++] = (uint8_t)alphabet[group >> 18];
        to[len++] = (uint8_t)alphabet[group >> 12 & 63];
        to[len++] = left > 1 ? (uint8_t)alphabet[group >> 6 & 63] : '=';
        to[len++] = left > 2 ? (uint8_t)alphabet[group & 63] : '=';
    }
    buf_commit(out, len);
}

/* The value of one digit, or -1. Without a table, so that secrets do not choose cache lines. */
static int digit(uint8_t c)
{
    int value = -1;
    value += (('A' - 1 - c) & (c - 'Z' - 1)) >> 8 & (c - 'A' + 1);
    value += (('a' - 1 - c) & (c - 'z' - 1)) >> 8 & (c - 'a' + 27);
    value += (('0' - 1 - c) & (c - '9' - 1)) >> 8 & (c - '0' + 53);
    value += (('+' - 1 - c) & (c - '+' - 1)) >> 8 & 63;
    value += (('/' - 1 - c) & (c - '/' - 1)) >> 8 & 64;
    return value;
}

/* Decodes `groups` full groups of four digits; false at the first character outside the alphabet.
 */
static bool decode_groups(const uint8_t *from, size_t groups, uint8_t *to)
{
    int bad = 0;
    for (size_t i = 0; i < groups; i++, from += 4, to += 3) {
        int a = digit(from[0]), b = digit(from[1]), c = digit(from[2]), d = digit(from[3]);
        bad |= a | b | c | d;
        uint32_t group = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | (uint32_t)d;
        to[0] = (uint8_t)(group >> 16);
        to[1] = (uint8_t)(group >> 8);
        to[2] = (uint8_t)group;
    }
    return bad >= 0;
}

/* The last group, with `pad` = characters at its end: the bits they leave unused must be zero, or
 * one value would have several encodings (RFC 4648 §3.5). */
static bool decode_last(const uint8_t *from, size_t pad, uint8_t *to)
{
    int a = digit(from[0]), b = digit(from[1]), c = pad == 1 ? digit(from[2]) : 0;
    if ((a | b | c) < 0 || (pad == 1 ? c & 3 : b & 15))
        return false;
    to[0] = (uint8_t)(a << 2 | b >> 4);
    if (pad == 1)
        to[1] = (uint8_t)(b << 4 | c >> 2);
    return true;
}

bool base64_decode(struct buf *out, struct str in)
{
    if (in.len % 4 != 0)
        return false;
    if (in.len == 0)
        return true;
    const uint8_t *from = (const uint8_t *)in.ptr;
    size_t pad = from[in.len - 1] != '=' ? 0 : from[in.len - 2] != '=' ? 1 : 2;
    size_t full = in.len / 4 - (pad > 0), len = in.len / 4 * 3 - pad;
    uint8_t *to = buf_reserve(out, len);
    if (!to)
        return true; /* not the fault of `in`: out->failed says so */
    bool ok = decode_groups(from, full, to) &&
              (pad == 0 || decode_last(from + full * 4, pad, to + full * 3));
    if (ok)
        buf_commit(out, len);
    else if (out->secret)
        wipe(to, len);
    return ok;
}
