#include "xml/decl.h"

#include "xml/names.h"

/* The bytes still to be judged. Every step below returns whether to go on; when it says no, the
 * answer is `result`. */
struct decl {
    const char *p, *end;
    enum decl_result result;
    struct xml_problem *why;
};

static bool stop(struct decl *d, enum xml_fault fault, const char *text)
{
    d->result = DECL_FAIL;
    return problem_set(d->why, fault, text);
}

static bool malformed(struct decl *d)
{
    return stop(d, XML_FAULT_NOT_WELL_FORMED, "the XML declaration is malformed");
}

static bool have(struct decl *d)
{
    if (d->p < d->end)
        return true;
    d->result = DECL_MORE;
    return false;
}

static bool literal(struct decl *d, const char *word)
{
    for (; *word; word++, d->p++) {
        if (!have(d))
            return false;
        if (*d->p != *word)
            return malformed(d);
    }
    return true;
}

static bool space(struct decl *d)
{
    while (d->p < d->end && name_is_space((uint8_t)*d->p))
        d->p++;
    return have(d);
}

/* name = 'value' with either quote; what stands in the quotes is judged by `value`. */
static bool setting(struct decl *d, const char *name, bool (*value)(struct decl *d, char quote))
{
    if (!literal(d, name) || !space(d) || !literal(d, "=") || !space(d))
        return false;
    char quote = *d->p;
    if (quote != '\'' && quote != '"')
        return malformed(d);
    d->p++;
    return value(d, quote);
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* The value is `word`, capitals or not, and then the quote. */
static bool value_is(struct decl *d, const char *word, char quote, enum xml_fault fault,
                     const char *text)
{
    for (; have(d); word++, d->p++) {
        if (upper(*d->p) != (*word ? *word : quote))
            return stop(d, fault, text);
        if (!*word) {
            d->p++;
            return true;
        }
    }
    return false;
}

static bool version_value(struct decl *d, char quote)
{
    return value_is(d, "1.0", quote, XML_FAULT_NOT_WELL_FORMED, "the XML version is not 1.0");
}

/* RFC 6120 §11.6: UTF-8 and no other encoding. */
static bool encoding_value(struct decl *d, char quote)
{
    return value_is(d, "UTF-8", quote, XML_FAULT_ENCODING, "the declared encoding is not UTF-8");
}

static bool standalone_value(struct decl *d, char quote)
{
    return have(d) && literal(d, *d->p == 'y' ? "yes" : "no") && literal(d, (char[]){quote, '\0'});
}

static bool target(struct decl *d)
{
    for (const char *word = "xml"; *word; word++, d->p++) {
        if (!have(d))
            return false;
        if (*d->p != *word)
            return stop(d, XML_FAULT_RESTRICTED, "a processing instruction");
    }
    if (!have(d))
        return false;
    if (!name_is_space((uint8_t)*d->p))
        return stop(d, XML_FAULT_RESTRICTED, "a processing instruction");
    return true;
}

/* Passes white space; whether the setting `name`, which must be set apart by some, comes next. */
static bool another(struct decl *d, const char *name, bool *ret_present)
{
    if (!space(d))
        return false;
    *ret_present = *d->p == *name;
    return !*ret_present || name_is_space((uint8_t)d->p[-1]) || malformed(d);
}

enum decl_result decl_check(struct str so_far, struct xml_problem *why)
{
    struct decl d = {.p = so_far.ptr, .end = so_far.ptr + so_far.len, .why = why};
    bool present = false;
    if (!target(&d) || !space(&d) || !setting(&d, "version", version_value))
        return d.result;
    if (!another(&d, "encoding", &present) || (present && !setting(&d, "encoding", encoding_value)))
        return d.result;
    if (!another(&d, "standalone", &present) ||
        (present && !setting(&d, "standalone", standalone_value)))
        return d.result;
    if (!space(&d) || !literal(&d, "?>"))
        return d.result;
    return DECL_DONE;
}
