/*
 * feature.h - negotiation is a table (RFC 6120 §4.3): a row per feature, with what the server
 * offers, how the client chooses, and a handler for each side. The order of the rows is the order
 * in which a client negotiates.
 *
 * To add a feature: its file feat_NAME.c with both halves, its state below, a row in feature.c.
 */
#ifndef CORE_FEATURE_H
#define CORE_FEATURE_H

#include "core/stream.h"

enum feature_choice {
    FEATURE_SKIP,    /* not for us, not now, or done */
    FEATURE_STARTED, /* its exchange runs; the answer goes to its handler */
    FEATURE_FAILED   /* the stream has ended */
};

struct sign_in;

struct feature {
    const char *name; /* of the element in <stream:features/> */
    const char *ns;   /* of that element and of the exchange */
    bool by_iq;       /* the exchange is an iq, not elements of its own */

    /* server: whether it is on offer in the present state, and its element */
    bool (*offers)(const struct stream *s);
    struct element *(*offer)(const struct stream *s, struct arena *a);

    /* client: `offer` is NULL when the server does not offer it */
    enum feature_choice (*choose)(struct stream *s, const struct element *offer);

    /* a first-level element of the exchange; for iq, its child has the feature's namespace */
    void (*handle[2])(struct stream *s, const struct element *e);
};

extern const struct feature feature_starttls, feature_sasl2, feature_sasl, feature_channel_binding,
    feature_sm, feature_bind, feature_session;

/* Server: writes <stream:features/> for the present state. */
void feature_write_all(struct stream *s);

/* Client: takes the next step among s->features, or becomes READY. */
void feature_negotiate(struct stream *s);

/* The row whose exchange `e` belongs to, or NULL: an iq is of none whose exchange is not by iq, and
 * the other way round. */
const struct feature *feature_of(const struct element *e);

/* --- state of the features, inside struct stream_login --- */

struct starttls {
    bool asked;        /* client: <starttls/> is sent */
    bool unadvertised; /* client: ... though it was not offered (RFC 7590 §3.1) */
};

struct bind {
    char id[16]; /* client: of the iq that is open */
    unsigned tries;
    bool bound;        /* the server has a resource for us, or we gave one */
    bool session_done; /* RFC 3921 session, where required */
    char *iq_id;       /* server: of the request that waits for WANT_SESSION */
};

/* feat_starttls.c */
void starttls_answered(struct stream *s, const struct tls_facts *facts,
                       const struct linnet_error *error);
void starttls_verified(struct stream *s, bool accept);
/* The handshake is under way: whether early data may pass; it passes. */
bool starttls_early_allowed(struct stream *s, const struct tls_facts *facts);
void starttls_early(struct stream *s, uint64_t want_id, const struct tls_facts *facts);
/* ... and is finished, or has failed. */
void starttls_early_finished(struct stream *s, const struct tls_facts *facts,
                             const struct linnet_error *error);

/* feat_sasl.c; admit: feat_sasl_server.c; token, session: feat_sasl2_server.c */
void sign_in_free(struct sign_in *in);
/* Ends the exchange that runs, keeping the counts. NULL is fine. */
void sign_in_forget(struct sign_in *in);
void sign_in_answer_secret(struct stream *s, const struct sasl_secret *secret);
void sign_in_answer_derive(struct stream *s, const uint8_t *key);
void sign_in_answer_admit(struct stream *s, enum sasl_error verdict, struct str text);
void sign_in_answer_token(struct stream *s, const struct stream_token_answer *answer);
/* feat_upgrade_server.c: whether a task is under way, in which nothing else may come. */
bool upgrade_in_task(const struct stream *s);
void upgrade_answer(struct stream *s, const struct stream_upgrade_answer *answer);
void upgrade_answer_stored(struct stream *s, bool stored);
bool sign_in_waits_for_session(const struct stream *s);
void sign_in_answer_session(struct stream *s, const struct stream_session_answer *answer);
const struct sasl *sign_in_sasl(const struct sign_in *in);

/* feat_sasl2_server.c: adds the config-version of these features, the last of them (XEP-0509). */
void sasl2_add_version(struct stream *s, struct arena *a, struct element *features);

/* feat_sasl2_client.c: after a header: what is known of the server may allow to sign in at once.
 * When its features come after all, whether an exchange runs already. */
void sasl2_pipeline(struct stream *s);
/* Whether that may be sent as early data on a connection of which `facts` are known so far. */
bool sasl2_may_go_early(struct stream *s, const struct tls_facts *facts);
bool sasl2_is_pipelined(struct stream *s);
/* ... and whether stream management was among what it offered, and is still to be asked for. */
bool sasl2_offers_sm(const struct stream *s);

/* feat_bind.c, client: the full address that the server gave, which must be of the account that was
 * asked for; or fails. */
bool bind_take_address(struct stream *s, struct str text);

/* Server: the address of a session that was bound; or fails. */
bool bind_take_jid(struct stream *s, struct str resource);
void bind_answer_session(struct stream *s, const struct stream_session_answer *answer);

#endif
