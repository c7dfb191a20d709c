/*
 * ref.h - one reference, byte by byte after its '&': the five entities of XML 1.0 §4.6 and
 * character references. Pure.
 */
#ifndef XML_REF_H
#define XML_REF_H

#include "base/base.h"

struct ref {
    uint8_t kind, len;
    char name[4];
    uint32_t value;
};

enum ref_result {
    REF_MORE,
    REF_DONE,    /* `value` is the character */
    REF_UNKNOWN, /* some other entity, which RFC 6120 §11.1 forbids */
    REF_BAD      /* not a reference, or to a character that XML forbids */
};

void ref_begin(struct ref *ref);

/* Takes the next byte; a verdict is given as soon as it is certain. */
enum ref_result ref_byte(struct ref *ref, uint8_t byte);

#endif
