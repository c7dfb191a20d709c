/*
 * utf8.h - UTF-8 read strictly (RFC 3629): no overlong forms, surrogates, or code points past
 * U+10FFFF; and the characters that XML 1.0 allows. Pure.
 */
#ifndef XML_UTF8_H
#define XML_UTF8_H

#include "base/base.h"

enum { UTF8_INVALID = -1, UTF8_SHORT = 0, UTF8_MAX_BYTES = 4 };

/* Length of the sequence at `p`; UTF8_SHORT when `len` bytes begin one that may still become
 * valid; UTF8_INVALID as soon as no continuation could help. */
static inline int utf8_decode(const uint8_t *p, size_t len, uint32_t *ret_cp)
{
    if (len == 0)
        return UTF8_SHORT;
    uint8_t lead = p[0];
    if (lead < 0x80) {
        *ret_cp = lead;
        return 1;
    }
    if (lead < 0xC2 || lead > 0xF4)
        return UTF8_INVALID;
    if (len == 1)
        return UTF8_SHORT;
    /* The second byte excludes overlong forms (E0, F0), surrogates (ED), and what is past the
     * last plane (F4). */
    uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high)
        return UTF8_INVALID;
    int need = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    uint32_t cp = (uint32_t)(lead & (0x7F >> need)) << 6 | (p[1] & 0x3F);
    for (int i = 2; i < need; i++) {
        if ((size_t)i == len)
            return UTF8_SHORT;
        if ((p[i] & 0xC0) != 0x80)
            return UTF8_INVALID;
        cp = cp << 6 | (p[i] & 0x3F);
    }
    *ret_cp = cp;
    return need;
}

/* Writes `cp`, a scalar value, into at most UTF8_MAX_BYTES bytes; returns how many. */
static inline int utf8_encode(uint32_t cp, char *out)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xE0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
        out[2] = (char)(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
    out[3] = (char)(0x80 | (cp & 0x3F));
    return 4;
}

/* Char of XML 1.0 §2.2. */
static inline bool xml_char(uint32_t cp)
{
    if (cp < 0x20)
        return cp == '\t' || cp == '\n' || cp == '\r';
    return cp < 0xD800 || (cp > 0xDFFF && cp < 0xFFFE) || (cp > 0xFFFF && cp <= 0x10FFFF);
}

#endif
