/*
 * mod.h - features of the server that answer iq, one file each, hooked in one table (mod.c). A
 * module is asked on the loop of the session that asks.
 *
 * To add one: its file with a struct mod_iq, a row in mod.c. What it names as `feature` is listed
 * by disco.
 */
#ifndef SERVER_MOD_MOD_H
#define SERVER_MOD_MOD_H

#include "core/stanza.h"

struct session;

/* Whom the request was for. */
enum {
    MOD_SERVER = 1, /* the domain itself */
    MOD_ACCOUNT = 2 /* the bare JID of the one who asks, or no `to` at all */
};

struct mod_request {
    struct session *session;
    const struct element *iq, *payload; /* of type get or set, with its one child */
    unsigned where;                     /* MOD_SERVER or MOD_ACCOUNT */
    struct arena *arena;
    struct element *result; /* to be filled: the iq that answers */
};

struct mod_iq {
    const char *ns, *name;
    enum iq_type type; /* IQ_GET or IQ_SET */
    unsigned where;    /* bits: where it is answered */
    const char *feature;
    /* STANZA_OK: `result` is sent; else that error. */
    enum stanza_condition (*handle)(const struct mod_request *r);
};

/* The row at `index`, or NULL past the end. */
const struct mod_iq *mod_at(size_t index);

/* Answers an iq that is for the server or for the account. */
void mod_handle(struct session *s, const struct element *iq, unsigned where);

extern const struct mod_iq mod_ping, mod_version, mod_disco_info, mod_disco_items;

#endif
