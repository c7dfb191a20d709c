#include "xml/tag.h"

#include "xml/names.h"
#include "xml/scan.h"
#include "xml/utf8.h"
#include "xml/vec.h"

enum {
    STATE_NAME,
    STATE_GAP, /* after a name or value: white space, an attribute, '/' or '>' */
    STATE_ATTR,
    STATE_EQUALS,
    STATE_QUOTE,
    STATE_VALUE,
    STATE_REF,
    STATE_SLASH
};

/* A step's answer: the scan goes on in another state, or waits, ends, fails. */
enum step { STEP_ON, STEP_WAIT, STEP_END, STEP_FAIL };

struct scan {
    struct tag *tag;
    const uint8_t *bytes, *p, *end;
    const struct xml_limits *limits;
    struct xml_problem *why;
};

void tag_init(struct tag *tag)
{
    tag->slots = tag->small;
    tag->cap = TAG_SMALL;
    tag_begin(tag);
}

void tag_finish(struct tag *tag)
{
    if (tag->slots != tag->small)
        free(tag->slots);
}

void tag_begin(struct tag *tag)
{
    tag->state = STATE_NAME;
    tag->empty = false;
    tag->pos = tag->mark = tag->colon = 0;
    tag->count = 0;
}

static enum step fail(struct scan *s, enum xml_fault fault, const char *text)
{
    problem_set(s->why, fault, text);
    return STEP_FAIL;
}

static enum step malformed(struct scan *s, const char *text)
{
    return fail(s, XML_FAULT_NOT_WELL_FORMED, text);
}

/* Passes one character that is not ASCII. */
static enum step wide_char(struct scan *s, uint32_t *ret_cp)
{
    int n = utf8_decode(s->p, (size_t)(s->end - s->p), ret_cp);
    if (n == UTF8_SHORT)
        return STEP_WAIT;
    if (n == UTF8_INVALID)
        return fail(s, XML_FAULT_ENCODING, "bytes that are not UTF-8");
    if (!xml_char(*ret_cp))
        return malformed(s, "a character that XML forbids");
    s->p += n;
    return STEP_ON;
}

static enum step name_first(struct scan *s)
{
    uint32_t cp = *s->p;
    if (name_class[cp] & CLASS_NAME_START) {
        s->p++;
        return STEP_ON;
    }
    enum step step = cp < 0x80 ? STEP_ON : wide_char(s, &cp);
    if (step == STEP_ON && !name_start_char(cp))
        return malformed(s, "a name does not begin with a letter");
    return step;
}

/* Passes the rest of an NCName. */
static enum step name_rest(struct scan *s)
{
    for (;;) {
        const uint8_t *p = s->p;
        while (p < s->end && name_class[*p] & CLASS_NAME)
            p++;
        s->p = p;
        if (p == s->end)
            return STEP_WAIT;
        if (*s->p < 0x80)
            return STEP_ON;
        uint32_t cp = 0;
        enum step step = wide_char(s, &cp);
        if (step != STEP_ON)
            return step;
        if (!name_char(cp))
            return malformed(s, "a character that no name may hold");
    }
}

/* Passes a QName that began at `mark`: STEP_ON when the byte that ends it is known. */
static enum step qname(struct scan *s)
{
    struct tag *tag = s->tag;
    enum step step = STEP_ON;
    while (step == STEP_ON && s->p < s->end) {
        uint32_t at = (uint32_t)(s->p - s->bytes);
        if (at == tag->mark || (tag->colon && at == tag->colon + 1)) {
            step = name_first(s);
            continue;
        }
        step = name_rest(s);
        if (step != STEP_ON || *s->p != ':')
            break;
        if (tag->colon)
            step = malformed(s, "a name with two colons");
        else
            tag->colon = (uint32_t)(s->p++ - s->bytes);
    }
    /* Even when a later byte is wrong: the limit was passed before. */
    if ((size_t)(s->p - s->bytes) - tag->mark > s->limits->name_bytes)
        return fail(s, XML_FAULT_TOO_COMPLEX, "a name is too long");
    return s->p == s->end && step == STEP_ON ? STEP_WAIT : step;
}

static uint32_t prefix_of(const struct tag *tag)
{
    return tag->colon ? tag->colon - tag->mark : 0;
}

/* Each state below enters the one that usually follows it by itself; tag_scan leads back after a
 * value, and into a tag that was cut. */

static void skip_space(struct scan *s)
{
    const uint8_t *p = s->p;
    while (p < s->end && name_is_space(*p))
        p++;
    s->p = p;
}

static enum step on_value(struct scan *s)
{
    struct tag *tag = s->tag;
    struct tag_slot *slot = &tag->slots[tag->count - 1];
    for (;;) {
        s->p = scan_plain(s->p, s->end, tag->quote, '<', '&', '&');
        if (s->p == s->end)
            return STEP_WAIT;
        uint8_t byte = *s->p;
        if (byte >= 0x80) {
            uint32_t cp = 0;
            enum step step = wide_char(s, &cp);
            if (step != STEP_ON)
                return step;
            continue;
        }
        s->p++;
        if (byte == tag->quote) {
            slot->value_len = (uint32_t)(s->p - 1 - s->bytes) - slot->value;
            tag->state = STATE_GAP;
            return STEP_ON;
        }
        if (byte == '<')
            return malformed(s, "'<' in an attribute's value");
        if (byte != '&' && !name_is_space(byte))
            return malformed(s, "a character that XML forbids");
        slot->decode = true;
        if (byte == '&') {
            ref_begin(&tag->ref);
            tag->state = STATE_REF;
            return STEP_ON;
        }
    }
}

static enum step on_quote(struct scan *s)
{
    skip_space(s);
    if (s->p == s->end)
        return STEP_WAIT;
    if (*s->p != '\'' && *s->p != '"')
        return malformed(s, "an attribute's value is not quoted");
    s->tag->quote = *s->p++;
    s->tag->slots[s->tag->count - 1].value = (uint32_t)(s->p - s->bytes);
    s->tag->state = STATE_VALUE;
    return on_value(s);
}

static enum step on_equals(struct scan *s)
{
    skip_space(s);
    if (s->p == s->end)
        return STEP_WAIT;
    if (*s->p != '=')
        return malformed(s, "an attribute has no value");
    s->p++;
    s->tag->state = STATE_QUOTE;
    return on_quote(s);
}

static bool repeated(const struct scan *s, const struct tag_slot *slot)
{
    for (const struct tag_slot *other = s->tag->slots; other < slot; other++) {
        if (other->name_len == slot->name_len &&
            memcmp(s->bytes + other->name, s->bytes + slot->name, slot->name_len) == 0)
            return true;
    }
    return false;
}

static enum step on_attr(struct scan *s)
{
    struct tag *tag = s->tag;
    enum step step = qname(s);
    if (step != STEP_ON)
        return step;
    struct tag_slot *slots = vec_room(tag->slots, tag->count, &tag->cap, sizeof *slots, tag->small);
    if (!slots)
        return fail(s, XML_FAULT_NO_MEMORY, "out of memory");
    tag->slots = slots;
    struct tag_slot *slot = &slots[tag->count];
    *slot = (struct tag_slot){.name = tag->mark,
                              .name_len = (uint32_t)(s->p - s->bytes) - tag->mark,
                              .prefix_len = prefix_of(tag)};
    if (repeated(s, slot))
        return malformed(s, "an attribute is given twice");
    tag->count++;
    tag->state = STATE_EQUALS;
    return on_equals(s);
}

static enum step on_gap(struct scan *s)
{
    skip_space(s);
    if (s->p == s->end)
        return STEP_WAIT;
    if (*s->p == '>') {
        s->p++;
        return STEP_END;
    }
    if (*s->p == '/') {
        s->p++;
        s->tag->state = STATE_SLASH;
        return STEP_ON;
    }
    if (!name_is_space(s->p[-1]))
        return malformed(s, "white space is missing in a tag");
    if (s->tag->count >= s->limits->attributes)
        return fail(s, XML_FAULT_TOO_COMPLEX, "too many attributes");
    s->tag->mark = (uint32_t)(s->p - s->bytes);
    s->tag->colon = 0;
    s->tag->state = STATE_ATTR;
    return on_attr(s);
}

static enum step on_name(struct scan *s)
{
    enum step step = qname(s);
    if (step != STEP_ON)
        return step;
    s->tag->name_len = (uint32_t)(s->p - s->bytes);
    s->tag->prefix_len = prefix_of(s->tag);
    s->tag->state = STATE_GAP;
    return on_gap(s);
}

static enum step on_ref(struct scan *s)
{
    while (s->p < s->end) {
        switch (ref_byte(&s->tag->ref, *s->p++)) {
        case REF_MORE:
            break;
        case REF_DONE:
            s->tag->state = STATE_VALUE;
            return STEP_ON;
        case REF_UNKNOWN:
            return fail(s, XML_FAULT_RESTRICTED, "an entity reference");
        case REF_BAD:
            return malformed(s, "a malformed reference");
        }
    }
    return STEP_WAIT;
}

static enum step on_slash(struct scan *s)
{
    if (*s->p != '>')
        return malformed(s, "'/' in a tag");
    s->p++;
    s->tag->empty = true;
    return STEP_END;
}

static enum step next(struct scan *s)
{
    switch (s->tag->state) {
    case STATE_NAME:
        return on_name(s);
    case STATE_GAP:
        return on_gap(s);
    case STATE_ATTR:
        return on_attr(s);
    case STATE_EQUALS:
        return on_equals(s);
    case STATE_QUOTE:
        return on_quote(s);
    case STATE_VALUE:
        return on_value(s);
    case STATE_REF:
        return on_ref(s);
    default:
        return on_slash(s);
    }
}

enum tag_result tag_scan(struct tag *tag, const uint8_t *bytes, size_t len,
                         const struct xml_limits *limits, struct xml_problem *why)
{
    struct scan s = {.tag = tag,
                     .bytes = bytes,
                     .p = bytes + tag->pos,
                     .end = bytes + len,
                     .limits = limits,
                     .why = why};
    enum step step = STEP_ON;
    while (step == STEP_ON && s.p < s.end)
        step = next(&s);
    tag->pos = (uint32_t)(s.p - bytes);
    if (step == STEP_FAIL)
        return TAG_FAIL;
    return step == STEP_END ? TAG_DONE : TAG_MORE;
}
