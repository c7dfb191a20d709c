#include "server/mod/mod.h"

#include "server/c2s/session.h"
#include "server/memory.h"
#include "server/route/router.h"

static const struct mod_iq *const table[] = {
    &mod_disco_info,
    &mod_disco_items,
    &mod_ping,
    &mod_version,
};

const struct mod_iq *mod_at(size_t index)
{
    return index < ARRAY_LEN(table) ? table[index] : NULL;
}

static const struct mod_iq *find(const struct element *payload, enum iq_type type, unsigned where)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (table[i]->type == type && (table[i]->where & where) &&
            element_is(payload, table[i]->ns, table[i]->name))
            return table[i];
    return NULL;
}

void mod_handle(struct session *s, const struct element *iq, unsigned where)
{
    enum iq_type type = stanza_iq_type(iq);
    if (type != IQ_GET && type != IQ_SET)
        return; /* an answer to something we never asked */
    struct arena *a = &s->conn->worker->arena;
    struct mod_request r = {.session = s,
                            .iq = iq,
                            .payload = element_child(iq, NULL, NULL),
                            .where = where,
                            .arena = a,
                            .result = stanza_iq_result(a, iq)};
    const struct mod_iq *m = find(r.payload, type, where);
    enum stanza_condition verdict = m ? m->handle(&r) : STANZA_SERVICE_UNAVAILABLE;
    if (a->failed)
        memory_exhausted();
    if (verdict == STANZA_OK) {
        element_set_str(a, r.result, "to", jid_full(s->jid));
        session_send_element(s, r.result);
        arena_reset(a);
    } else {
        router_refuse(s, iq, verdict);
    }
}
