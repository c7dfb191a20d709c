#include "core/ip_literal.h"

#include <stdio.h>

bool ip_literal_v4(struct str text, uint8_t ret[4])
{
    size_t i = 0;
    for (int part = 0; part < 4; part++) {
        if (part > 0 && (i == text.len || text.ptr[i++] != '.'))
            return false;
        unsigned value = 0;
        size_t start = i;
        for (; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++) {
            value = value * 10 + (unsigned)(text.ptr[i] - '0');
            if (value > 255 || i - start == 3)
                return false;
        }
        if (i == start || (text.ptr[start] == '0' && i - start > 1))
            return false;
        ret[part] = (uint8_t)value;
    }
    return i == text.len;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* A group of one to four digits at the front of `text`; returns its length, or 0. */
static size_t read_group(struct str text, uint16_t *ret)
{
    unsigned value = 0;
    size_t i = 0;
    for (; i < text.len && hex_value(text.ptr[i]) >= 0; i++) {
        if (i == 4)
            return 0;
        value = value << 4 | (unsigned)hex_value(text.ptr[i]);
    }
    *ret = (uint16_t)value;
    return i;
}

/* Reads "a:b:c" or "a:b:1.2.3.4" into at most `max` groups; returns how many, or -1. */
static int read_groups(struct str text, uint16_t *groups, int max)
{
    int count = 0;
    if (text.len == 0)
        return 0;
    for (;;) {
        uint8_t v4[4];
        if (count + 2 <= max && ip_literal_v4(text, v4)) {
            groups[count] = (uint16_t)(v4[0] << 8 | v4[1]);
            groups[count + 1] = (uint16_t)(v4[2] << 8 | v4[3]);
            return count + 2;
        }
        size_t len = count < max ? read_group(text, &groups[count]) : 0;
        if (len == 0)
            return -1;
        count++;
        text = str_of(text.ptr + len, text.len - len);
        if (text.len == 0)
            return count;
        if (text.ptr[0] != ':')
            return -1;
        text = str_of(text.ptr + 1, text.len - 1);
    }
}

bool ip_literal_v6(struct str text, uint8_t ret[16])
{
    uint16_t head[8], tail[8], all[8] = {0};
    const char *gap = text.len ? memmem(text.ptr, text.len, "::", 2) : NULL;
    size_t head_len = gap ? (size_t)(gap - text.ptr) : text.len;
    int head_count = read_groups(str_of(text.ptr, head_len), head, 8), tail_count = 0;
    if (gap)
        tail_count = read_groups(str_of(gap + 2, text.len - head_len - 2), tail, 7);
    if (head_count < 0 || tail_count < 0)
        return false;
    /* "::" stands for at least one group, and without it there are eight. A dotted quad can only
     * be last. */
    if (gap ? head_count + tail_count > 7 || memchr(text.ptr, '.', head_len) : head_count != 8)
        return false;
    memcpy(all, head, (size_t)head_count * sizeof head[0]);
    memcpy(all + 8 - tail_count, tail, (size_t)tail_count * sizeof tail[0]);
    for (int i = 0; i < 8; i++) {
        ret[2 * i] = (uint8_t)(all[i] >> 8);
        ret[2 * i + 1] = (uint8_t)all[i];
    }
    return true;
}

/* The first of the longest runs of zero groups, if it has two or more (RFC 5952 §4.2). */
static void longest_gap(const unsigned groups[8], int *ret_start, int *ret_len)
{
    *ret_start = 8;
    *ret_len = 1;
    for (int i = 0; i < 8; i++) {
        int len = 0;
        while (i + len < 8 && groups[i + len] == 0)
            len++;
        if (len > *ret_len) {
            *ret_start = i;
            *ret_len = len;
        }
        i += len;
    }
}

size_t ip_literal_v6_print(const uint8_t ip[16], char out[40])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    /* RFC 5952 §5: an IPv4-mapped address shows the IPv4 address. */
    if (memcmp(ip, mapped, sizeof mapped) == 0)
        return (size_t)snprintf(out, 40, "::ffff:%u.%u.%u.%u", ip[12], ip[13], ip[14], ip[15]);
    unsigned groups[8];
    for (int i = 0; i < 8; i++)
        groups[i] = (unsigned)ip[2 * i] << 8 | ip[2 * i + 1];
    int gap = 0, gap_len = 0;
    longest_gap(groups, &gap, &gap_len);
    size_t used = 0;
    for (int i = 0; i < 8; i++) {
        if (i == gap) {
            used += (size_t)snprintf(out + used, 40 - used, "::");
            i += gap_len - 1;
            continue;
        }
        bool colon = i > 0 && i != gap + gap_len;
        used += (size_t)snprintf(out + used, 40 - used, "%s%x", colon ? ":" : "", groups[i]);
    }
    return used;
}
