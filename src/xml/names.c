#include "xml/names.h"

#include "xml/utf8.h"

enum { N = CLASS_NAME, S = CLASS_NAME | CLASS_NAME_START };

const uint8_t name_class[256] = {
    [' '] = CLASS_SPACE,
    ['\t'] = CLASS_SPACE,
    ['\n'] = CLASS_SPACE,
    ['\r'] = CLASS_SPACE,
    ['-'] = N,
    ['.'] = N,
    ['0' ... '9'] = N,
    ['A' ... 'Z'] = S,
    ['_'] = S,
    ['a' ... 'z'] = S,
};

struct range {
    uint32_t first, last;
};

/* XML 1.0 §2.3, productions [4] and [4a], beyond ASCII. */
static const struct range start_ranges[] = {
    {0xC0, 0xD6},     {0xD8, 0xF6},     {0xF8, 0x2FF},    {0x370, 0x37D},
    {0x37F, 0x1FFF},  {0x200C, 0x200D}, {0x2070, 0x218F}, {0x2C00, 0x2FEF},
    {0x3001, 0xD7FF}, {0xF900, 0xFDCF}, {0xFDF0, 0xFFFD}, {0x10000, 0xEFFFF},
};
static const struct range more_ranges[] = {{0xB7, 0xB7}, {0x300, 0x36F}, {0x203F, 0x2040}};

static bool within(const struct range *ranges, size_t count, uint32_t cp)
{
    for (size_t i = 0; i < count; i++) {
        if (cp >= ranges[i].first && cp <= ranges[i].last)
            return true;
    }
    return false;
}

bool name_start_char(uint32_t cp)
{
    if (cp < 0x80)
        return name_class[cp] & CLASS_NAME_START;
    return within(start_ranges, ARRAY_LEN(start_ranges), cp);
}

bool name_char(uint32_t cp)
{
    if (cp < 0x80)
        return name_class[cp] & CLASS_NAME;
    return name_start_char(cp) || within(more_ranges, ARRAY_LEN(more_ranges), cp);
}

bool name_valid(struct str s)
{
    const uint8_t *p = (const uint8_t *)s.ptr;
    for (size_t at = 0; at < s.len;) {
        uint32_t cp = 0;
        int n = utf8_decode(p + at, s.len - at, &cp);
        if (n <= 0 || !(at == 0 ? name_start_char(cp) : name_char(cp)))
            return false;
        at += (size_t)n;
    }
    return s.len > 0;
}
