#include "server/store/store_mem_sessions.h"

#include <stdlib.h>

struct mem_session {
    struct mem_session *next;
    struct arena memory; /* of all it holds */
    struct str domain;
    struct store_session session;
};

static int by_id(struct str a, struct str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.ptr, b.ptr, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static struct str copy(struct arena *a, struct str s)
{
    char *bytes = arena_dup(a, str_of(s.ptr ? s.ptr : "", s.len));
    return bytes ? str_of(bytes, s.len) : STR_LIT("");
}

struct store_session mem_session_copy(struct arena *a, const struct store_session *from)
{
    struct store_session to = *from;
    to.user = copy(a, from->user);
    to.id = copy(a, from->id);
    to.resource = copy(a, from->resource);
    to.client = copy(a, from->client);
    to.presence = copy(a, from->presence);
    to.directed = copy(a, from->directed);
    to.stanzas = arena_alloc(a, from->stanza_count * sizeof *to.stanzas);
    for (size_t i = 0; !a->failed && i < from->stanza_count; i++) {
        to.stanzas[i] = from->stanzas[i];
        to.stanzas[i].xml = copy(a, from->stanzas[i].xml);
    }
    return to;
}

static void session_free(struct mem_session *s)
{
    if (!s)
        return;
    arena_finish(&s->memory);
    free(s);
}

enum store_result mem_sessions_add(struct mem_sessions *m, struct str domain,
                                   const struct store_session *session)
{
    struct mem_session **at = &m->first;
    while (*at && by_id((*at)->session.id, session->id) < 0)
        at = &(*at)->next;
    if (*at && str_eq((*at)->session.id, session->id))
        return STORE_EXISTS;
    struct mem_session *s = calloc(1, sizeof *s);
    if (s) {
        s->domain = copy(&s->memory, domain);
        s->session = mem_session_copy(&s->memory, session);
    }
    if (!s || s->memory.failed) {
        session_free(s);
        return STORE_NO_MEMORY;
    }
    s->next = *at;
    *at = s;
    return STORE_OK;
}

void mem_sessions_clear(struct mem_sessions *m)
{
    while (m->first) {
        struct mem_session *s = m->first;
        m->first = s->next;
        session_free(s);
    }
}

bool mem_sessions_read(const struct mem_sessions *m, const struct mem_sessions_ask *ask,
                       struct arena *a, struct store_sessions *ret)
{
    *ret = (struct store_sessions){.sessions = arena_alloc(a, ask->limit * sizeof *ret->sessions)};
    for (const struct mem_session *s = m->first; s && !a->failed; s = s->next) {
        if (!str_eq(s->domain, ask->domain) || by_id(s->session.id, ask->after) <= 0 ||
            !ask->may_sign_in(ask->ctx, s->domain, s->session.user))
            continue;
        if (ret->count == ask->limit) {
            ret->more = true;
            break;
        }
        ret->sessions[ret->count++] = mem_session_copy(a, &s->session);
    }
    return !a->failed;
}
