/*
 * sign_in.h - what the files of sign-in share: the exchange that runs and the elements it travels
 * in. For feat_sasl*.c only.
 *
 * There are two profiles, RFC 6120 §6 and SASL2 (XEP-0388). They differ in the elements around an
 * exchange and in what may come with it, not in the exchange: feat_sasl_client.c and
 * feat_sasl_server.c drive both, feat_sasl2_*.c has what is only in the second.
 */
#ifndef CORE_SIGN_IN_H
#define CORE_SIGN_IN_H

#include "core/feat_upgrade.h"
#include "core/stream_private.h"

#define NS_SASL_CB "urn:xmpp:sasl-cb:0"

struct sasl2_request;

enum { SIGN_IN_OFFERS_MAX = 32, SIGN_IN_VERSION_BYTES = 28 };

struct sign_in {
    struct sasl *sasl; /* the exchange that runs */
    struct buf out;    /* its last message, not yet encoded */
    bool sasl2;        /* it is one of XEP-0388 */
    struct upgrade upgrade;

    /* server */
    unsigned attempts;                   /* exchanges that failed on this connection ... */
    unsigned guesses;                    /* ... and those of them that brought a wrong proof */
    struct sasl2_request *request;       /* what came with <authenticate/>; NULL */
    char version[SIGN_IN_VERSION_BYTES]; /* config-version on offer (XEP-0509) */

    /* client */
    struct policy_choice choice;
    struct buf offered; /* what XEP-0474 hashes of the offer; empty: it was too long */
    bool started;       /* <auth/> is sent */
    bool pipelined;     /* ... with the header, before the features */
    bool token_refused; /* not tried again */
    bool asked_enable;  /* XEP-0198, inside of <authenticate/> */
    bool asked_resume;
    struct arena asking;         /* what `authenticate` is built from, until it is written */
    const struct element *offer; /* <authentication/>, in `asking` or the features */
    const struct element *known_version; /* config-version that is relied on; NULL */
    const char *issue;                   /* mechanism that a token was asked for; NULL */
    struct stream_issued_token issued;
};

/* The stream's, made when it is first needed; NULL after memory ran out. */
struct sign_in *sign_in_of(struct stream *s);

/* Opens the want that the exchange waits for. */
void sign_in_ask(struct stream *s, enum stream_event_kind kind);

/* The namespace of the profile that the exchange runs in. */
const char *sign_in_ns(const struct sign_in *in);

/* {ns}name with base64 inside. `data` absent: no text; empty: "=" where the profile of RFC 6120
 * wants to tell the two apart (§6.4.2, §6.4.6). */
struct element *sign_in_payload(struct arena *a, const char *ns, const char *name, struct str data,
                                bool equals_for_empty);

enum sign_in_decoded { DECODED_NONE, DECODED_DATA, DECODED_BAD };

/* The inverse, strict (RFC 6120 §13.9.1); the caller finishes `out`. */
enum sign_in_decoded sign_in_decode(const struct element *e, struct buf *out);

/* What the mechanism is given: `empty` is what an element without text means here. */
struct str sign_in_given(enum sign_in_decoded kind, const struct buf *data, struct str empty);

/* The exchange's last message; STR_NONE when it has none. */
struct str sign_in_output(const struct sign_in *in);

/* The texts, or with `attr` the values of that attribute, of the children {ns}name. */
size_t sign_in_texts(const struct element *parent, const char *ns, const char *name,
                     const char *attr, struct str *to, size_t max);

/* feat_sasl_client.c */
enum feature_choice sign_in_choose(struct stream *s, const struct element *offer);
/* Fills in->choice and in->offered from the {ns}mechanism children of `offer` and the binding types
 * among `features`; false when out of memory. */
bool sign_in_decide(struct stream *s, const struct element *offer, const char *ns,
                    const struct element *features);
/* Begins the exchange with `mech`, bound by `binding`. */
void sign_in_client_start(struct stream *s, const struct sasl_mech *mech,
                          const struct sasl_binding *binding);
void sign_in_client_handle(struct stream *s, const struct element *e);
void sign_in_client_run(struct stream *s, enum sasl_status status);
/* The exchange failed, on this side or on the other. */
void sign_in_client_failed(struct stream *s);
void sign_in_client_refused(struct stream *s, const struct element *failure);
/* A <challenge/> or the like that holds base64; `conclude`: it is the end. */
void sign_in_client_take(struct stream *s, const struct element *e, bool conclude);

/* feat_sasl2_client.c: <authenticate/> with its first message; the end of it all. */
void sasl2_write_authenticate(struct stream *s);
void sasl2_client_done(struct stream *s);
/* The exchange is at its end, with what <success/> or <continue/> has of it. */
void sasl2_client_conclude(struct stream *s, const struct element *e);
enum feature_choice sasl2_choose(struct stream *s, const struct element *offer);
void sasl2_client_handle(struct stream *s, const struct element *e);

/* feat_sasl_server.c */
bool sign_in_offers(const struct stream *s);
/* Whether some mechanism that binds is on offer. */
bool sign_in_offers_binding(const struct stream *s);
struct element *sign_in_offer(const struct stream *s, struct arena *a);
/* {ns}mechanism for each that is on offer; how many. */
size_t sign_in_list(const struct stream *s, struct arena *a, struct element *to, const char *ns);
void sign_in_server_handle(struct stream *s, const struct element *e);
void sign_in_server_run(struct stream *s, enum sasl_status status);
/* A new exchange replaces the one that runs, unless there were too many; false: the stream ends. */
bool sign_in_server_anew(struct stream *s, const struct sasl_mech *mech);
void sign_in_server_begin(struct stream *s, const struct sasl_mech *mech, struct str initial,
                          struct str client_id);
void sign_in_server_response(struct stream *s, const struct element *e);
/* Refuses the attempt, and counts it. */
void sign_in_server_refuse(struct stream *s, enum sasl_error error, struct str text);
/* <failure/> alone, with an application's condition {ns}name or NULL. */
void sign_in_write_failure(struct stream *s, enum sasl_error error, struct str text,
                           const char *app_ns, const char *app_name);

/* feat_sasl2_server.c */
bool sasl2_server_offers(const struct stream *s);
struct element *sasl2_offer(const struct stream *s, struct arena *a);
void sasl2_server_handle(struct stream *s, const struct element *e);
/* Whether the stream's header named somebody else than who has signed in. */
bool sasl2_from_differs(const struct stream *s);
/* Admitted: what else was asked for is done, then success is told. */
void sasl2_admitted(struct stream *s);
/* ... no task is left to be done. */
void sasl2_upgraded(struct stream *s);
/* One who was admitted is refused after all. */
void sasl2_refuse_admitted(struct stream *s, enum sasl_error error);
void sasl2_request_free(struct sasl2_request *r);

#endif
