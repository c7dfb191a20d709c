#include "base/printable.h"

/* The length of the UTF-8 character at `s`, or 0 when there is none; *ret_c is its code point. */
static size_t utf8_read(const uint8_t *s, size_t left, uint32_t *ret_c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = s[0] < 0x80             ? 1
                 : (s[0] & 0xe0) == 0xc0 ? 2
                 : (s[0] & 0xf0) == 0xe0 ? 3
                 : (s[0] & 0xf8) == 0xf0 ? 4
                                         : 0;
    if (len == 0 || len > left)
        return 0;
    uint32_t c = len == 1 ? s[0] : s[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    bool valid = c >= least[len] && c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);
    *ret_c = c;
    return valid ? len : 0;
}

/* What stands for a code point that cannot be shown as it is, or 0 when it can. */
static char substitute(uint32_t c)
{
    if (c == '\t' || c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029)
        return ' ';
    bool control = c < 0x20 || (c >= 0x7f && c <= 0x9f);
    bool directs = c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
                   (c >= 0x2066 && c <= 0x2069);
    return control || directs ? '?' : 0;
}

size_t printable_next(struct str text, char *ret_instead)
{
    uint32_t c = 0;
    size_t len = utf8_read((const uint8_t *)text.ptr, text.len, &c);
    *ret_instead = len ? substitute(c) : '?';
    return len ? len : 1;
}
