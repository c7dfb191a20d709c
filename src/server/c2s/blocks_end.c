#include "server/c2s/blocks_end.h"

#include "server/c2s/conn.h"
#include "server/memory.h"

#include <stdlib.h>

struct end_mail {
    struct mail mail;
    struct network network;
};

/* The map may not change while it is walked. */
static size_t find_all(const struct worker *w, const struct network *network, struct conn **ret)
{
    size_t count = 0, cursor = 0;
    const struct map_entry *e;
    while ((e = map_next(&w->conns, &cursor))) {
        struct conn *c = e->value;
        if (network_has(network, &c->peer.ip))
            ret[count++] = c;
    }
    return count;
}

static void end_delivered(struct mail *m, void *receiver)
{
    struct end_mail *end = CONTAINER_OF(m, struct end_mail, mail);
    struct worker *w = receiver;
    struct conn **found = memory_alloc(w->conns.count * sizeof(struct conn *));
    size_t count = find_all(w, &end->network, found);
    for (size_t i = 0; i < count; i++)
        conn_abort(found[i], "its network was blocked");
    free(found);
    free(end);
}

static void end_discarded(struct mail *m)
{
    free(CONTAINER_OF(m, struct end_mail, mail));
}

void blocks_end(struct server *server, const struct network *network)
{
    for (unsigned i = 0; i < server->worker_count; i++) {
        struct end_mail *end = MEMORY_NEW(struct end_mail);
        *end = (struct end_mail){{.deliver = end_delivered, .discard = end_discarded}, *network};
        worker_mail(&server->workers[i], &end->mail);
    }
}
