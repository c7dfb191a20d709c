/*
 * parcel.h - a stanza on its way: its block and what routing must know beside it. On the sender's
 * loop a parcel borrows its strings; to another loop it travels as a mail that owns them.
 */
#ifndef SERVER_ROUTE_PARCEL_H
#define SERVER_ROUTE_PARCEL_H

#include "server/mailbox.h"
#include "server/route/block.h"

enum parcel_type {
    PARCEL_INVALID = 0, /* a type that its kind does not have */
    PARCEL_NORMAL,
    PARCEL_CHAT,
    PARCEL_GROUPCHAT,
    PARCEL_HEADLINE,
    PARCEL_AVAILABLE, /* presence without type */
    PARCEL_UNAVAILABLE,
    PARCEL_PROBE,
    PARCEL_SUBSCRIBE,
    PARCEL_SUBSCRIBED,
    PARCEL_UNSUBSCRIBE,
    PARCEL_UNSUBSCRIBED,
    PARCEL_GET,
    PARCEL_SET,
    PARCEL_RESULT,
    PARCEL_ERROR, /* of any kind */
    PARCEL_TYPE_COUNT
};

/* Who sent it: the connection that may have to wait. `conn` 0 is nobody. */
struct parcel_sender {
    uint64_t conn;
    unsigned loop;
};

struct parcel {
    enum stanza_kind kind;
    enum parcel_type type;
    struct str key;      /* names the recipient's user and so the home loop: see router_key */
    struct str to;       /* the recipient as addressed */
    struct str resource; /* of `to`; STR_NONE for a bare JID */
    struct str from, id; /* for an error that answers it; id may be STR_NONE */
    struct block *block; /* borrowed on the sender's loop, owned in a mail */
    struct parcel_sender sender;
};

/* The type of a stanza. An unknown type of message is normal (RFC 6121 §5.2.2). */
enum parcel_type parcel_type_of(enum stanza_kind kind, const struct element *e);

/* Whether an error may answer it: never an error or a result (RFC 6120 §8.3.1), and presence
 * that goes astray is passed over in silence (RFC 6121 §8.5.1). */
bool parcel_may_bounce(const struct parcel *p);

/* A mail that owns a copy and a reference of the block; `deliver` finds it with parcel_of_mail and
 * frees it with parcel_mail_free. */
struct mail *parcel_mail_new(const struct parcel *p,
                             void (*deliver)(struct mail *m, void *receiver));
const struct parcel *parcel_of_mail(const struct mail *m);
void parcel_mail_free(struct mail *m);

#endif
