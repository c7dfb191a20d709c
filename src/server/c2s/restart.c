#include "server/c2s/restart.h"

#include "server/c2s/restart_row.h"
#include "server/c2s/resume.h"
#include "server/memory.h"
#include "server/route/router.h"
#include "server/route/user.h"
#include "server/worker.h"

#include <stdlib.h>
#include <time.h>

enum {
    BATCH = 512, /* sessions of one transaction: each waits for the disk */
    PAGE = 64    /* that are read at once, with all they hold */
};

/* Loops count from some moment of their own; what is written down is Unix time. */
static int64_t unix_ms(const struct worker *w, uint64_t at_ms)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - (int64_t)(worker_now_ms(w) - at_ms);
}

static uint64_t loop_ms(const struct worker *w, int64_t unix_at_ms)
{
    return worker_now_ms(w) - (uint64_t)(unix_ms(w, worker_now_ms(w)) - unix_at_ms);
}

/* ---- saving ---- */

struct batch {
    struct server *server;
    struct arena memory;
    struct store_session sessions[BATCH];
    struct store_write writes[BATCH], *pointers[BATCH];
    size_t count, saved, lost;
    bool given_up;
};

static void commit(struct batch *b)
{
    struct store *store = ops_store(b->server->ops);
    struct store_fault fault = {""};
    if (b->count == 0)
        return;
    enum store_result result = store->ops->commit(store, b->pointers, b->count, &fault);
    if (result == STORE_NO_MEMORY)
        memory_exhausted();
    for (size_t i = 0; i < b->count; i++)
        ++*(b->writes[i].result == STORE_OK ? &b->saved : &b->lost);
    if (fault.text[0])
        log_printf(&b->server->log, LOG_ERROR, "c2s", 0, "sessions were not kept: %s", fault.text);
    /* A database that is locked makes us wait each time; whoever stops us does not wait for ever.
     */
    b->given_up = result != STORE_OK;
    b->count = 0;
    arena_reset(&b->memory);
}

static struct store_stanza *stanzas_of(const struct session *s, struct arena *a)
{
    struct store_stanza *stanzas = arena_alloc(a, sm_pending(s->sm) * sizeof *stanzas);
    struct sm_cursor cursor = {0};
    struct sm_entry entry;
    if (!stanzas)
        memory_exhausted();
    for (size_t i = 0; sm_next(s->sm, &cursor, &entry); i++)
        stanzas[i] = (struct store_stanza){entry.xml, unix_ms(s->worker, entry.since_ms),
                                           (int64_t)entry.tag};
    return stanzas;
}

/* Addresses have no line breaks in them. */
static struct str lines_of(const struct buf *directed, struct arena *a)
{
    struct str held = buf_peek(directed);
    char *lines = arena_dup(a, str_of(held.ptr ? held.ptr : "", held.len));
    if (!lines)
        memory_exhausted();
    for (size_t i = 0; i < held.len; i++)
        if (!lines[i])
            lines[i] = '\n';
    return str_of(lines, held.len);
}

static struct store_session describe(const struct session *s, struct arena *a)
{
    struct sm_counts counts = sm_counts(s->sm);
    return (struct store_session){
        .user = s->jid->local,
        .id = sm_id(s->sm),
        .resource = s->jid->resource,
        .client = str_from(s->client_id ? s->client_id : ""),
        .since_ms = unix_ms(s->worker, s->since_ms),
        .left_ms = (int64_t)resume_left_ms(s),
        .resume_s = s->resume_s,
        .acked = (int64_t)counts.acked,
        .written = (int64_t)counts.written,
        .handled = (int64_t)counts.handled,
        .available = s->available,
        .priority = s->priority,
        .standing = (int64_t)s->standing,
        .presence = s->presence ? block_str(s->presence) : STR_LIT(""),
        .directed = lines_of(&s->directed, a),
        .stanzas = stanzas_of(s, a),
        .stanza_count = sm_pending(s->sm),
    };
}

static void save(struct batch *b, const struct session *s)
{
    if (b->given_up) {
        b->lost++;
        return;
    }
    size_t at = b->count++;
    b->sessions[at] = describe(s, &b->memory);
    b->writes[at] = (struct store_write){.change = STORE_SESSION,
                                         .domain = str_from(b->server->domain),
                                         .session = &b->sessions[at]};
    b->pointers[at] = &b->writes[at];
    if (b->count == BATCH)
        commit(b);
}

void restart_save(struct server *server)
{
    struct batch *b = MEMORY_NEW(struct batch);
    b->server = server;
    for (unsigned i = 0; i < server->worker_count; i++) {
        const struct worker *w = &server->workers[i];
        if (!w->has_loop)
            continue;
        for (const struct session *s = resume_oldest(w); s; s = resume_after(s))
            save(b, s);
    }
    commit(b);
    if (b->saved + b->lost > 0)
        log_printf(&server->log, b->lost ? LOG_ERROR : LOG_NOTICE, "c2s", 0,
                   "sessions kept for the next start: %zu, lost: %zu", b->saved, b->lost);
    arena_finish(&b->memory);
    free(b);
}

/* ---- loading ---- */

/* What was written once is kept, even if settings allow less now. */
static struct sm *sm_of(const struct worker *w, const struct store_session *from)
{
    struct sm_limits limits = resume_limits(w);
    size_t bytes = 0;
    for (size_t i = 0; i < from->stanza_count; i++)
        bytes += from->stanzas[i].xml.len;
    if (limits.max_bytes < bytes)
        limits.max_bytes = bytes;
    if (limits.max_stanzas < from->stanza_count)
        limits.max_stanzas = (uint32_t)from->stanza_count;
    struct sm *sm = sm_new(&limits);
    if (!sm || !sm_set_id(sm, from->id))
        memory_exhausted();
    sm_restore(sm, (uint64_t)from->acked, (uint64_t)from->handled);
    for (size_t i = 0; i < from->stanza_count; i++) {
        const struct store_stanza *stanza = &from->stanzas[i];
        if ((int64_t)i == from->written - from->acked)
            sm_detach(sm);
        if (sm_sent(sm, stanza->xml, (uint64_t)stanza->tag, loop_ms(w, stanza->since_ms)) != SM_OK)
            memory_exhausted();
    }
    return sm;
}

/* What comes is later than all that was. */
static void keep_order(struct worker *w, const struct store_session *from)
{
    uint64_t latest = (uint64_t)from->standing;
    for (size_t i = 0; i < from->stanza_count; i++) {
        uint64_t then = session_copies_order((uint64_t)from->stanzas[i].tag);
        latest = then > latest ? then : latest;
    }
    w->order = latest > w->order ? latest : w->order;
}

static void add_directed(struct session *s, struct str lines)
{
    buf_init(&s->directed, 0, false);
    buf_str(&s->directed, lines);
    if (s->directed.failed)
        memory_exhausted();
    for (size_t i = 0; i < lines.len; i++)
        if (lines.ptr[i] == '\n')
            s->directed.data[s->directed.start + i] = '\0';
}

static void revive(struct server *server, const struct store_session *from, struct str address)
{
    struct str key = router_key_of_local(&server->workers[0], from->user);
    struct worker *w = &server->workers[router_home(&server->workers[0], key)];
    uint64_t all_ms = (uint64_t)from->resume_s * 1000, left_ms = (uint64_t)from->left_ms;
    struct session *s = MEMORY_NEW(struct session);
    s->worker = w;
    s->sm = sm_of(w, from);
    s->resume_s = (uint32_t)from->resume_s;
    s->since_ms = loop_ms(w, from->since_ms);
    s->client_id = from->client.len > 0 ? strdup(from->client.ptr) : NULL;
    if (from->client.len > 0 && !s->client_id)
        memory_exhausted();
    s->available = from->available;
    s->priority = (int8_t)from->priority;
    s->standing = (uint64_t)from->standing;
    keep_order(w, from);
    s->presence = from->presence.len > 0 ? block_new(from->presence) : NULL;
    add_directed(s, from->directed);
    pressure_init(&s->pressure);
    user_add(w, key, s);
    w->shown_sessions++;
    resume_part(s, address, worker_now_ms(w) - (left_ms < all_ms ? all_ms - left_ms : 0), 0);
}

/* What was found in the store. */
struct load {
    struct server *server;
    struct buf after; /* the id of the last session that was read */
    size_t taken, damaged;
    const char *fault; /* of the first that is damaged */
};

static void load_one(struct load *l, const struct store_session *from)
{
    struct jid jid = {0};
    const char *fault = restart_row_fault(from, l->server->domain, &jid);
    if (!fault) {
        revive(l->server, from, jid_full(&jid));
        l->taken++;
    } else if (l->damaged++ == 0) {
        l->fault = fault;
    }
    jid_finish(&jid);
}

/* Goes on behind the last session of the page; false when that is no further than before, as ids
 * are that are none. */
static bool advance(struct load *l, const struct store_sessions *page)
{
    struct str last = page->sessions[page->count - 1].id, before = buf_peek(&l->after);
    size_t len = last.len < before.len ? last.len : before.len;
    int order = len > 0 ? memcmp(last.ptr, before.ptr, len) : 0;
    if (order < 0 || (order == 0 && last.len <= before.len))
        return false;
    buf_reset(&l->after);
    buf_str(&l->after, last);
    if (l->after.failed)
        memory_exhausted();
    return true;
}

static enum store_result load_page(struct load *l, bool *ret_more, struct store_fault *fault)
{
    struct store *store = ops_store(l->server->ops);
    struct store_sessions page;
    struct arena a = {0};
    enum store_result result = store->ops->sessions(store, str_from(l->server->domain),
                                                    buf_peek(&l->after), PAGE, &a, &page, fault);
    *ret_more = result == STORE_OK && page.more;
    if (*ret_more)
        *ret_more = advance(l, &page);
    for (size_t i = 0; result == STORE_OK && i < page.count; i++)
        load_one(l, &page.sessions[i]);
    arena_finish(&a);
    return result;
}

static void tell(const struct load *l)
{
    const struct log_sink *log = &l->server->log;
    if (l->taken > 0)
        log_printf(log, LOG_NOTICE, "c2s", 0, "sessions of before that may be resumed: %zu",
                   l->taken);
    if (l->damaged > 0)
        log_printf(log, LOG_ERROR, "c2s", 0,
                   "the store held damaged sessions, which are lost: %zu; of the first, %s",
                   l->damaged, l->fault);
}

static enum store_result load_all(struct load *l, struct store_fault *fault)
{
    struct store *store = ops_store(l->server->ops);
    struct store_write clear = {.change = STORE_SESSIONS_CLEAR}, *one = &clear;
    enum store_result result = STORE_OK;
    for (bool more = true; result == STORE_OK && more;)
        result = load_page(l, &more, fault);
    if (result == STORE_OK)
        result = store->ops->commit(store, &one, 1, fault);
    return result == STORE_OK ? clear.result : result;
}

/* The store has them still: they are not to be written to it again. */
static void put_back(struct server *server)
{
    for (unsigned i = 0; i < server->worker_count; i++)
        for (struct session *s; (s = resume_oldest(&server->workers[i]));)
            session_discard(s);
}

enum linnet_error_code restart_load(struct server *server, struct linnet_error *error)
{
    struct store_fault fault = {""};
    struct load load = {.server = server};
    buf_init(&load.after, 0, false);
    enum store_result result = load_all(&load, &fault);
    buf_finish(&load.after);
    if (result == STORE_NO_MEMORY)
        memory_exhausted();
    if (result == STORE_OK) {
        tell(&load);
        return LINNET_OK;
    }
    put_back(server);
    return error_set(error, LINNET_ERROR_STORE, LINNET_ORIGIN_HERE, "reason", fault.text, NULL);
}
