#include "core/feature.h"

#include "core/stream_private.h"

static const struct feature *const rows[] = {
    &feature_starttls, &feature_sasl2, &feature_sasl,    &feature_channel_binding,
    &feature_sm,       &feature_bind,  &feature_session,
};

void feature_write_all(struct stream *s)
{
    struct arena a;
    stream_scratch(&a);
    struct element *features = element_new(&a, NS_STREAM, "features");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i]->offers(s))
            element_link(&a, features, rows[i]->offer(s, &a));
    if (feature_sasl2.offers(s))
        sasl2_add_version(s, &a, features);
    stream_write_built(s, &a, features);
}

void feature_negotiate(struct stream *s)
{
    s->login->active = NULL;
    stream_move(s, PHASE_NEGOTIATE);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct feature *row = rows[i];
        if (!row->choose)
            continue;
        enum feature_choice choice =
            row->choose(s, element_child(s->login->features, row->ns, row->name));
        if (choice == FEATURE_SKIP)
            continue;
        s->login->active = choice == FEATURE_STARTED ? row : NULL;
        return;
    }
    stream_become_ready(s);
}

const struct feature *feature_of(const struct element *e)
{
    bool iq = stanza_kind(e, NS_CLIENT) == STANZA_IQ;
    const struct element *named = iq ? element_next(e, NULL) : e;
    for (size_t i = 0; named && i < ARRAY_LEN(rows); i++)
        if (rows[i]->by_iq == iq && cstr_eq(rows[i]->ns, named->ns))
            return rows[i];
    return NULL;
}
