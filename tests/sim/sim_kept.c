#include "tests/sim/sim.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const char agent[] = "d4565fa7-4d72-4749-b3d3-740edbf87770";

void sim_kept_finish(struct sim_kept *k)
{
    buf_finish(&k->features);
    sm_unref(k->sm);
    k->sm = NULL;
}

static void broken(struct sim_end *e, const char *what)
{
    if (!e->kept.broken)
        e->kept.broken = what;
}

/* ---- messages ---- */

static uint64_t tag_of(unsigned epoch, unsigned number)
{
    return (uint64_t)epoch << 16 | number;
}

static struct str message(uint64_t tag, char out[static 80])
{
    int len = snprintf(out, 80, "<message id='%llu'><body>&lt;art&gt; &amp; thou</body></message>",
                       (unsigned long long)tag);
    return str_of(out, (size_t)len);
}

/* In each epoch from 0 on, without a gap; and no epoch after a later one. */
static void on_stanza(struct sim_end *e, const struct element *stanza)
{
    struct sim_kept *k = &e->kept;
    const char *id = element_attr(stanza, "id");
    uint64_t tag = id ? strtoull(id, NULL, 10) : UINT64_MAX;
    unsigned epoch = (unsigned)(tag >> 16);
    if (epoch >= SIM_EPOCHS || (tag & 0xffff) != k->received[epoch] ||
        (epoch == 0 && k->received[1] > 0))
        broken(e, "messages were lost, doubled or overtook each other");
    else
        k->received[epoch]++;
}

/* What is acknowledged is in the hands of the peer. */
static void take_acked(struct sim_end *e, struct sm *sm)
{
    uint64_t tag;
    while (sm && sm_next_acked(sm, &tag))
        if ((tag & 0xffff) >= e->peer->kept.received[tag >> 16])
            broken(e, "a message was acknowledged that did not arrive");
}

/* After a resumption that failed: what is left is what did not arrive, no more and no less. */
static void resume_failed(struct sim_end *e)
{
    struct sim_kept *k = &e->kept;
    if (!stream_sm_old_known(e->stream))
        return;
    take_acked(e, k->sm);
    k->resend = true;
    if (sm_pending(k->sm) != k->sent[0] - e->peer->kept.received[0])
        broken(e, "a refusal with a count left the rest unknown");
}

static void keep_features(struct sim_end *e, const struct element *features)
{
    if (!element_child(features, NS_IAP, "config-version"))
        return;
    buf_reset(&e->kept.features);
    xml_print(&e->kept.features, features, NS_CLIENT);
}

void sim_kept_event(struct sim_end *e, const struct stream_event *ev)
{
    struct sim_kept *k = &e->kept;
    switch (ev->kind) {
    case STREAM_EVENT_STANZA:
        on_stanza(e, ev->element);
        break;
    case STREAM_EVENT_ACKED:
        take_acked(e, stream_sm(e->stream));
        break;
    case STREAM_EVENT_RESUME_FAILED:
        resume_failed(e);
        break;
    case STREAM_EVENT_FEATURES:
        keep_features(e, ev->element);
        break;
    case STREAM_EVENT_TOKEN:
        snprintf(k->token, sizeof k->token, "%.*s", STR_ARG(ev->issued->token));
        snprintf(k->mechanism, sizeof k->mechanism, "%s", ev->issued->mechanism);
        k->count = 0;
        break;
    case STREAM_EVENT_TOKEN_REFUSED:
        k->token[0] = '\0';
        break;
    default:
        break;
    }
}

/* What the session before left over goes first. */
static void resend(struct sim_end *e, uint64_t now_ms)
{
    struct sm_cursor c = {0};
    struct sm_entry entry;
    while (e->kept.sm && e->kept.resend && sm_next(e->kept.sm, &c, &entry))
        stream_send_bytes(e->stream, now_ms, entry.xml, entry.tag);
}

void sim_kept_ready(struct sim_end *e, uint64_t now_ms)
{
    struct sim_kept *k = &e->kept;
    char text[80];
    if (!(stream_path(e->stream) & STREAM_PATH_RESUMED))
        resend(e, now_ms);
    sm_unref(k->sm); /* the stream has it, or it is over */
    k->sm = NULL;
    for (unsigned i = 0; i < e->test->messages; i++) {
        uint64_t tag = tag_of(e->epoch, k->sent[e->epoch]);
        if (stream_send_bytes(e->stream, now_ms, message(tag, text), tag))
            k->sent[e->epoch]++;
    }
}

/* ---- from one connection to the next ---- */

void sim_kept_leave(struct sim_end *e, uint64_t now_ms)
{
    struct sim_kept *k = &e->kept;
    struct sm *sm = stream_sm(e->stream);
    char text[80];
    sm_unref(k->sm);
    k->sm = NULL;
    if (!sm || sm_id(sm).len == 0)
        return;
    k->sm = sm_ref(sm);
    snprintf(k->address, sizeof k->address, "%s", e->jid);
    sm_handled(sm, sm_unfinished(sm));
    sm_detach(sm);
    for (uint64_t more = sim_below(e->rng, 4); more > 0; more--) {
        uint64_t tag = tag_of(e->epoch, k->sent[e->epoch]);
        if (sm_sent(sm, message(tag, text), tag, now_ms) == SM_OK)
            k->sent[e->epoch]++;
    }
}

/* The value that the server showed, as if it were one of before. */
static void make_stale(struct buf *features)
{
    struct str all = buf_peek(features);
    char *value = memmem(all.ptr, all.len, "value='", 7);
    assert(value);
    memcpy(value + 7, "stale", 5);
}

static void client_configure(struct sim_end *e, struct stream_fast_path *f)
{
    struct sim_kept *k = &e->kept;
    *f = (struct stream_fast_path){
        .off = !e->test->sasl2[STREAM_CLIENT],
        .agent_id = STR_LIT(agent),
        .want_token = e->test->fast,
        .sm = e->test->sm[STREAM_CLIENT],
        .resume = k->sm,
        .resume_address = str_from(k->address),
    };
    if (k->token[0]) {
        f->token = str_from(k->token);
        f->token_mechanism = str_from(k->mechanism);
        f->token_count = ++k->count;
    }
    if (!e->test->known || buf_len(&k->features) == 0)
        return;
    if (e->test->known_stale)
        make_stale(&k->features);
    f->known_features = buf_peek(&k->features);
}

void sim_kept_configure(struct sim_end *e, struct stream_config *c)
{
    if (e->side == STREAM_CLIENT)
        client_configure(e, &c->fast_path);
    c->no_sasl2 = !e->test->sasl2[STREAM_SERVER];
    c->fast = e->test->fast;
    c->sm = e->test->sm[STREAM_SERVER];
}

/* ---- the server's answers ---- */

bool sim_give_tokens(const struct sim_end *e, struct sasl_secret *ret)
{
    *ret = (struct sasl_secret){.kind = SASL_SECRET_TOKEN};
    if (!e->kept.token[0] || e->test->token_stale)
        return false;
    ret->tokens[ret->token_count++] = str_from(e->kept.token);
    return true;
}

/* Compare and set: a count that is not higher than the last is a replay. */
bool sim_answer_token(struct sim_end *e, const struct stream_event *ev, uint64_t now_ms)
{
    struct sim_kept *k = &e->kept;
    const struct stream_token_info *asked = ev->token;
    struct stream_token_answer answer = {.expires_s = 2000000000};
    uint8_t raw[16];
    answer.accepted = !asked->used || (asked->has_count && asked->count > k->count);
    if (asked->used && !answer.accepted)
        broken(e, "a token came with a count that was used before");
    k->count = asked->count;
    if (asked->issue) {
        struct random_source random = sim_random(e->rng);
        random_fill(&random, raw, sizeof raw);
        hash_hex(str_of(raw, sizeof raw), k->token);
        answer.token = str_from(k->token);
        k->count = 0;
    }
    return stream_answer_token(e->stream, now_ms, ev->id, &answer);
}

/* The old session goes on, or is over: then its count may still be known. */
static void old_session(struct sim_end *e, const struct stream_session_info *asked, uint64_t now_ms,
                        struct stream_session_answer *ret)
{
    struct sim_kept *k = &e->kept;
    if (!k->sm || !str_eq(asked->resume_id, sm_id(k->sm)))
        return;
    if (!e->test->old_gone) {
        if (sm_resume(k->sm, asked->resume_h, now_ms) != SM_OK)
            broken(e, "a session could not be resumed");
        ret->resumed = k->sm;
        ret->resumed_address = str_from(k->address);
    } else if (e->test->old_counted) {
        k->resend = sm_acked(k->sm, asked->resume_h) == SM_OK;
        take_acked(e, k->sm);
        ret->old_known = true;
        ret->old_h = sm_h(k->sm);
    }
}

bool sim_answer_session(struct sim_end *e, const struct stream_event *ev, uint64_t now_ms)
{
    const struct stream_session_info *asked = ev->session;
    struct stream_session_answer answer = {.resource = STR_LIT("sim")};
    struct sm *begun = NULL;
    char id[16];
    if (asked->resumes)
        old_session(e, asked, now_ms, &answer);
    if (asked->enables && !answer.resumed) {
        answer.sm = begun = sm_new(NULL);
        snprintf(id, sizeof id, "sim-%u", e->kept.issued++);
        bool good = begun && (!asked->resumable || sm_set_id(begun, str_from(id)));
        assert(good);
    }
    bool open = stream_answer_session(e->stream, now_ms, ev->id, &answer);
    sm_unref(begun);
    return open;
}
