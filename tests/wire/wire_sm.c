#include "tests/wire/wire_sm.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static bool starts(const char *text, const char *word)
{
    size_t len = strlen(word);
    return strncmp(text, word, len) == 0 && (text[len] == ' ' || text[len] == '\0');
}

static uint64_t number(const char *text)
{
    return text ? strtoull(text, NULL, 10) : 0;
}

/* ---- settings ---- */

bool wire_sm_setting(struct wire_sm *s, const char *key, char *value)
{
    struct {
        const char *key, **to;
    } texts[] = {
        {"sm-id", &s->id},
        {"sm-max", &s->max},
        {"resume", &s->address},
        {"old-h", &s->old_h},
        {"client-sent", &s->sent[STREAM_CLIENT]},
        {"server-sent", &s->sent[STREAM_SERVER]},
        {"client-handled", &s->handled[STREAM_CLIENT]},
        {"server-handled", &s->handled[STREAM_SERVER]},
    };
    struct {
        const char *key;
        bool *to;
    } switches[] = {
        {"sm", &s->on}, {"sm-refused", &s->refused}, {"hold", &s->hold}, {"resume-gone", &s->gone}};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (strcmp(key, texts[i].key) == 0)
            return *texts[i].to = value, true;
    for (size_t i = 0; i < ARRAY_LEN(switches); i++)
        if (strcmp(key, switches[i].key) == 0)
            return *switches[i].to = strcmp(value, "on") == 0, true;
    enum stream_side side = strncmp(key, "server-", 7) == 0 ? STREAM_SERVER : STREAM_CLIENT;
    if (strcmp(key, "client-unacked") != 0 && strcmp(key, "server-unacked") != 0)
        return false;
    assert(s->unacked_count[side] < WIRE_UNACKED_MAX);
    s->unacked[side][s->unacked_count[side]++] = value;
    return true;
}

/* ---- the session ---- */

void wire_session_begin(struct wire_session *w, const struct wire_sm *script, enum stream_side side)
{
    *w = (struct wire_session){.script = script, .side = side};
    if (!script->address)
        return;
    w->old = sm_new(NULL);
    assert(w->old);
    sm_restore(w->old, number(script->sent[side]), number(script->handled[side]));
    bool good = sm_set_id(w->old, str_from(script->id));
    for (size_t i = 0; good && i < script->unacked_count[side]; i++)
        good = sm_sent(w->old, str_from(script->unacked[side][i]), 0, 0) == SM_OK;
    assert(good);
    sm_detach(w->old);
}

void wire_session_finish(struct wire_session *w)
{
    sm_unref(w->old);
    sm_unref(w->begun);
}

void wire_session_configure(const struct wire_session *w, struct stream_config *c)
{
    c->sm = c->fast_path.sm = w->script->on;
    c->fast_path.resume = w->old;
    c->fast_path.resume_address = str_from(w->script->address);
}

static bool resumes(struct wire_session *w, const struct stream_session_info *asked)
{
    return asked->resumes && w->old && !w->script->gone &&
           str_eq(asked->resume_id, sm_id(w->old)) &&
           sm_resume(w->old, asked->resume_h, 0) == SM_OK;
}

void wire_session_answer(struct wire_session *w, const struct stream_session_info *asked,
                         struct stream_session_answer *ret)
{
    const struct wire_sm *s = w->script;
    if (resumes(w, asked)) {
        ret->resumed = w->old;
        ret->resumed_address = str_from(s->address);
        return;
    }
    ret->old_known = s->old_h != NULL;
    ret->old_h = (uint32_t)number(s->old_h);
    if (!asked->enables || s->refused)
        return;
    sm_unref(w->begun);
    ret->sm = w->begun = sm_new(NULL);
    bool good = w->begun && (!asked->resumable || sm_set_id(w->begun, str_from(s->id)));
    assert(good);
    ret->sm_max_s = (uint32_t)number(s->max);
}

static void heard(struct wire_session *w, struct stream *stream, const struct element *stanza)
{
    const char *id = element_attr(stanza, "id");
    size_t len = strlen(w->heard);
    snprintf(w->heard + len, sizeof w->heard - len, " %s", id ? id : "?");
    if (!w->script->hold)
        stream_handled(stream, 1);
}

void wire_session_event(struct wire_session *w, struct stream *stream,
                        const struct stream_event *ev)
{
    uint64_t tag;
    if (ev->kind == STREAM_EVENT_STANZA)
        heard(w, stream, ev->element);
    else if (ev->kind == STREAM_EVENT_MANAGED)
        w->managed = true;
    else if (ev->kind == STREAM_EVENT_RESUME_FAILED)
        w->resume_refused = true;
    while (ev->kind == STREAM_EVENT_ACKED && stream_sm(stream) &&
           sm_next_acked(stream_sm(stream), &tag))
        w->acked++;
}

/* ---- lines ---- */

bool wire_session_act(struct wire_session *w, struct stream *stream, uint64_t *now_ms,
                      const char *words)
{
    const char *rest = words + strcspn(words, " ");
    (void)w;
    if (starts(words, "sends"))
        stream_send_bytes(stream, *now_ms, str_from(rest + 1), 0);
    else if (starts(words, "handles"))
        stream_handled(stream, (uint32_t)number(rest));
    else if (starts(words, "waits"))
        stream_tick(stream, *now_ms += number(rest));
    else if (starts(words, "closes"))
        stream_close(stream, *now_ms, STREAM_OK, STR_NONE);
    else
        return false;
    return true;
}

static void show_managed(const struct wire_session *w, const struct stream *stream, char *out,
                         size_t size)
{
    const struct sm *sm = stream_sm(stream);
    if (!sm || (!w->managed && w->side == STREAM_CLIENT))
        snprintf(out, size, "unmanaged");
    else
        snprintf(out, size, "managed %s", sm_id(sm).len > 0 ? sm_id(sm).ptr : "-");
}

bool wire_session_state(struct wire_session *w, const struct stream *stream, const char *want,
                        char *out, size_t size)
{
    const struct sm *sm = stream_sm(stream) ? stream_sm(stream) : w->old;
    if (starts(want, "counts")) {
        snprintf(out, size, "counts %u", sm ? sm_h(sm) : 0);
    } else if (starts(want, "holds")) {
        snprintf(out, size, "holds %zu", sm ? sm_pending(sm) : 0);
    } else if (starts(want, "unmanaged") || starts(want, "managed")) {
        show_managed(w, stream, out, size);
    } else if (starts(want, "heard")) {
        snprintf(out, size, "heard%s", w->heard);
        w->heard[0] = '\0';
    } else if (starts(want, "acked")) {
        snprintf(out, size, "acked %u", w->acked);
        w->acked = 0;
    } else if (starts(want, "resume")) {
        snprintf(out, size, "resume %s%s", w->resume_refused ? "refused" : "(not refused)",
                 stream_sm_old_known(stream) ? " known" : "");
    } else {
        return false;
    }
    return true;
}
