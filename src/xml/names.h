/*
 * names.h - which characters a name may hold: NCName of XML 1.0, fifth edition, that is
 * NameStartChar and NameChar without the colon. Pure.
 */
#ifndef XML_NAMES_H
#define XML_NAMES_H

#include "base/base.h"

enum { CLASS_NAME_START = 1, CLASS_NAME = 2, CLASS_SPACE = 4 };

/* What each ASCII byte may be; 0 for the bytes of longer sequences. */
extern const uint8_t name_class[256];

static inline bool name_is_space(uint8_t byte)
{
    return name_class[byte] & CLASS_SPACE;
}

bool name_start_char(uint32_t cp);
bool name_char(uint32_t cp);

/* Whether `s` is an NCName. */
bool name_valid(struct str s);

#endif
