/*
 * expat_oracle.h - the same trees, built by expat: for tests, fuzzing and measuring only.
 *
 * The names of expat's namespace mode, "uri\1local", are cut in two where they are copied. Text is
 * gathered into runs as the reader does it.
 */
#ifndef XML_EXPAT_ORACLE_H
#define XML_EXPAT_ORACLE_H

#include "base/buf.h"
#include "xml/reader.h"

#include <expat.h>

enum { ORACLE_DEPTH = 256 };

struct oracle {
    XML_Parser parser;
    struct arena *arena;
    struct element *open[ORACLE_DEPTH];
    unsigned depth;
    struct buf text;
    struct element *root;
    bool too_deep;
    bool stream_text; /* text beside the first-level elements that is not white space */
    bool restricted;  /* a comment, processing instruction or document type */
    /* When set, first-level elements are given here, and not kept in the root. */
    void (*item)(struct oracle *oracle, struct element *e);
};

static inline const char *oracle_name(struct oracle *o, const char *name, const char **ret_ns)
{
    char *copy = arena_dup(o->arena, str_from(name));
    char *cut = copy ? strchr(copy, '\1') : NULL;
    *ret_ns = cut ? copy : "";
    if (!cut)
        return copy;
    *cut = '\0';
    return cut + 1;
}

static inline void oracle_flush(struct oracle *o)
{
    struct str text = buf_peek(&o->text);
    if (text.len == 0)
        return;
    if (o->depth > 1)
        element_add_text(o->arena, o->open[o->depth - 1], text);
    else if (strspn(text.ptr, " \t\r\n") < text.len)
        o->stream_text = true;
    buf_reset(&o->text);
}

static inline void oracle_start(void *ctx, const char *name, const char **atts)
{
    struct oracle *o = ctx;
    if (o->depth == ORACLE_DEPTH) {
        o->too_deep = true;
        XML_StopParser(o->parser, XML_FALSE);
        return;
    }
    oracle_flush(o);
    const char *ns;
    name = oracle_name(o, name, &ns);
    struct element *e = element_new(o->arena, ns, name);
    for (; e && *atts; atts += 2) {
        struct attr *a = ARENA_NEW(o->arena, struct attr);
        if (!a)
            break;
        a->name = oracle_name(o, atts[0], &a->ns);
        a->value_len = strlen(atts[1]);
        a->value = arena_dup(o->arena, str_of(atts[1], a->value_len));
        element_link_attr(e, a);
    }
    if (o->depth == 0)
        o->root = e;
    else if (o->depth > 1 || !o->item)
        element_link(o->arena, o->open[o->depth - 1], e);
    o->open[o->depth++] = e;
}

static inline void oracle_end(void *ctx, const char *name)
{
    struct oracle *o = ctx;
    (void)name;
    oracle_flush(o);
    o->depth--;
    if (o->depth == 1 && o->item)
        o->item(o, o->open[1]);
}

static inline void oracle_text(void *ctx, const char *s, int len)
{
    struct oracle *o = ctx;
    /* strspn above wants an end; the byte is not counted. */
    uint8_t *to = buf_reserve(&o->text, (size_t)len + 1);
    if (!to)
        return;
    memcpy(to, s, (size_t)len);
    to[len] = '\0';
    buf_commit(&o->text, (size_t)len);
}

static inline void oracle_comment(void *ctx, const char *text)
{
    (void)text;
    ((struct oracle *)ctx)->restricted = true;
}

static inline void oracle_pi(void *ctx, const char *target, const char *data)
{
    (void)data;
    oracle_comment(ctx, target);
}

static inline void oracle_doctype(void *ctx, const char *name, const char *sysid, const char *pubid,
                                  int internal)
{
    (void)sysid, (void)pubid, (void)internal;
    oracle_comment(ctx, name);
}

static inline bool oracle_init(struct oracle *o, struct arena *arena)
{
    *o = (struct oracle){.arena = arena};
    o->parser = XML_ParserCreateNS(NULL, '\1');
    if (!o->parser)
        return false;
    XML_SetUserData(o->parser, o);
    XML_SetElementHandler(o->parser, oracle_start, oracle_end);
    XML_SetCharacterDataHandler(o->parser, oracle_text);
    XML_SetCommentHandler(o->parser, oracle_comment);
    XML_SetProcessingInstructionHandler(o->parser, oracle_pi);
    XML_SetStartDoctypeDeclHandler(o->parser, oracle_doctype);
#if XML_MAJOR_VERSION > 2 || (XML_MAJOR_VERSION == 2 && XML_MINOR_VERSION >= 6)
    XML_SetReparseDeferralEnabled(o->parser, XML_FALSE);
#endif
    return true;
}

static inline void oracle_finish(struct oracle *o)
{
    XML_ParserFree(o->parser);
    buf_finish(&o->text);
}

/* Whether the verdicts on `doc` may differ: the rules by which the reader means to differ from
 * expat, of which reader_diff_test.c gives an example each. `text` is the reader's sentence. */
static inline bool oracle_differs_by_design(struct str doc, bool reader_accepts,
                                            enum xml_fault fault, const char *text,
                                            enum XML_Error expat_error)
{
    static const char *const sentences[] = {
        "text outside of any element", "the XML version is not 1.0", "a byte order mark",
        "the declared encoding is not UTF-8", "the XML declaration is too long"};
    if (!reader_accepts) {
        for (size_t i = 0; i < ARRAY_LEN(sentences); i++) {
            if (cstr_eq(text, sentences[i]))
                return true;
        }
        return fault == XML_FAULT_RESTRICTED || fault == XML_FAULT_TOO_COMPLEX ||
               fault == XML_FAULT_TOO_BIG;
    }
    /* Names of the fifth edition. */
    bool wide = false;
    for (size_t i = 0; i < doc.len; i++)
        wide = wide || (uint8_t)doc.ptr[i] >= 0x80;
    return wide && expat_error == XML_ERROR_INVALID_TOKEN;
}

#endif
