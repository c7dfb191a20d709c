#include "core/sm_xml.h"

#include "core/sm.h"

#include <inttypes.h>
#include <stdio.h>

/* A decimal number of 32 bits, with its NUL. */
enum { NUMBER_SIZE = sizeof "4294967295" };

enum need { NEVER = 0, MAY, MUST };

static const struct {
    const char *name;
    const char *id_name;
    enum need id, h;
    bool offer; /* resume, max */
    bool location, condition;
} rows[] = {
    [SM_ENABLE] = {.name = "enable", .offer = true},
    [SM_ENABLED] = {.name = "enabled", .id_name = "id", .id = MAY, .offer = true, .location = true},
    [SM_RESUME] = {.name = "resume", .id_name = "previd", .id = MUST, .h = MUST},
    [SM_RESUMED] = {.name = "resumed", .id_name = "previd", .id = MUST, .h = MUST},
    [SM_FAILED] = {.name = "failed", .h = MAY, .condition = true},
    [SM_REQUEST] = {.name = "r"},
    [SM_ANSWER] = {.name = "a", .h = MUST},
};

enum sm_kind sm_kind(const struct element *e)
{
    for (size_t k = SM_ENABLE; k < ARRAY_LEN(rows); k++)
        if (element_is(e, NS_SM, rows[k].name))
            return (enum sm_kind)k;
    return SM_NONE;
}

/* ---- reading ---- */

/* Digits only: strtoul would take "-1" for 4294967295. */
static bool read_number(const char *text, uint32_t *ret)
{
    uint64_t value = 0;
    size_t len = text ? strlen(text) : 0;
    if (len == 0 || len >= NUMBER_SIZE)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (value > UINT32_MAX)
        return false;
    *ret = (uint32_t)value;
    return true;
}

/* xs:boolean; what is none is false. */
static bool read_truth(const char *text)
{
    return cstr_eq(text, "true") || cstr_eq(text, "1");
}

/* The attribute if it has 1 to `max` bytes, or STR_NONE. */
static struct str read_text(const struct element *e, const char *name, size_t max)
{
    struct str text = str_from(element_attr(e, name));
    return text.len > 0 && text.len <= max ? text : STR_NONE;
}

static enum stanza_condition read_condition(const struct element *failed)
{
    const struct element *c = condition_element(failed, NS_STANZA_ERRORS);
    return c ? stanza_condition_from_name(c->name) : STANZA_UNDEFINED_CONDITION;
}

bool sm_read(const struct element *e, struct sm_element *ret)
{
    *ret = (struct sm_element){.kind = sm_kind(e)};
    enum sm_kind kind = ret->kind;
    if (kind == SM_NONE)
        return false;
    if (rows[kind].h != NEVER)
        ret->has_h = read_number(element_attr(e, "h"), &ret->h);
    if (rows[kind].id != NEVER)
        ret->id = read_text(e, rows[kind].id_name, SM_ID_MAX_BYTES);
    if (rows[kind].offer) {
        ret->resume = read_truth(element_attr(e, "resume"));
        (void)read_number(element_attr(e, "max"), &ret->max_s); /* or it stays 0 */
    }
    if (rows[kind].location)
        ret->location = read_text(e, "location", SM_LOCATION_MAX_BYTES);
    if (rows[kind].condition)
        ret->condition = read_condition(e);
    if (kind == SM_ENABLED && !ret->id.ptr)
        ret->resume = false;
    return (rows[kind].h != MUST || ret->has_h) && (rows[kind].id != MUST || ret->id.ptr);
}

/* ---- building ---- */

static void set_number(struct arena *a, struct element *e, const char *name, uint32_t value)
{
    char text[NUMBER_SIZE];
    snprintf(text, sizeof text, "%" PRIu32, value);
    element_set(a, e, name, text);
}

struct element *sm_build(struct arena *a, const struct sm_element *v)
{
    enum sm_kind kind = v->kind;
    struct element *e = element_new(a, NS_SM, rows[kind].name);
    if (rows[kind].id != NEVER)
        element_set_str(a, e, rows[kind].id_name, v->id);
    if (rows[kind].h == MUST || (rows[kind].h == MAY && v->has_h))
        set_number(a, e, "h", v->h);
    if (rows[kind].offer && v->resume)
        element_set(a, e, "resume", "true");
    if (rows[kind].offer && v->max_s)
        set_number(a, e, "max", v->max_s);
    if (rows[kind].location)
        element_set_str(a, e, "location", v->location);
    if (rows[kind].condition && v->condition != STANZA_OK)
        element_add(a, e, NS_STANZA_ERRORS, stanza_condition_name(v->condition));
    return e;
}

/* ---- handled-count-too-high ---- */

struct element *sm_build_too_high(struct arena *a, uint32_t h, uint32_t sent)
{
    struct element *e = element_new(a, NS_SM, "handled-count-too-high");
    set_number(a, e, "h", h);
    set_number(a, e, "send-count", sent);
    return e;
}

bool sm_read_too_high(const struct element *error, uint32_t *ret_h, uint32_t *ret_sent)
{
    const struct element *e = element_child(error, NS_SM, "handled-count-too-high");
    *ret_h = *ret_sent = 0;
    return e && read_number(element_attr(e, "h"), ret_h) &&
           read_number(element_attr(e, "send-count"), ret_sent);
}
