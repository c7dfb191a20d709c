#include "core/feat_sm.h"

/* Events, wants and their answers: each goes to the feature that asked. */

/* ---- events ---- */

void stream_emit(struct stream *s, struct stream_event e)
{
    /* The queue holds what one item of input can cause; CLOSED always finds a place, since it is
     * the last and nothing is queued after it. */
    bool last = e.kind == STREAM_EVENT_CLOSED;
    if (!last && (stream_over(s) || s->event_count == STREAM_EVENTS_MAX))
        return;
    if (s->event_count == STREAM_EVENTS_MAX)
        s->event_count--;
    s->events[(s->event_first + s->event_count) % STREAM_EVENTS_MAX] = e;
    s->event_count++;
}

void stream_ask(struct stream *s, struct stream_event e, bool drains)
{
    e.id = ++s->last_want_id;
    s->want = (struct stream_want){.event = e, .drains = drains};
}

void stream_ask_session(struct stream *s, const struct stream_session_info *info)
{
    struct stream_session_info *copy = ARENA_NEW(&s->header_arena, struct stream_session_info);
    if (!copy) {
        stream_out_of_memory(s);
        return;
    }
    *copy = *info;
    s->session = copy;
    stream_ask(s, (struct stream_event){.kind = STREAM_WANT_SESSION, .session = copy}, false);
}

bool stream_event(struct stream *s, struct stream_event *ret)
{
    if (s->event_count > 0) {
        *ret = s->events[s->event_first];
        s->event_first = (s->event_first + 1) % STREAM_EVENTS_MAX;
        s->event_count--;
        return true;
    }
    struct stream_want *w = &s->want;
    if (w->event.kind != STREAM_EVENT_NONE && !w->told && !(w->drains && buf_len(&s->out) > 0)) {
        w->told = true;
        *ret = w->event;
        return true;
    }
    *ret = (struct stream_event){0};
    return false;
}

/* ---- answers ---- */

bool stream_waiting(const struct stream *s)
{
    return s->want.event.kind != STREAM_EVENT_NONE;
}

/* Closes the open want if `id` names it; the login's clock for the peer starts anew. */
static bool want_take(struct stream *s, uint64_t now_ms, enum stream_event_kind kind, uint64_t id)
{
    if (s->want.event.kind != kind || s->want.event.id != id || !s->want.told)
        return false;
    s->now_ms = now_ms;
    s->want = (struct stream_want){0};
    stream_progress(s);
    return true;
}

bool stream_answer_tls(struct stream *s, uint64_t now_ms, uint64_t id, enum stream_tls_phase phase,
                       const struct tls_facts *facts, const struct linnet_error *error)
{
    bool open = s->want.event.kind == STREAM_WANT_TLS && s->want.event.id == id && s->want.told;
    if (phase == STREAM_TLS_EARLY) {
        if (!open || !facts || !starttls_early_allowed(s, facts))
            return false;
        want_take(s, now_ms, STREAM_WANT_TLS, id);
        starttls_early(s, id, facts);
        return true;
    }
    if (s->early_want && s->early_want == id) {
        s->now_ms = now_ms;
        s->early_want = 0;
        starttls_early_finished(s, facts, error);
        return true;
    }
    if (!want_take(s, now_ms, STREAM_WANT_TLS, id))
        return false;
    starttls_answered(s, facts, error);
    return true;
}

bool stream_answer_verify(struct stream *s, uint64_t now_ms, uint64_t id, bool accept)
{
    if (!want_take(s, now_ms, STREAM_WANT_VERIFY, id))
        return false;
    starttls_verified(s, accept);
    return true;
}

bool stream_answer_secret(struct stream *s, uint64_t now_ms, uint64_t id,
                          const struct sasl_secret *secret)
{
    if (!want_take(s, now_ms, STREAM_WANT_SECRET, id))
        return false;
    sign_in_answer_secret(s, secret);
    return true;
}

bool stream_answer_derive(struct stream *s, uint64_t now_ms, uint64_t id, const uint8_t *key)
{
    if (!want_take(s, now_ms, STREAM_WANT_DERIVE, id))
        return false;
    sign_in_answer_derive(s, key);
    return true;
}

bool stream_answer_admit(struct stream *s, uint64_t now_ms, uint64_t id, enum sasl_error verdict,
                         struct str text)
{
    if (!want_take(s, now_ms, STREAM_WANT_ADMIT, id))
        return false;
    sign_in_answer_admit(s, verdict, text);
    return true;
}

bool stream_answer_session(struct stream *s, uint64_t now_ms, uint64_t id,
                           const struct stream_session_answer *answer)
{
    if (!want_take(s, now_ms, STREAM_WANT_SESSION, id))
        return false;
    if (sign_in_waits_for_session(s))
        sign_in_answer_session(s, answer);
    else if (!s->session->binds)
        sm_answer_session(s, answer);
    else
        bind_answer_session(s, answer);
    return true;
}

bool stream_answer_upgrade(struct stream *s, uint64_t now_ms, uint64_t id,
                           const struct stream_upgrade_answer *answer)
{
    if (!want_take(s, now_ms, STREAM_WANT_UPGRADE, id))
        return false;
    upgrade_answer(s, answer);
    return true;
}

bool stream_answer_upgraded(struct stream *s, uint64_t now_ms, uint64_t id, bool stored)
{
    if (!want_take(s, now_ms, STREAM_WANT_UPGRADED, id))
        return false;
    upgrade_answer_stored(s, stored);
    return true;
}

bool stream_answer_token(struct stream *s, uint64_t now_ms, uint64_t id,
                         const struct stream_token_answer *answer)
{
    if (!want_take(s, now_ms, STREAM_WANT_TOKEN, id))
        return false;
    sign_in_answer_token(s, answer);
    return true;
}

/* No feature raises this want yet, so no id can be its. */
bool stream_answer_register(struct stream *s, uint64_t now_ms, uint64_t id,
                            enum stanza_condition verdict, struct str text)
{
    (void)verdict;
    (void)text;
    return want_take(s, now_ms, STREAM_WANT_REGISTER, id);
}
