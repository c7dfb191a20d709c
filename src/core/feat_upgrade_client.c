#include "core/sign_in.h"

/* The client's half of XEP-0480. */

/* ---- <authenticate/> ---- */

/* A token proves no password; without a bound channel there may be somebody between who reads. */
static bool may_help(const struct stream *s)
{
    unsigned flags = sasl_mech_flags(sasl_used(s->sign_in->sasl));
    return s->config->upgrade && (flags & SASL_MECH_BINDS) && !(flags & SASL_MECH_TOKEN);
}

void upgrade_client_ask(struct stream *s, struct arena *a, struct element *e)
{
    struct upgrade *u = &s->sign_in->upgrade;
    struct str names[SIGN_IN_OFFERS_MAX];
    size_t count =
        sign_in_texts(s->sign_in->offer, NS_UPGRADE, "upgrade", NULL, names, ARRAY_LEN(names));
    enum hash_alg alg;
    *u = (struct upgrade){0};
    for (size_t i = 0; may_help(s) && i < count; i++) {
        if (!sasl_upgrade_alg(names[i], &alg) || (u->asked & upgrade_bit(alg)))
            continue;
        u->asked |= upgrade_bit(alg);
        element_add_text(a, element_add(a, e, NS_UPGRADE, "upgrade"), names[i]);
    }
}

/* ---- <continue/> ---- */

/* The one task there (XEP-0480 §2.2), if it is one that was asked for. */
static bool read_task(const struct upgrade *u, const struct element *e, enum hash_alg *ret)
{
    struct str names[2];
    const struct element *tasks = element_child(e, NS_SASL2, "tasks");
    size_t count = sign_in_texts(tasks, NS_SASL2, "task", NULL, names, ARRAY_LEN(names));
    return count == 1 && sasl_upgrade_alg(names[0], ret) && (u->asked & upgrade_bit(*ret));
}

static void begin_task(struct stream *s)
{
    struct upgrade *u = &s->sign_in->upgrade;
    struct arena a;
    u->asked &= ~upgrade_bit(u->alg);
    u->step = UPGRADE_DATA;
    stream_scratch(&a);
    struct element *next = element_new(&a, NS_SASL2, "next");
    element_set(&a, next, "task", sasl_upgrade_name(u->alg));
    stream_write_built(s, &a, next);
}

void upgrade_client_proved(struct stream *s)
{
    s->sign_in->upgrade.concluded = true;
    begin_task(s);
}

static void take_continue(struct stream *s, const struct element *e)
{
    struct upgrade *u = &s->sign_in->upgrade;
    if (!read_task(u, e, &u->alg)) {
        stream_fail_peer(s, LINNET_ERROR_NO_MECHANISM, "continue",
                         element_child_text(e, NS_SASL2, "text"));
    } else if (u->concluded) {
        begin_task(s);
    } else {
        u->step = UPGRADE_PROVING;
        sasl2_client_conclude(s, e);
    }
}

/* ---- <task-data/> ---- */

static void ask(struct stream *s, enum stream_event_kind kind)
{
    struct upgrade *u = &s->sign_in->upgrade;
    u->step = UPGRADE_ASKING;
    stream_ask(s, (struct stream_event){.kind = kind, .sasl = &u->want}, false);
}

static void take_data(struct stream *s, const struct element *e)
{
    struct sign_in *in = s->sign_in;
    const struct element *salt = element_child(e, NS_SCRAM_UPGRADE, "salt");
    struct buf bytes = {0};
    if (!salt || sign_in_decode(salt, &bytes) != DECODED_DATA) {
        if (bytes.failed)
            stream_out_of_memory(s);
        else
            stream_fail_protocol(s, STREAM_OK, "the server's task has no salt in base64");
    } else if (sasl_upgrade_want(in->sasl, in->upgrade.alg, buf_peek(&bytes),
                                 str_from(element_attr(salt, "iterations")),
                                 &in->upgrade.want) == SASL_FAILED) {
        sign_in_client_failed(s);
    } else {
        ask(s, STREAM_WANT_SECRET);
    }
    buf_finish(&bytes);
}

static void write_hash(struct stream *s, const uint8_t *key)
{
    struct upgrade *u = &s->sign_in->upgrade;
    struct str salted = str_of(key, hash_size(u->alg));
    struct arena a;
    u->step = UPGRADE_IDLE;
    u->want = (struct sasl_want){0};
    stream_scratch(&a);
    struct element *data = element_new(&a, NS_SASL2, "task-data");
    element_link(&a, data, sign_in_payload(&a, NS_SCRAM_UPGRADE, "hash", salted, false));
    stream_write_built(s, &a, data);
}

void upgrade_client_secret(struct stream *s, const struct sasl_secret *secret)
{
    struct sign_in *in = s->sign_in;
    struct upgrade *u = &in->upgrade;
    if (secret->kind == SASL_SECRET_SALTED && secret->salted_len == hash_size(u->alg))
        write_hash(s, secret->salted);
    else if (sasl_upgrade_secret(in->sasl, secret, &u->want) == SASL_FAILED)
        sign_in_client_failed(s);
    else
        ask(s, STREAM_WANT_DERIVE);
}

void upgrade_client_derived(struct stream *s, const uint8_t *key)
{
    if (key)
        write_hash(s, key);
    else
        stream_out_of_memory(s);
}

/* ---- in its turn ---- */

bool upgrade_client_handle(struct stream *s, const struct element *e)
{
    const struct upgrade *u = &s->sign_in->upgrade;
    bool idle = u->step == UPGRADE_IDLE;
    if (idle && element_is(e, NS_SASL2, "continue"))
        take_continue(s, e);
    else if (!u->concluded)
        return false;
    else if (idle && element_is(e, NS_SASL2, "success"))
        sign_in_client_run(s, SASL_DONE); /* as sasl_conclude found when the first task came */
    else if (u->step == UPGRADE_DATA && element_is(e, NS_SASL2, "task-data"))
        take_data(s, e);
    else
        stream_fail_protocol(s, STREAM_OK, "the server broke the order of sign-in");
    return true;
}
