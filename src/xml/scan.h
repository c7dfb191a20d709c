/*
 * scan.h - passing over bytes that need no thought, eight at a time. Pure.
 */
#ifndef XML_SCAN_H
#define XML_SCAN_H

#include "base/base.h"

#include <endian.h>

/* The first byte at or after `p` that is `a`, `b`, `c` or `d` (ASCII; they may repeat), a control
 * character, or not ASCII; `end` when there is none. */
static inline const uint8_t *scan_plain(const uint8_t *p, const uint8_t *end, uint8_t a, uint8_t b,
                                        uint8_t c, uint8_t d)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    while (end - p >= 8) {
        uint64_t v;
        memcpy(&v, p, sizeof v);
        v = le64toh(v);
        /* A byte of v, or of a difference below, has its top bit set where the scan must stop.
         * A borrow can only disturb bytes above a true stop, so the lowest mark is exact. */
        uint64_t marks = v | (v - ones * 0x20) | ((v ^ ones * a) - ones) | ((v ^ ones * b) - ones) |
                         ((v ^ ones * c) - ones) | ((v ^ ones * d) - ones);
        marks &= tops;
        if (marks)
            return p + __builtin_ctzll(marks) / 8;
        p += 8;
    }
    while (p < end && *p >= 0x20 && *p < 0x80 && *p != a && *p != b && *p != c && *p != d)
        p++;
    return p;
}

#endif
