/*
 * sign_in.h - what the two halves of the SASL profile (feat_sasl_client.c, feat_sasl_server.c)
 * share: the exchange that runs and the elements it travels in. For feat_sasl*.c only.
 */
#ifndef CORE_SIGN_IN_H
#define CORE_SIGN_IN_H

#include "core/stream_private.h"

#define NS_SASL_CB "urn:xmpp:sasl-cb:0"

struct sign_in {
    struct sasl *sasl;  /* the exchange that runs */
    struct buf out;     /* its last message, not yet encoded */
    struct buf offered; /* client: what XEP-0474 hashes of the offer; empty: it was too long */
    bool started;       /* client: <auth/> is sent */
    unsigned attempts;  /* server: exchanges that failed on this connection ... */
    unsigned guesses;   /* ... and those of them that brought a wrong proof */
    struct policy_choice choice; /* client */
};

/* The stream's, made when it is first needed; NULL after memory ran out. */
struct sign_in *sign_in_of(struct stream *s);

/* Ends the exchange that runs, keeping the counts. */
void sign_in_forget(struct sign_in *in);

/* Opens the want that the exchange waits for. */
void sign_in_ask(struct stream *s, enum stream_event_kind kind);

/* {NS_SASL}name with base64 inside. `data` absent: no text; empty: "=" where the profile wants to
 * tell the two apart (RFC 6120 §6.4.2, §6.4.6). */
struct element *sign_in_payload(struct arena *a, const char *name, struct str data,
                                bool equals_for_empty);

enum sign_in_decoded { DECODED_NONE, DECODED_DATA, DECODED_BAD };

/* The inverse, strict (RFC 6120 §13.9.1); the caller finishes `out`. */
enum sign_in_decoded sign_in_decode(const struct element *e, struct buf *out);

/* What the mechanism is given: `empty` is what an element without text means here. */
struct str sign_in_given(enum sign_in_decoded kind, const struct buf *data, struct str empty);

/* The exchange's last message; STR_NONE when it has none. */
struct str sign_in_output(const struct sign_in *in);

/* feat_sasl_client.c */
enum feature_choice sign_in_choose(struct stream *s, const struct element *offer);
void sign_in_client_handle(struct stream *s, const struct element *e);
void sign_in_client_run(struct stream *s, enum sasl_status status);

/* feat_sasl_server.c */
bool sign_in_offers(const struct stream *s);
struct element *sign_in_offer(const struct stream *s, struct arena *a);
void sign_in_server_handle(struct stream *s, const struct element *e);
void sign_in_server_run(struct stream *s, enum sasl_status status);

#endif
