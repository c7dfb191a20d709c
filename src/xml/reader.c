/*
 * The reader is a machine over the bytes of the caller. What lies whole in one piece is read where
 * it stands; only what a piece cuts in two is kept (a tag in `spill`, a run of text in `text`).
 * Everything that is needed while an element is open hangs from `work`, which comes with the
 * element's '<' and goes with its end, so that an idle reader is this struct and the few strings
 * of the stream header. Passwords pass through here: all of it is wiped before it is freed.
 */
#include "base/buf.h"
#include "xml/decl.h"
#include "xml/names.h"
#include "xml/scan.h"
#include "xml/tag.h"
#include "xml/utf8.h"
#include "xml/vec.h"

const struct xml_limits xml_limits_before_auth = {
    .element_bytes = 10000, .depth = 16, .attributes = 32, .children = 512, .name_bytes = 256};
const struct xml_limits xml_limits_after_auth = {
    .element_bytes = 262144, .depth = 128, .attributes = 64, .children = 16384, .name_bytes = 1024};

/* Offsets into a tag have 32 bits; no caller needs more. */
enum { ELEMENT_MAX_BYTES = 1 << 30 };

enum state {
    STATE_BEGIN,   /* nothing was read */
    STATE_PROLOG,  /* white space or the declaration was; the header is to come */
    STATE_BETWEEN, /* first-level elements */
    STATE_MARKUP,  /* after '<' */
    STATE_DECL,    /* after '<?' at the very start */
    STATE_BANG,    /* within '<![CDATA[' */
    STATE_TAG,
    STATE_END_NAME,
    STATE_END_GAP,
    STATE_TEXT, /* text or CDATA */
    STATE_REF,
    STATE_WIDE,   /* a character cut in two */
    STATE_CLOSED, /* after the close tag */
    STATE_DEAD
};

struct frame {
    struct element *element;
    const char *qname, *default_ns; /* default_ns: of the parent */
    uint32_t qname_len;
    unsigned bindings; /* of the parent */
};

enum { FRAMES_SMALL = 8 };

struct work {
    struct xml_limits limits;
    size_t left; /* bytes that this element may still have */
    unsigned children;
    uint32_t matched; /* bytes of an end tag's name or of "![CDATA[" */
    struct buf spill, text;
    bool cdata, after_cr;
    bool in_run;      /* the run of text was counted */
    uint8_t brackets; /* ']' just seen: 0, 1, or more */
    uint8_t wide_len;
    uint8_t wide[UTF8_MAX_BYTES];
    struct ref ref;
    unsigned depth, cap;
    struct frame *frames;
    struct frame small[FRAMES_SMALL];
    struct ns_scope scope;
    struct tag tag;
};

struct xml_reader {
    struct xml_limits limits;
    struct arena arena;
    struct element *element; /* given to the caller */
    struct ns_root *root;
    struct work *work;
    struct xml_problem problem;
    uint8_t state;
    bool framed;
    bool may_declare; /* nothing came before */
    bool saw_space;
    bool given;      /* the last call completed something */
    bool root_empty; /* <stream:stream/>: its close is owed */
};

/* `end` is cut to what the element's limit allows; `all_end` is the caller's. */
struct cursor {
    const uint8_t *p, *end, *all_end;
    const uint8_t *from; /* where this call began to use the element's bytes */
};

static void work_free(struct xml_reader *r)
{
    struct work *w = r->work;
    if (!w)
        return;
    buf_finish(&w->spill);
    buf_finish(&w->text);
    if (w->frames != w->small)
        free(w->frames);
    ns_scope_finish(&w->scope);
    tag_finish(&w->tag);
    free(w);
    r->work = NULL;
}

static enum xml_status die(struct xml_reader *r)
{
    work_free(r);
    arena_finish(&r->arena);
    free(r->root);
    r->root = NULL;
    r->element = NULL;
    r->state = STATE_DEAD;
    return XML_FAIL;
}

static enum xml_status fail(struct xml_reader *r, enum xml_fault fault, const char *text)
{
    problem_set(&r->problem, fault, text);
    return die(r);
}

static enum xml_status malformed(struct xml_reader *r, const char *text)
{
    return fail(r, XML_FAULT_NOT_WELL_FORMED, text);
}

static enum xml_status no_memory(struct xml_reader *r)
{
    return fail(r, XML_FAULT_NO_MEMORY, "out of memory");
}

/* --- between elements --- */

/* Limits what this element may use of the caller's bytes. */
static void cursor_clip(struct cursor *c, size_t left)
{
    size_t have = (size_t)(c->all_end - c->p);
    c->from = c->p;
    c->end = c->p + (have < left ? have : left);
}

/* At the '<' of a first-level element, a header, a declaration, or the close tag. */
static enum xml_status work_begin(struct xml_reader *r, struct cursor *c)
{
    struct work *w = malloc(sizeof *w);
    if (!w)
        return no_memory(r);
    memset(w, 0, offsetof(struct work, small));
    w->limits = r->limits;
    w->left = r->limits.element_bytes;
    w->frames = w->small;
    w->cap = FRAMES_SMALL;
    buf_init(&w->spill, 0, true);
    buf_init(&w->text, 0, true);
    ns_scope_init(&w->scope, r->root);
    tag_init(&w->tag);
    r->work = w;
    cursor_clip(c, w->left);
    c->p++;
    r->state = STATE_MARKUP;
    return XML_MORE;
}

/* RFC 6120 §11.6 allows no byte order mark; UTF-16 begins with FE FF or FF FE. */
static enum xml_status stray(struct xml_reader *r, uint8_t byte)
{
    if (r->state != STATE_BEGIN)
        return malformed(r, "text outside of any element");
    if (byte == 0xFE || byte == 0xFF)
        return fail(r, XML_FAULT_ENCODING, "bytes that are not UTF-8");
    if (byte == 0xEF)
        return malformed(r, "a byte order mark");
    return fail(r, XML_FAULT_NOT_XML, "the first byte cannot begin a stream");
}

static enum xml_status on_between(struct xml_reader *r, struct cursor *c)
{
    const uint8_t *p = c->p;
    while (p < c->end && name_is_space(*p))
        p++;
    if (p > c->p) {
        r->saw_space = true;
        r->may_declare = false;
        c->p = p;
    }
    if (p == c->end)
        return XML_MORE;
    return *p == '<' ? work_begin(r, c) : stray(r, *p);
}

static enum xml_status on_decl(struct xml_reader *r, struct cursor *c)
{
    struct buf *spill = &r->work->spill;
    while (c->p < c->end) {
        buf_byte(spill, *c->p++);
        if (spill->failed)
            return no_memory(r);
        if (buf_len(spill) > DECL_MAX_BYTES)
            return fail(r, XML_FAULT_TOO_BIG, "the XML declaration is too long");
        enum decl_result result = decl_check(buf_peek(spill), &r->problem);
        if (result == DECL_FAIL)
            return die(r);
        if (result == DECL_DONE) {
            work_free(r);
            c->end = c->all_end;
            r->state = STATE_PROLOG;
            return XML_MORE;
        }
    }
    return XML_MORE;
}

/* --- text --- */

/* Another element or run of text within the first-level element. */
static enum xml_status count_child(struct xml_reader *r)
{
    struct work *w = r->work;
    if (w->children >= w->limits.children)
        return fail(r, XML_FAULT_TOO_COMPLEX, "too many elements and texts");
    w->children++;
    return XML_MORE;
}

static enum xml_status add_text(struct xml_reader *r, struct str text)
{
    struct work *w = r->work;
    w->in_run = false;
    if (text.len == 0)
        return XML_MORE;
    struct node *node = ARENA_NEW(&r->arena, struct node);
    char *copy = arena_dup(&r->arena, text);
    if (!node || !copy)
        return no_memory(r);
    node->text = copy;
    node->text_len = text.len;
    element_link_node(w->frames[w->depth - 1].element, node);
    return XML_MORE;
}

/* Text that is not yet known to be complete, or is not in one piece. */
static enum xml_status keep_text(struct xml_reader *r, const void *from, const void *to)
{
    size_t len = (size_t)((const char *)to - (const char *)from);
    buf_append(&r->work->text, from, len);
    return r->work->text.failed ? no_memory(r) : XML_MORE;
}

static enum xml_status flush_text(struct xml_reader *r)
{
    struct buf *text = &r->work->text;
    enum xml_status status = add_text(r, buf_peek(text));
    if (status == XML_MORE)
        buf_reset(text);
    return status;
}

/* At '<': the run is complete unless CDATA may follow. */
static enum xml_status text_ends(struct xml_reader *r, struct cursor *c, const uint8_t *from)
{
    const uint8_t *at = c->p++;
    bool whole = buf_len(&r->work->text) == 0 && c->p < c->end && *c->p != '!';
    r->state = STATE_MARKUP;
    return whole ? add_text(r, str_of(from, (size_t)(at - from))) : keep_text(r, from, at);
}

/* The first bytes of a character at the end of the piece wait in `wide`. */
static enum xml_status wide_begins(struct xml_reader *r, struct cursor *c, const uint8_t *from)
{
    struct work *w = r->work;
    enum xml_status status = keep_text(r, from, c->p);
    if (status != XML_MORE)
        return status;
    w->wide_len = (uint8_t)(c->end - c->p);
    memcpy(w->wide, c->p, w->wide_len);
    c->p = c->end;
    r->state = STATE_WIDE;
    return XML_MORE;
}

/* Characters that are not ASCII, from c->p on. */
static enum xml_status text_wide(struct xml_reader *r, struct cursor *c, const uint8_t *from)
{
    while (c->p < c->end && *c->p >= 0x80) {
        uint32_t cp = 0;
        int n = utf8_decode(c->p, (size_t)(c->end - c->p), &cp);
        if (n == UTF8_SHORT)
            return wide_begins(r, c, from);
        if (n == UTF8_INVALID)
            return fail(r, XML_FAULT_ENCODING, "bytes that are not UTF-8");
        if (!xml_char(cp))
            return malformed(r, "a character that XML forbids");
        c->p += n;
    }
    return XML_MORE;
}

static enum xml_status on_wide(struct xml_reader *r, struct cursor *c)
{
    struct work *w = r->work;
    uint32_t cp = 0;
    w->wide[w->wide_len++] = *c->p++;
    int n = utf8_decode(w->wide, w->wide_len, &cp);
    if (n == UTF8_SHORT)
        return XML_MORE;
    if (n == UTF8_INVALID)
        return fail(r, XML_FAULT_ENCODING, "bytes that are not UTF-8");
    if (!xml_char(cp))
        return malformed(r, "a character that XML forbids");
    r->state = STATE_TEXT;
    return keep_text(r, w->wide, w->wide + n);
}

/* XML 1.0 §2.11: CR LF and CR alone become LF. */
static enum xml_status text_cr(struct xml_reader *r, struct cursor *c, const uint8_t *from)
{
    static const char lf[] = "\n";
    enum xml_status status = keep_text(r, from, c->p);
    if (status != XML_MORE)
        return status;
    c->p++;
    r->work->after_cr = true;
    return keep_text(r, lf, lf + 1);
}

static enum xml_status text_ref(struct xml_reader *r, struct cursor *c, const uint8_t *from)
{
    enum xml_status status = keep_text(r, from, c->p);
    c->p++;
    if (status == XML_MORE) {
        ref_begin(&r->work->ref);
        r->state = STATE_REF;
    }
    return status;
}

static enum xml_status on_ref(struct xml_reader *r, struct cursor *c)
{
    char encoded[UTF8_MAX_BYTES];
    switch (ref_byte(&r->work->ref, *c->p++)) {
    case REF_UNKNOWN:
        return fail(r, XML_FAULT_RESTRICTED, "an entity reference");
    case REF_BAD:
        return malformed(r, "a malformed reference");
    case REF_DONE:
        r->state = STATE_TEXT;
        return keep_text(r, encoded, encoded + utf8_encode(r->work->ref.value, encoded));
    default:
        return XML_MORE;
    }
}

/* At the '>' of "]]>", whose brackets were taken for text. */
static enum xml_status text_brackets(struct xml_reader *r, struct cursor *c, const uint8_t *from)
{
    struct work *w = r->work;
    if (!w->cdata)
        return malformed(r, "']]>' in text");
    enum xml_status status = keep_text(r, from, c->p++);
    if (status != XML_MORE)
        return status;
    buf_truncate(&w->text, buf_len(&w->text) - 2);
    w->cdata = false;
    w->brackets = 0;
    return XML_MORE;
}

static enum xml_status on_text(struct xml_reader *r, struct cursor *c)
{
    struct work *w = r->work;
    const uint8_t *from = c->p;
    const uint8_t open = w->cdata ? ']' : '<', amp = w->cdata ? ']' : '&';
    enum xml_status status = XML_MORE;
    if (!w->in_run && (w->cdata || *from != '<')) {
        w->in_run = true;
        if (count_child(r) != XML_MORE)
            return XML_FAIL;
    }
    while (c->p < c->end && status == XML_MORE) {
        uint8_t byte = *c->p;
        if (w->after_cr) {
            w->after_cr = false;
            if (byte == '\n') {
                from = ++c->p;
                continue;
            }
        }
        if (byte == '>' && w->brackets == 2)
            return text_brackets(r, c, from);
        if (byte == ']') {
            w->brackets += w->brackets < 2;
            c->p++;
            continue;
        }
        w->brackets = 0;
        if (byte == open)
            return text_ends(r, c, from);
        if (byte == amp)
            return text_ref(r, c, from);
        if (byte >= 0x80) {
            status = text_wide(r, c, from);
            if (r->state != STATE_TEXT)
                return status;
        } else if (byte == '\r') {
            status = text_cr(r, c, from);
            from = c->p;
        } else if (byte >= 0x20 || name_is_space(byte)) {
            c->p = scan_plain(c->p + 1, c->end, open, amp, ']', ']');
        } else {
            return malformed(r, "a character that XML forbids");
        }
    }
    return status == XML_MORE ? keep_text(r, from, c->p) : status;
}

/* --- markup --- */

static enum xml_status give(struct xml_reader *r, struct element *e, enum xml_status status)
{
    work_free(r);
    r->element = e;
    r->given = true;
    r->state = STATE_BETWEEN;
    return status;
}

static enum xml_status element_closes(struct xml_reader *r)
{
    struct work *w = r->work;
    struct frame *frame = &w->frames[--w->depth];
    w->scope.count = frame->bindings;
    w->scope.default_ns = frame->default_ns;
    r->state = STATE_TEXT;
    return w->depth == 0 ? give(r, frame->element, XML_ELEMENT) : XML_MORE;
}

static bool is_header(const struct xml_reader *r)
{
    return !r->root && !r->framed;
}

static enum xml_status header_opens(struct xml_reader *r, const struct tag_built *built)
{
    struct work *w = r->work;
    r->root = ns_root_new(&w->scope, str_of(built->qname, w->tag.name_len));
    if (!r->root)
        return no_memory(r);
    r->root_empty = w->tag.empty;
    return give(r, built->node->element, XML_HEADER);
}

/* The start tag is whole. */
static enum xml_status element_opens(struct xml_reader *r, const uint8_t *bytes)
{
    struct work *w = r->work;
    struct frame frame = {.default_ns = w->scope.default_ns,
                          .qname_len = w->tag.name_len,
                          .bindings = w->scope.count};
    struct tag_built built;
    if (!tag_build(&w->tag, bytes, &r->arena, &w->scope, &built, &r->problem))
        return die(r);
    if (is_header(r))
        return header_opens(r, &built);

    frame.element = built.node->element;
    frame.qname = built.qname;
    if (w->depth > 0)
        element_link_node(w->frames[w->depth - 1].element, built.node);
    struct frame *frames = vec_room(w->frames, w->depth, &w->cap, sizeof *frames, w->small);
    if (!frames)
        return no_memory(r);
    w->frames = frames;
    frames[w->depth++] = frame;
    r->state = STATE_TEXT;
    return w->tag.empty ? element_closes(r) : XML_MORE;
}

/* A tag in one piece is read where it stands. */
static enum xml_status on_tag_whole(struct xml_reader *r, struct cursor *c)
{
    struct work *w = r->work;
    const uint8_t *bytes = c->p;
    size_t len = (size_t)(c->end - bytes);
    switch (tag_scan(&w->tag, bytes, len, &w->limits, &r->problem)) {
    case TAG_FAIL:
        return die(r);
    case TAG_DONE:
        c->p += w->tag.pos;
        return element_opens(r, bytes);
    default:
        c->p = c->end;
        buf_append(&w->spill, bytes, len);
        return w->spill.failed ? no_memory(r) : XML_MORE;
    }
}

/* A tag that was cut is put together; only up to the next '>', where it may end. */
static enum xml_status on_tag_spilled(struct xml_reader *r, struct cursor *c)
{
    struct work *w = r->work;
    size_t len = (size_t)(c->end - c->p);
    const uint8_t *gt = memchr(c->p, '>', len);
    if (gt)
        len = (size_t)(gt + 1 - c->p);
    buf_append(&w->spill, c->p, len);
    if (w->spill.failed)
        return no_memory(r);
    c->p += len;
    struct str tag = buf_peek(&w->spill);
    const uint8_t *bytes = (const uint8_t *)tag.ptr;
    enum tag_result result = tag_scan(&w->tag, bytes, tag.len, &w->limits, &r->problem);
    if (result == TAG_FAIL)
        return die(r);
    if (result == TAG_MORE)
        return XML_MORE;
    return element_opens(r, bytes);
}

static enum xml_status start_tag_begins(struct xml_reader *r)
{
    struct work *w = r->work;
    if (!is_header(r) && w->depth >= w->limits.depth)
        return fail(r, XML_FAULT_TOO_COMPLEX, "elements are nested too deeply");
    if (w->depth > 0 && count_child(r) != XML_MORE)
        return XML_FAIL;
    tag_begin(&w->tag);
    buf_reset(&w->spill);
    r->state = STATE_TAG;
    return XML_MORE;
}

static enum xml_status on_markup(struct xml_reader *r, struct cursor *c)
{
    struct work *w = r->work;
    bool may_declare = r->may_declare;
    r->may_declare = false;
    w->matched = 0;
    if (*c->p == '!') {
        r->state = STATE_BANG;
        return XML_MORE;
    }
    if (*c->p == '?') {
        if (!may_declare)
            return fail(r, XML_FAULT_RESTRICTED, "a processing instruction");
        c->p++;
        r->state = STATE_DECL;
        return XML_MORE;
    }
    enum xml_status status = flush_text(r);
    if (status != XML_MORE)
        return status;
    if (*c->p != '/')
        return start_tag_begins(r);
    if (w->depth == 0 && !r->root)
        return malformed(r, "an end tag without a start tag");
    c->p++;
    r->state = STATE_END_NAME;
    return XML_MORE;
}

static enum xml_status on_bang(struct xml_reader *r, struct cursor *c)
{
    static const char word[] = "![CDATA[";
    struct work *w = r->work;
    uint8_t byte = *c->p++;
    if (byte != (uint8_t)word[w->matched]) {
        if (w->matched == 1 && byte == '-')
            return fail(r, XML_FAULT_RESTRICTED, "a comment");
        if (w->matched == 1 && byte == 'D')
            return fail(r, XML_FAULT_RESTRICTED, "a document type declaration");
        return malformed(r, "'<!' begins nothing that XML knows");
    }
    if (++w->matched == 2 && w->depth == 0)
        return malformed(r, "text outside of any element");
    if (w->matched == sizeof word - 1) {
        w->cdata = true;
        r->state = STATE_TEXT;
    }
    return XML_MORE;
}

/* The name must be that of the open element, byte for byte. */
static enum xml_status on_end_name(struct xml_reader *r, struct cursor *c)
{
    struct work *w = r->work;
    const struct frame *frame = w->depth ? &w->frames[w->depth - 1] : NULL;
    const char *want = frame ? frame->qname : r->root->qname;
    size_t len = (frame ? frame->qname_len : r->root->qname_len) - w->matched;
    size_t have = (size_t)(c->end - c->p);
    bool all = have >= len;
    if (!all)
        len = have;
    if (memcmp(c->p, want + w->matched, len) != 0)
        return malformed(r, "an end tag does not match its start tag");
    c->p += len;
    w->matched += (uint32_t)len;
    if (all)
        r->state = STATE_END_GAP;
    return XML_MORE;
}

static enum xml_status on_end_gap(struct xml_reader *r, struct cursor *c)
{
    uint8_t byte = *c->p++;
    if (name_is_space(byte))
        return XML_MORE;
    if (byte != '>')
        return malformed(r, "an end tag does not match its start tag");
    if (r->work->depth > 0)
        return element_closes(r);
    work_free(r);
    r->state = STATE_CLOSED;
    r->given = true;
    return XML_CLOSE;
}

static enum xml_status on_closed(struct xml_reader *r, struct cursor *c)
{
    for (; c->p < c->end; c->p++) {
        if (!name_is_space(*c->p))
            return malformed(r, "something follows the close of the stream");
        r->saw_space = true;
    }
    return XML_MORE;
}

/* --- the surface --- */

static enum xml_status step(struct xml_reader *r, struct cursor *c)
{
    switch ((enum state)r->state) {
    case STATE_BEGIN:
    case STATE_PROLOG:
    case STATE_BETWEEN:
        return on_between(r, c);
    case STATE_MARKUP:
        return on_markup(r, c);
    case STATE_DECL:
        return on_decl(r, c);
    case STATE_BANG:
        return on_bang(r, c);
    case STATE_TAG:
        return buf_len(&r->work->spill) ? on_tag_spilled(r, c) : on_tag_whole(r, c);
    case STATE_END_NAME:
        return on_end_name(r, c);
    case STATE_END_GAP:
        return on_end_gap(r, c);
    case STATE_TEXT:
        return on_text(r, c);
    case STATE_REF:
        return on_ref(r, c);
    case STATE_WIDE:
        return on_wide(r, c);
    case STATE_CLOSED:
        return on_closed(r, c);
    default:
        return XML_FAIL;
    }
}

/* Releases what the last call gave. */
static void release(struct xml_reader *r)
{
    if (!r->given)
        return;
    r->given = false;
    r->saw_space = false;
    r->element = NULL;
    arena_reset(&r->arena);
}

/* All bytes are used: what is not needed while waiting goes, and the limit of the element may be
 * reached. */
static enum xml_status pause(struct xml_reader *r, const struct cursor *c)
{
    struct work *w = r->work;
    if (!w) {
        arena_finish(&r->arena);
        return XML_MORE;
    }
    w->left -= (size_t)(c->p - c->from);
    if (c->end < c->all_end)
        return fail(r, XML_FAULT_TOO_BIG, "an element is larger than the limit");
    return XML_MORE;
}

enum xml_status xml_reader_read(struct xml_reader *r, const void *data, size_t len,
                                size_t *ret_consumed)
{
    const uint8_t *start = len ? data : (const uint8_t *)"";
    struct cursor c = {.p = start, .end = start + len, .all_end = start + len, .from = start};
    enum xml_status status = r->state == STATE_DEAD ? XML_FAIL : XML_MORE;
    release(r);
    if (r->root_empty) {
        r->root_empty = false;
        r->state = STATE_CLOSED;
        r->given = true;
        status = XML_CLOSE;
    }
    if (r->work)
        cursor_clip(&c, r->work->left);
    while (status == XML_MORE && c.p < c.end)
        status = step(r, &c);
    *ret_consumed = (size_t)(c.p - start);
    return status == XML_MORE ? pause(r, &c) : status;
}

static struct xml_limits usable(const struct xml_limits *limits)
{
    struct xml_limits l = *limits;
    if (l.element_bytes > ELEMENT_MAX_BYTES)
        l.element_bytes = ELEMENT_MAX_BYTES;
    if (l.element_bytes == 0)
        l.element_bytes = 1;
    return l;
}

struct xml_reader *xml_reader_new(const struct xml_limits *limits, bool framed)
{
    struct xml_reader *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->limits = usable(limits);
    r->framed = framed;
    r->may_declare = !framed;
    r->state = STATE_BEGIN;
    arena_init(&r->arena, 0, true);
    return r;
}

void xml_reader_free(struct xml_reader *r)
{
    if (!r)
        return;
    die(r);
    free(r);
}

void xml_reader_set_limits(struct xml_reader *r, const struct xml_limits *limits)
{
    r->limits = usable(limits);
}

struct element *xml_reader_element(const struct xml_reader *r)
{
    return r->element;
}

struct element *xml_reader_take(struct xml_reader *r, struct arena *ret_arena)
{
    struct element *e = r->element;
    *ret_arena = r->arena;
    arena_init(&r->arena, 0, true);
    r->element = NULL;
    return e;
}

enum xml_fault xml_reader_fault(const struct xml_reader *r)
{
    return r->problem.fault;
}

const char *xml_reader_fault_text(const struct xml_reader *r)
{
    return r->problem.text ? r->problem.text : "";
}

bool xml_reader_between(const struct xml_reader *r)
{
    return !r->work && r->state != STATE_DEAD;
}

bool xml_reader_saw_space(const struct xml_reader *r)
{
    return r->saw_space;
}

static size_t work_memory(const struct work *w)
{
    size_t bytes = sizeof *w + w->spill.cap + w->text.cap;
    if (w->frames != w->small)
        bytes += w->cap * sizeof *w->frames;
    if (w->scope.bindings != w->scope.small)
        bytes += w->scope.cap * sizeof *w->scope.bindings;
    if (w->tag.slots != w->tag.small)
        bytes += w->tag.cap * sizeof *w->tag.slots;
    return bytes;
}

size_t xml_reader_memory(const struct xml_reader *r)
{
    size_t bytes = sizeof *r + r->arena.used_bytes;
    if (r->root)
        bytes += r->root->bytes;
    if (r->work)
        bytes += work_memory(r->work);
    return bytes;
}
