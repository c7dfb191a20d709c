#include "core/sign_in.h"

#include "base/base64.h"

#include <stdlib.h>

/* What both halves of sign-in share. */

struct sign_in *sign_in_of(struct stream *s)
{
    if (!s->sign_in) {
        s->sign_in = calloc(1, sizeof *s->sign_in);
        if (s->sign_in)
            buf_init(&s->sign_in->out, 0, true);
        else
            stream_out_of_memory(s);
    }
    return s->sign_in;
}

void sign_in_free(struct sign_in *in)
{
    if (!in)
        return;
    sasl_free(in->sasl);
    sasl2_request_free(in->request);
    buf_finish(&in->out);
    buf_finish(&in->offered);
    arena_finish(&in->asking);
    wipe_free(in, sizeof *in);
}

const struct sasl *sign_in_sasl(const struct sign_in *in)
{
    return in ? in->sasl : NULL;
}

void sign_in_forget(struct sign_in *in)
{
    if (!in)
        return;
    sasl_free(in->sasl);
    in->sasl = NULL;
    sasl2_request_free(in->request);
    in->request = NULL;
    wipe(&in->upgrade, sizeof in->upgrade);
    buf_reset(&in->out);
}

/* ---- the elements of the profile ---- */

const char *sign_in_ns(const struct sign_in *in)
{
    return in->sasl2 ? NS_SASL2 : NS_SASL;
}

size_t sign_in_texts(const struct element *parent, const char *ns, const char *name,
                     const char *attr, struct str *to, size_t max)
{
    size_t n = 0;
    const struct element *e = NULL;
    while (parent && n < max && (e = element_next(parent, e))) {
        if (!element_is(e, ns, name))
            continue;
        to[n] = attr ? str_from(element_attr(e, attr)) : element_text(e);
        if (to[n].len > 0)
            n++;
    }
    return n;
}

struct element *sign_in_payload(struct arena *a, const char *ns, const char *name, struct str data,
                                bool equals_for_empty)
{
    struct element *e = element_new(a, ns, name);
    struct buf text;
    buf_init(&text, 0, true);
    base64_encode(&text, data);
    if (text.failed)
        a->failed = true;
    else if (data.ptr && data.len == 0 && equals_for_empty)
        element_add_text(a, e, STR_LIT("="));
    else if (data.len > 0)
        element_add_text(a, e, buf_peek(&text));
    buf_finish(&text);
    return e;
}

enum sign_in_decoded sign_in_decode(const struct element *e, struct buf *out)
{
    struct str text = element_text(e);
    buf_init(out, 0, true);
    if (!text.ptr)
        return DECODED_BAD;
    if (text.len == 0)
        return DECODED_NONE;
    if (str_is(text, "="))
        return DECODED_DATA;
    return base64_decode(out, text) ? DECODED_DATA : DECODED_BAD;
}

struct str sign_in_given(enum sign_in_decoded kind, const struct buf *data, struct str empty)
{
    return kind == DECODED_NONE ? empty : buf_peek(data);
}

struct str sign_in_output(const struct sign_in *in)
{
    return sasl_has_output(in->sasl) ? buf_peek(&in->out) : STR_NONE;
}

void sign_in_ask(struct stream *s, enum stream_event_kind kind)
{
    stream_ask(s, (struct stream_event){.kind = kind, .sasl = sasl_want(s->sign_in->sasl)}, false);
}

/* ---- answers ---- */

static void run(struct stream *s, enum sasl_status status)
{
    if (stream_is_client(s))
        sign_in_client_run(s, status);
    else
        sign_in_server_run(s, status);
}

void sign_in_answer_secret(struct stream *s, const struct sasl_secret *secret)
{
    if (s->sign_in->upgrade.step == UPGRADE_ASKING)
        upgrade_client_secret(s, secret);
    else
        run(s, sasl_answer_secret(s->sign_in->sasl, secret, &s->sign_in->out));
}

void sign_in_answer_derive(struct stream *s, const uint8_t *key)
{
    if (s->sign_in->upgrade.step == UPGRADE_ASKING)
        upgrade_client_derived(s, key);
    else
        run(s, sasl_answer_derived(s->sign_in->sasl, key, &s->sign_in->out));
}

const struct feature feature_sasl = {
    .name = "mechanisms",
    .ns = NS_SASL,
    .offers = sign_in_offers,
    .offer = sign_in_offer,
    .choose = sign_in_choose,
    .handle = {sign_in_client_handle, sign_in_server_handle},
};

const struct feature feature_sasl2 = {
    .name = "authentication",
    .ns = NS_SASL2,
    .offers = sasl2_server_offers,
    .offer = sasl2_offer,
    .choose = sasl2_choose,
    .handle = {sasl2_client_handle, sasl2_server_handle},
};
