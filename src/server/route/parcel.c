#include "server/route/parcel.h"

#include "server/memory.h"

#include <stdlib.h>

struct type_name {
    const char *name;
    enum parcel_type type;
};

static const struct type_name message_types[] = {
    {"normal", PARCEL_NORMAL},     {"chat", PARCEL_CHAT},   {"groupchat", PARCEL_GROUPCHAT},
    {"headline", PARCEL_HEADLINE}, {"error", PARCEL_ERROR}, {NULL, PARCEL_NORMAL},
};
static const struct type_name presence_types[] = {
    {"unavailable", PARCEL_UNAVAILABLE},
    {"probe", PARCEL_PROBE},
    {"subscribe", PARCEL_SUBSCRIBE},
    {"subscribed", PARCEL_SUBSCRIBED},
    {"unsubscribe", PARCEL_UNSUBSCRIBE},
    {"unsubscribed", PARCEL_UNSUBSCRIBED},
    {"error", PARCEL_ERROR},
    {NULL, PARCEL_INVALID},
};

static enum parcel_type look_up(const struct type_name *names, const char *name)
{
    while (names->name && strcmp(names->name, name) != 0)
        names++;
    return names->type;
}

static enum parcel_type iq_parcel_type(const struct element *e)
{
    switch (stanza_iq_type(e)) {
    case IQ_GET:
        return PARCEL_GET;
    case IQ_SET:
        return PARCEL_SET;
    case IQ_RESULT:
        return PARCEL_RESULT;
    case IQ_ERROR:
        return PARCEL_ERROR;
    case IQ_INVALID:
        break;
    }
    return PARCEL_INVALID;
}

enum parcel_type parcel_type_of(enum stanza_kind kind, const struct element *e)
{
    const char *type = element_attr(e, "type");
    switch (kind) {
    case STANZA_MESSAGE:
        return type ? look_up(message_types, type) : PARCEL_NORMAL;
    case STANZA_PRESENCE:
        return type ? look_up(presence_types, type) : PARCEL_AVAILABLE;
    case STANZA_IQ:
        return iq_parcel_type(e);
    case STANZA_NONE:
        break;
    }
    return PARCEL_INVALID;
}

bool parcel_may_bounce(const struct parcel *p)
{
    return p->kind != STANZA_PRESENCE && p->type != PARCEL_ERROR && p->type != PARCEL_RESULT;
}

struct parcel_mail {
    struct mail mail;
    struct parcel parcel;
    char text[];
};

static struct str keep(char **at, struct str s)
{
    if (!s.ptr)
        return STR_NONE;
    struct str kept = str_of(memcpy(*at, s.ptr, s.len), s.len);
    *at += s.len;
    return kept;
}

struct mail *parcel_mail_new(const struct parcel *p,
                             void (*deliver)(struct mail *m, void *receiver))
{
    size_t text_len = p->key.len + p->to.len + p->resource.len + p->from.len + p->id.len;
    struct parcel_mail *m = malloc(sizeof *m + text_len);
    if (!m)
        memory_exhausted();
    char *at = m->text;
    m->mail = (struct mail){.deliver = deliver,
                            .discard = parcel_mail_free,
                            .bytes = sizeof *m + text_len + p->block->len};
    m->parcel = *p;
    m->parcel.key = keep(&at, p->key);
    m->parcel.to = keep(&at, p->to);
    m->parcel.resource = keep(&at, p->resource);
    m->parcel.from = keep(&at, p->from);
    m->parcel.id = keep(&at, p->id);
    block_ref(p->block);
    return &m->mail;
}

const struct parcel *parcel_of_mail(const struct mail *m)
{
    return &((const struct parcel_mail *)m)->parcel; /* `mail` is its first member */
}

void parcel_mail_free(struct mail *m)
{
    struct parcel_mail *p = CONTAINER_OF(m, struct parcel_mail, mail);
    block_unref(p->parcel.block);
    free(p);
}
