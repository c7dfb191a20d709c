/*
 * user.h - a bare JID at its home loop: its sessions, and delivery to them. A user without
 * sessions has no entry. Home loop's thread.
 */
#ifndef SERVER_ROUTE_USER_H
#define SERVER_ROUTE_USER_H

#include "server/c2s/session.h"

struct user {
    struct list sessions; /* in the order they were bound */
    unsigned session_count;
    size_t key_len;
    char key[]; /* see router_key */
};

static inline struct session *session_of_link(struct list *link)
{
    return CONTAINER_OF(link, struct session, link);
}

struct user *user_find(const struct worker *w, struct str key);
struct session *user_session(struct user *u, struct str resource);

void user_add(struct worker *w, struct str key, struct session *s);
void user_remove(struct worker *w, struct session *s);

/* Delivers to the user's sessions, or answers, by the rules of RFC 6121 §8.5. */
void user_deliver(struct worker *w, const struct parcel *p);

#endif
