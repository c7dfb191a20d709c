#include "core/feat_sm.h"

#include "core/sign_in.h"

/* Stream management (XEP-0198) on a stream, both halves: begun and resumed by elements of its own,
 * or inside of SASL2 and Bind 2. What is counted is in sm.h; here it meets the wire. */

/* ---- what both halves do while it is on ---- */

void sm_begin(struct stream *s, struct sm *sm)
{
    s->sm = sm_ref(sm);
}

void sm_end(struct stream *s)
{
    sm_unref(s->sm);
    s->sm = NULL;
    s->sm_counts_in = false;
}

static void write_value(struct stream *s, const struct sm_element *v)
{
    struct arena a;
    stream_scratch(&a);
    stream_write_built(s, &a, sm_build(&a, v));
}

bool sm_note_sent(struct stream *s, struct str xml, uint64_t tag)
{
    if (!s->sm)
        return true;
    enum sm_result r = sm_sent(s->sm, xml, tag, s->now_ms);
    if (r == SM_NO_MEMORY)
        stream_out_of_memory(s);
    else if (r == SM_FULL)
        stream_close(s, s->now_ms, STREAM_RESOURCE_CONSTRAINT,
                     STR_LIT("Too much was sent that was never acknowledged."));
    return r == SM_OK;
}

void sm_ask_now(struct stream *s)
{
    write_value(s, &(struct sm_element){.kind = SM_REQUEST});
    sm_requested(s->sm, s->now_ms);
}

void sm_ask(struct stream *s)
{
    if (s->sm && s->phase == PHASE_READY && sm_wants_request(s->sm, s->now_ms))
        sm_ask_now(s);
}

uint64_t sm_due_ms(const struct stream *s)
{
    return s->sm && s->phase == PHASE_READY ? sm_deadline_ms(s->sm) : UINT64_MAX;
}

/* XEP-0198 §4: the last thing that a stream says is how far it came. Nothing follows its close tag.
 */
void sm_tell(struct stream *s)
{
    if (s->sm && s->sm_counts_in && s->phase < PHASE_CLOSING)
        write_value(s, &(struct sm_element){.kind = SM_ANSWER, .h = sm_h(s->sm)});
}

/* A peer that asks and does not read what it asked for is not hoarded for: one answer does for all
 * its questions, when there is place for it. */
enum { ANSWER_PENDING_BYTES = 16384 };

static void answer(struct stream *s)
{
    s->sm_owes_answer = buf_len(&s->out) > ANSWER_PENDING_BYTES;
    if (!s->sm_owes_answer)
        sm_tell(s);
}

void sm_tell_late(struct stream *s)
{
    if (s->sm_owes_answer)
        answer(s);
}

static void too_high(struct stream *s, const struct sm *sm, uint32_t h)
{
    struct arena a;
    stream_scratch(&a);
    stream_fail_with(s, STREAM_UNDEFINED_CONDITION, sm_build_too_high(&a, h, sm_sent_count(sm)),
                     "more stanzas were acknowledged than were sent");
    arena_finish(&a);
}

static void acked(struct stream *s, uint32_t h)
{
    if (sm_acked(s->sm, h) == SM_TOO_HIGH)
        too_high(s, s->sm, h);
    else
        stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_ACKED});
}

/* What the other stream left unacknowledged goes out once more, uncounted: it has its numbers. */
static void resend(struct stream *s)
{
    struct sm_cursor c = {0};
    struct sm_entry entry;
    while (sm_next(s->sm, &c, &entry)) {
        stream_trace_text(s, STREAM_SENT, entry.xml);
        buf_str(&s->out, entry.xml);
    }
    if (s->out.failed)
        stream_out_of_memory(s);
    sm_ask(s);
}

static void go_on(struct stream *s, struct sm *sm)
{
    sm_begin(s, sm);
    s->sm_counts_in = true;
    s->login->bind.bound = true;
    s->path |= STREAM_PATH_RESUMED;
    stream_become_ready(s);
    stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_ACKED});
    resend(s);
}

/* ---- client ---- */

static const struct stream_fast_path *wanted(const struct stream *s)
{
    return &s->config->fast_path;
}

bool sm_can_resume(const struct stream *s)
{
    return wanted(s)->resume && sm_id(wanted(s)->resume).len > 0 && !s->sm_resume_failed;
}

struct element *sm_resume_request(const struct stream *s, struct arena *a)
{
    const struct sm_element v = {
        .kind = SM_RESUME, .id = sm_id(wanted(s)->resume), .h = sm_h(wanted(s)->resume)};
    return sm_build(a, &v);
}

struct element *sm_enable_request(const struct stream *s, struct arena *a)
{
    return sm_build(a, &(struct sm_element){.kind = SM_ENABLE, .resume = !wanted(s)->sm_brief});
}

bool sm_client_begin(struct stream *s)
{
    struct sm *sm = sm_new(&wanted(s)->sm_limits);
    if (sm)
        sm_begin(s, sm);
    else
        stream_out_of_memory(s);
    sm_unref(sm);
    return sm != NULL;
}

void sm_client_enable(struct stream *s, bool offered)
{
    if (!offered || !wanted(s)->sm || s->sm || stream_over(s) || !sm_client_begin(s))
        return;
    struct arena a;
    stream_scratch(&a);
    stream_write_built(s, &a, sm_enable_request(s, &a));
}

void sm_client_enabled(struct stream *s, const struct element *e)
{
    struct sm_element v;
    if (!s->sm || s->sm_counts_in || !sm_read(e, &v))
        return;
    if (v.kind == SM_FAILED)
        sm_end(s);
    if (v.kind != SM_ENABLED)
        return;
    s->sm_counts_in = true;
    if (v.resume && !sm_set_id(s->sm, v.id)) {
        stream_out_of_memory(s);
        return;
    }
    stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_MANAGED});
}

/* The address of the session that goes on; false: the stream has ended. */
static bool take_address(struct stream *s, struct str address)
{
    if (jid_parse(address, &s->jid) == JID_OK)
        return true;
    stream_out_of_memory(s); /* it was one before */
    return false;
}

void sm_client_resumed(struct stream *s, const struct element *e)
{
    struct sm *sm = wanted(s)->resume;
    struct sm_element v;
    if (!sm_read(e, &v) || v.kind != SM_RESUMED || !str_eq(v.id, sm_id(sm))) {
        stream_fail_protocol(s, STREAM_OK, "the server resumed something else than was asked for");
        return;
    }
    if (!take_address(s, wanted(s)->resume_address))
        return;
    enum sm_result result = sm_resume(sm, v.h, s->now_ms);
    if (result == SM_TOO_HIGH)
        too_high(s, sm, v.h);
    else if (result != SM_OK)
        stream_fail_protocol(s, STREAM_OK, "the server lost stanzas that it had confirmed");
    else
        go_on(s, sm);
}

/* The old session is gone; `h`, where it is told, says which of its stanzas arrived. */
void sm_client_failed(struct stream *s, const struct element *e)
{
    struct sm_element v;
    s->sm_resume_failed = true;
    if (sm_read(e, &v) && v.kind == SM_FAILED && v.has_h)
        s->sm_old_known = sm_acked(wanted(s)->resume, v.h) == SM_OK;
    stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_RESUME_FAILED});
}

/* Before binding: go on with a session that was broken off (XEP-0198 §5). */
static enum feature_choice choose(struct stream *s, const struct element *offer)
{
    if (!offer || s->login->bind.bound || !sm_can_resume(s))
        return FEATURE_SKIP;
    stream_enter(s, LINNET_STAGE_BIND);
    struct arena a;
    stream_scratch(&a);
    stream_write_built(s, &a, sm_resume_request(s, &a));
    return stream_over(s) ? FEATURE_FAILED : FEATURE_STARTED;
}

static void client_handle(struct stream *s, const struct element *e)
{
    if (sm_kind(e) == SM_RESUMED) {
        sm_client_resumed(s, e);
    } else if (sm_kind(e) == SM_FAILED) {
        sm_client_failed(s, e);
        feature_negotiate(s);
    } else {
        stream_fail_protocol(s, STREAM_OK, "the server broke the order of stream management");
    }
}

/* ---- server ---- */

static bool offers(const struct stream *s)
{
    return s->config->sm && s->authenticated && !s->sm;
}

static struct element *offer(const struct stream *s, struct arena *a)
{
    (void)s;
    return element_new(a, NS_SM, "sm");
}

bool sm_server_resumed(struct stream *s, const struct stream_session_answer *answer)
{
    return take_address(s, answer->resumed_address);
}

struct element *sm_resumed_answer(struct arena *a, const struct sm *sm)
{
    return sm_build(a, &(struct sm_element){.kind = SM_RESUMED, .id = sm_id(sm), .h = sm_h(sm)});
}

struct element *sm_failed_answer(struct arena *a, const struct stream_session_answer *answer)
{
    return sm_build(a, &(struct sm_element){.kind = SM_FAILED,
                                            .has_h = answer->old_known,
                                            .h = answer->old_h,
                                            .condition = STANZA_ITEM_NOT_FOUND});
}

struct element *sm_enabled_answer(struct arena *a, const struct stream_session_answer *answer)
{
    if (!answer->sm)
        return sm_build(
            a, &(struct sm_element){.kind = SM_FAILED, .condition = STANZA_INTERNAL_SERVER_ERROR});
    struct str id = sm_id(answer->sm);
    return sm_build(a, &(struct sm_element){.kind = SM_ENABLED,
                                            .resume = id.len > 0,
                                            .id = id.len > 0 ? id : STR_NONE,
                                            .max_s = answer->sm_max_s});
}

void sm_server_go_on(struct stream *s, struct sm *sm)
{
    go_on(s, sm);
}

static void fail(struct stream *s, enum stanza_condition c)
{
    write_value(s, &(struct sm_element){.kind = SM_FAILED, .condition = c});
}

/* Whether <resume/> was tried more often than anybody needs who has an id. */
static bool guesses(struct stream *s)
{
    enum { RESUME_TRIES_MAX = 10 };
    if (++s->sm_tries <= RESUME_TRIES_MAX)
        return false;
    stream_fail_protocol(s, STREAM_POLICY_VIOLATION, "too many attempts to resume a session");
    return true;
}

static void ask_session(struct stream *s, const struct sm_element *v)
{
    bool resumes = v->kind == SM_RESUME;
    if (resumes && guesses(s))
        return;
    const struct stream_session_info info = {
        .username = stream_username(s),
        .enables = !resumes,
        .resumable = v->resume,
        .max_s = v->max_s,
        .resumes = resumes,
        .resume_id = resumes ? str_of(arena_dup(&s->header_arena, v->id), v->id.len) : STR_NONE,
        .resume_h = v->h,
    };
    if (s->header_arena.failed)
        stream_out_of_memory(s);
    else
        stream_ask_session(s, &info);
}

/* Before READY only <resume/> makes sense, after it only <enable/>. */
static void server_handle(struct stream *s, const struct element *e)
{
    struct sm_element v;
    bool ready = s->phase == PHASE_READY;
    bool good = sm_read(e, &v);
    if (!s->authenticated && !ready)
        stream_fail_protocol(s, STREAM_NOT_AUTHORIZED, "stream management came before sign-in");
    else if (good && v.kind == SM_ENABLE && ready && s->sm_offered && !s->sm)
        ask_session(s, &v);
    else if (good && v.kind == SM_RESUME && !ready && s->config->sm)
        ask_session(s, &v);
    else
        fail(s, STANZA_UNEXPECTED_REQUEST);
}

static void answer_session(struct stream *s, const struct stream_session_answer *answer)
{
    struct arena a;
    stream_scratch(&a);
    if (s->session->resumes && answer->resumed) {
        struct element *e = sm_resumed_answer(&a, answer->resumed);
        bool good = sm_server_resumed(s, answer);
        stream_write_built(s, &a, e);
        if (good && !stream_over(s))
            go_on(s, answer->resumed);
    } else if (s->session->resumes) {
        stream_write_built(s, &a, sm_failed_answer(&a, answer));
    } else {
        stream_write_built(s, &a, sm_enabled_answer(&a, answer));
        if (answer->sm) {
            sm_begin(s, answer->sm);
            s->sm_counts_in = true;
        }
    }
}

void sm_answer_session(struct stream *s, const struct stream_session_answer *answer)
{
    answer_session(s, answer);
    if (s->phase == PHASE_READY && !stream_is_client(s))
        arena_finish(&s->header_arena); /* an idle session keeps nothing of its questions */
}

/* ---- after READY ---- */

void sm_ready_element(struct stream *s, const struct element *e)
{
    struct sm_element v;
    bool on = s->sm && s->sm_counts_in;
    enum sm_kind kind = sm_kind(e);
    if (on && kind == SM_REQUEST) {
        answer(s);
    } else if (s->sm && kind == SM_ANSWER) {
        if (sm_read(e, &v))
            acked(s, v.h);
        else
            stream_fail_protocol(s, STREAM_BAD_FORMAT, "an acknowledgement holds no count");
        if (!stream_over(s))
            sm_ask(s);
    } else if (stream_is_client(s)) {
        sm_client_enabled(s, e);
    } else if (s->phase == PHASE_READY) {
        server_handle(s, e);
    }
}

const struct feature feature_sm = {
    .name = "sm",
    .ns = NS_SM,
    .offers = offers,
    .offer = offer,
    .choose = choose,
    .handle = {client_handle, server_handle},
};
