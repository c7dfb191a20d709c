#include "xml/ref.h"

#include "xml/names.h"
#include "xml/utf8.h"

enum { REF_START, REF_NAMED, REF_HASH, REF_DECIMAL, REF_HEX };

static const struct {
    const char *name;
    char value;
} entities[] = {{"amp", '&'}, {"apos", '\''}, {"gt", '>'}, {"lt", '<'}, {"quot", '"'}};

void ref_begin(struct ref *ref)
{
    *ref = (struct ref){.kind = REF_START};
}

/* Whether the bytes so far, with `byte`, still begin one of the five. */
static bool begins_entity(const struct ref *ref, uint8_t byte)
{
    for (size_t i = 0; i < ARRAY_LEN(entities); i++) {
        const char *name = entities[i].name;
        if (memcmp(name, ref->name, ref->len) == 0 && (uint8_t)name[ref->len] == byte && byte)
            return true;
    }
    return false;
}

static enum ref_result named_byte(struct ref *ref, uint8_t byte)
{
    if (byte == ';') {
        for (size_t i = 0; i < ARRAY_LEN(entities); i++) {
            if (str_is(str_of(ref->name, ref->len), entities[i].name)) {
                ref->value = (uint8_t)entities[i].value;
                return REF_DONE;
            }
        }
        return ref->len ? REF_UNKNOWN : REF_BAD;
    }
    bool is_name = name_class[byte] & (ref->len ? CLASS_NAME : CLASS_NAME_START);
    if (!is_name)
        return REF_BAD;
    if (ref->len == sizeof ref->name || !begins_entity(ref, byte))
        return REF_UNKNOWN;
    ref->name[ref->len++] = (char)byte;
    return REF_MORE;
}

static enum ref_result number_byte(struct ref *ref, uint8_t byte)
{
    unsigned base = ref->kind == REF_HEX ? 16 : 10, digit;
    if (byte == ';')
        return ref->len && xml_char(ref->value) ? REF_DONE : REF_BAD;
    if (byte >= '0' && byte <= '9')
        digit = byte - '0';
    else if (base == 16 && (byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
        digit = (byte | 0x20u) - 'a' + 10;
    else
        return REF_BAD;
    ref->len = 1; /* leading zeros may be many: count no further */
    ref->value = ref->value * base + digit;
    return ref->value > 0x10FFFF ? REF_BAD : REF_MORE;
}

enum ref_result ref_byte(struct ref *ref, uint8_t byte)
{
    switch (ref->kind) {
    case REF_START:
        if (byte == '#') {
            ref->kind = REF_HASH;
            return REF_MORE;
        }
        ref->kind = REF_NAMED;
        return named_byte(ref, byte);
    case REF_HASH:
        if (byte == 'x') {
            ref->kind = REF_HEX;
            return REF_MORE;
        }
        ref->kind = REF_DECIMAL;
        return number_byte(ref, byte);
    case REF_NAMED:
        return named_byte(ref, byte);
    default:
        return number_byte(ref, byte);
    }
}
