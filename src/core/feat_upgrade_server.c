#include "core/sign_in.h"

/* The server's half of XEP-0480. */

/* ---- offer and request ---- */

/* Where no mechanism binds, nobody could be asked. */
void upgrade_offer(const struct stream *s, struct arena *a, struct element *to)
{
    static const enum hash_alg algs[] = {HASH_SHA256, HASH_SHA512};
    for (size_t i = 0; sign_in_offers_binding(s) && i < ARRAY_LEN(algs); i++)
        if (s->config->upgrades & upgrade_bit(algs[i]))
            element_add_text(a, element_add(a, to, NS_UPGRADE, "upgrade"),
                             str_from(sasl_upgrade_name(algs[i])));
}

void upgrade_server_read(struct stream *s, const struct element *e)
{
    struct str names[SIGN_IN_OFFERS_MAX];
    size_t count = sign_in_texts(e, NS_UPGRADE, "upgrade", NULL, names, ARRAY_LEN(names));
    enum hash_alg alg;
    for (size_t i = 0; i < count; i++)
        if (sasl_upgrade_alg(names[i], &alg))
            s->sign_in->upgrade.asked |= upgrade_bit(alg) & s->config->upgrades;
}

/* ---- which one ---- */

static void ask(struct stream *s, enum stream_event_kind kind)
{
    struct upgrade *u = &s->sign_in->upgrade;
    u->step = UPGRADE_ASKING;
    u->info = (struct stream_upgrade_info){
        .username = stream_username(s), .algs = u->asked, .credential = &u->credential};
    stream_ask(s, (struct stream_event){.kind = kind, .upgrade = &u->info}, false);
}

bool upgrade_server_ask(struct stream *s)
{
    const struct sign_in *in = s->sign_in;
    unsigned flags = sasl_mech_flags(sasl_used(in->sasl));
    if (!in->upgrade.asked || !(flags & SASL_MECH_BINDS) || (flags & SASL_MECH_TOKEN))
        return false;
    ask(s, STREAM_WANT_UPGRADE);
    return true;
}

void upgrade_server_additional(struct sign_in *in, struct arena *a, struct element *to)
{
    if (!in->upgrade.concluded && sasl_has_output(in->sasl))
        element_link(a, to,
                     sign_in_payload(a, NS_SASL2, "additional-data", sign_in_output(in), false));
    in->upgrade.concluded = true;
}

static void write_continue(struct stream *s)
{
    struct sign_in *in = s->sign_in;
    struct arena a;
    stream_scratch(&a);
    struct element *e = element_new(&a, NS_SASL2, "continue");
    upgrade_server_additional(in, &a, e);
    struct element *tasks = element_add(&a, e, NS_SASL2, "tasks");
    element_add_text(&a, element_add(&a, tasks, NS_SASL2, "task"),
                     str_from(sasl_upgrade_name(in->upgrade.alg)));
    stream_write_built(s, &a, e);
}

static void finish(struct stream *s)
{
    s->sign_in->upgrade.step = UPGRADE_IDLE;
    s->sign_in->upgrade.asked = 0;
    sasl2_upgraded(s);
}

void upgrade_answer(struct stream *s, const struct stream_upgrade_answer *answer)
{
    struct upgrade *u = &s->sign_in->upgrade;
    if (!answer->wanted || !(u->asked & upgrade_bit(answer->alg))) {
        finish(s);
        return;
    }
    u->given = *answer;
    u->alg = answer->alg;
    u->asked &= ~upgrade_bit(u->alg);
    u->step = UPGRADE_OFFERED;
    write_continue(s);
}

/* ---- the task ---- */

bool upgrade_in_task(const struct stream *s)
{
    const struct sign_in *in = s->sign_in;
    return in && (in->upgrade.step == UPGRADE_OFFERED || in->upgrade.step == UPGRADE_DATA);
}

static void write_salt(struct stream *s)
{
    struct upgrade *u = &s->sign_in->upgrade;
    struct str salt = str_of(u->given.salt, sizeof u->given.salt);
    struct arena a;
    u->step = UPGRADE_DATA;
    stream_scratch(&a);
    struct element *data = element_new(&a, NS_SASL2, "task-data");
    struct element *e = sign_in_payload(&a, NS_SCRAM_UPGRADE, "salt", salt, false);
    element_set(&a, e, "iterations", arena_printf(&a, "%u", u->given.iterations));
    element_link(&a, data, e);
    stream_write_built(s, &a, data);
}

static void take_salted(struct stream *s, struct str salted)
{
    struct upgrade *u = &s->sign_in->upgrade;
    struct str salt = str_of(u->given.salt, sizeof u->given.salt);
    if (salted.len != hash_size(u->alg))
        sasl2_refuse_admitted(s, SASL_ERROR_MALFORMED_REQUEST);
    else if (!sasl_upgrade_credential(u->alg, salted, salt, u->given.iterations, &u->credential))
        stream_out_of_memory(s);
    else
        ask(s, STREAM_WANT_UPGRADED);
}

static void take_data(struct stream *s, const struct element *e)
{
    const struct element *hash = element_child(e, NS_SCRAM_UPGRADE, "hash");
    struct buf salted = {0};
    enum sign_in_decoded kind = hash ? sign_in_decode(hash, &salted) : DECODED_NONE;
    if (salted.failed)
        stream_out_of_memory(s);
    else if (kind == DECODED_BAD)
        sasl2_refuse_admitted(s, SASL_ERROR_INCORRECT_ENCODING);
    else
        take_salted(s, buf_peek(&salted));
    buf_finish(&salted);
}

void upgrade_server_handle(struct stream *s, const struct element *e)
{
    const struct upgrade *u = &s->sign_in->upgrade;
    if (element_is(e, NS_SASL2, "abort"))
        sasl2_refuse_admitted(s, SASL_ERROR_ABORTED);
    else if (u->step == UPGRADE_OFFERED && element_is(e, NS_SASL2, "next") &&
             cstr_eq(element_attr(e, "task"), sasl_upgrade_name(u->alg)))
        write_salt(s);
    else if (u->step == UPGRADE_DATA && element_is(e, NS_SASL2, "task-data"))
        take_data(s, e);
    else
        stream_fail_protocol(s, STREAM_NOT_AUTHORIZED, "sign-in went out of order");
}

void upgrade_answer_stored(struct stream *s, bool stored)
{
    struct upgrade *u = &s->sign_in->upgrade;
    wipe(&u->credential, sizeof u->credential);
    if (!stored || !upgrade_server_ask(s))
        finish(s);
}
