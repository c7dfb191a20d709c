#include "base/wipe.h"
#include "xml/decl.h"
#include "xml/names.h"
#include "xml/reader_private.h"
#include "xml/vec.h"

const struct xml_limits xml_limits_before_auth = {
    .element_bytes = 10000, .depth = 16, .attributes = 32, .children = 512, .name_bytes = 256};
const struct xml_limits xml_limits_after_auth = {
    .element_bytes = 262144, .depth = 128, .attributes = 64, .children = 16384, .name_bytes = 1024};

/* Offsets into a tag have 32 bits; no caller needs more. */
enum { ELEMENT_MAX_BYTES = 1 << 30 };

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
    wipe(w->wide, w->wide_len);
    free(w);
    r->work = NULL;
}

static enum xml_status die(struct xml_reader *r)
{
    work_free(r);
    arena_finish(&r->arena);
    ns_root_free(r->root);
    r->root = NULL;
    r->element = NULL;
    r->state = STATE_DEAD;
    return XML_FAIL;
}

enum xml_status reader_fail(struct xml_reader *r, enum xml_fault fault, const char *text)
{
    problem_set(&r->problem, fault, text);
    return die(r);
}

enum xml_status reader_malformed(struct xml_reader *r, const char *text)
{
    return reader_fail(r, XML_FAULT_NOT_WELL_FORMED, text);
}

enum xml_status reader_no_memory(struct xml_reader *r)
{
    return reader_fail(r, XML_FAULT_NO_MEMORY, "out of memory");
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
        return reader_no_memory(r);
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
        return reader_malformed(r, "text outside of any element");
    if (byte == 0xFE || byte == 0xFF)
        return reader_fail(r, XML_FAULT_ENCODING, "bytes that are not UTF-8");
    if (byte == 0xEF)
        return reader_malformed(r, "a byte order mark");
    return reader_fail(r, XML_FAULT_NOT_XML, "the first byte cannot begin a stream");
}

static enum xml_status on_between(struct xml_reader *r, struct cursor *c)
{
    const uint8_t *p = c->p;
    while (p < c->end && name_is_space(*p))
        p++;
    if (p > c->p) {
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
            return reader_no_memory(r);
        if (buf_len(spill) > DECL_MAX_BYTES)
            return reader_fail(r, XML_FAULT_TOO_BIG, "the XML declaration is too long");
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
        return reader_no_memory(r);
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
        return reader_no_memory(r);
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
        return w->spill.failed ? reader_no_memory(r) : XML_MORE;
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
        return reader_no_memory(r);
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
        return reader_fail(r, XML_FAULT_TOO_COMPLEX, "elements are nested too deeply");
    if (w->depth > 0 && reader_count_child(r) != XML_MORE)
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
            return reader_fail(r, XML_FAULT_RESTRICTED, "a processing instruction");
        c->p++;
        r->state = STATE_DECL;
        return XML_MORE;
    }
    enum xml_status status = reader_flush_text(r);
    if (status != XML_MORE)
        return status;
    if (*c->p != '/')
        return start_tag_begins(r);
    if (w->depth == 0 && !r->root)
        return reader_malformed(r, "an end tag without a start tag");
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
            return reader_fail(r, XML_FAULT_RESTRICTED, "a comment");
        if (w->matched == 1 && byte == 'D')
            return reader_fail(r, XML_FAULT_RESTRICTED, "a document type declaration");
        return reader_malformed(r, "'<!' begins nothing that XML knows");
    }
    if (++w->matched == 2 && w->depth == 0)
        return reader_malformed(r, "text outside of any element");
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
        return reader_malformed(r, "an end tag does not match its start tag");
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
        return reader_malformed(r, "an end tag does not match its start tag");
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
            return reader_malformed(r, "something follows the close of the stream");
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
        return reader_on_text(r, c);
    case STATE_REF:
        return reader_on_ref(r, c);
    case STATE_WIDE:
        return reader_on_wide(r, c);
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
        return reader_fail(r, XML_FAULT_TOO_BIG, "an element is larger than the limit");
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

const char *xml_reader_default_ns(const struct xml_reader *r)
{
    return r->root ? r->root->default_ns : "";
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
