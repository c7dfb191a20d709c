/*
 * mailbox.h - how loops talk: owned messages in order, posted in batches, never blocking.
 *
 * A mail is embedded in what it carries. From the post on it belongs to the receiver, which runs
 * its `deliver` once, on its own thread; `discard` frees a mail that will never be delivered.
 *
 * The receiver is woken only when it sleeps: before it does, it asks mailbox_sleep, and while it is
 * busy posts cost no system call. The box counts bytes: past
 * MAILBOX_HIGH_BYTES the poster is told so, stops reading the sockets that feed it, and gets a
 * word (`resume`) when the receiver has emptied the box. Control mail has 0 bytes.
 *
 * mailbox_post may be called from any thread; all else is the receiver's.
 */
#ifndef SERVER_MAILBOX_H
#define SERVER_MAILBOX_H

#include "base/base.h"

#include <pthread.h>

enum { MAILBOX_HIGH_BYTES = 512 * 1024, MAILBOX_POSTERS_MAX = 257 };

struct mail {
    struct mail *next;
    void (*deliver)(struct mail *m, void *receiver);
    void (*discard)(struct mail *m); /* NULL: free() */
    size_t bytes;
};

/* A batch in order. A zeroed struct is empty. */
struct mail_batch {
    struct mail *first, *last;
    size_t bytes;
};

static inline void mail_batch_add(struct mail_batch *b, struct mail *m)
{
    m->next = NULL;
    if (b->last)
        b->last->next = m;
    else
        b->first = m;
    b->last = m;
    b->bytes += m->bytes;
}

struct mailbox {
    pthread_mutex_t lock;
    struct mail_batch held;
    bool asleep;                                    /* the next post wakes the receiver */
    uint8_t waiting[(MAILBOX_POSTERS_MAX + 7) / 8]; /* posters that want a word */
    _Atomic size_t held_bytes;                      /* of `held`, to be read without the lock */
    void (*wake)(void *ctx);                        /* any thread */
    void *ctx;
};

/* The receiver sleeps at first. */
void mailbox_init(struct mailbox *b, void (*wake)(void *ctx), void *ctx);

/* Discards what is left. No post may follow. */
void mailbox_finish(struct mailbox *b);

/* Appends the batch and empties it. With `wants_word`, poster number `poster` is reported by the
 * next mailbox_take. */
void mailbox_post(struct mailbox *b, struct mail_batch *batch, unsigned poster, bool wants_word);

/* Bytes that wait now; a poster adds what it has not posted yet. Any thread. */
size_t mailbox_bytes(const struct mailbox *b);

/* Takes everything; the caller delivers it in order, then sends `resume` its words. */
struct mail *mailbox_take(struct mailbox *b, void (*resume)(void *ctx, unsigned poster), void *ctx);

/* The receiver wants to wait: true when nothing is there, and the next post will wake it. */
bool mailbox_sleep(struct mailbox *b) MUST_USE;

/* Frees undelivered mail. */
void mail_discard_all(struct mail *first);

#endif
