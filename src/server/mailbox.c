#include "server/mailbox.h"

#include <stdlib.h>

void mailbox_init(struct mailbox *b, void (*wake)(void *ctx), void *ctx)
{
    *b = (struct mailbox){.wake = wake, .ctx = ctx, .asleep = true};
    pthread_mutex_init(&b->lock, NULL);
}

void mail_discard_all(struct mail *first)
{
    while (first) {
        struct mail *next = first->next;
        if (first->discard)
            first->discard(first);
        else
            free(first);
        first = next;
    }
}

void mailbox_finish(struct mailbox *b)
{
    mail_discard_all(b->held.first);
    b->held = (struct mail_batch){0};
    pthread_mutex_destroy(&b->lock);
}

static void append(struct mailbox *b, const struct mail_batch *batch)
{
    if (b->held.last)
        b->held.last->next = batch->first;
    else
        b->held.first = batch->first;
    b->held.last = batch->last;
    b->held.bytes += batch->bytes;
    b->held_bytes = b->held.bytes;
}

void mailbox_post(struct mailbox *b, struct mail_batch *batch, unsigned poster, bool wants_word)
{
    if (!batch->first)
        return;
    pthread_mutex_lock(&b->lock);
    append(b, batch);
    if (wants_word)
        b->waiting[poster / 8] |= (uint8_t)(1u << (poster % 8));
    if (b->asleep)
        b->wake(b->ctx);
    b->asleep = false;
    pthread_mutex_unlock(&b->lock);
    *batch = (struct mail_batch){0};
}

size_t mailbox_bytes(const struct mailbox *b)
{
    return b->held_bytes;
}

struct mail *mailbox_take(struct mailbox *b, void (*resume)(void *ctx, unsigned poster), void *ctx)
{
    uint8_t waiting[sizeof b->waiting];
    pthread_mutex_lock(&b->lock);
    struct mail *first = b->held.first;
    b->held = (struct mail_batch){0};
    b->held_bytes = 0;
    memcpy(waiting, b->waiting, sizeof waiting);
    memset(b->waiting, 0, sizeof b->waiting);
    pthread_mutex_unlock(&b->lock);
    for (unsigned i = 0; i < MAILBOX_POSTERS_MAX; i++)
        if (waiting[i / 8] & (1u << (i % 8)))
            resume(ctx, i);
    return first;
}

bool mailbox_sleep(struct mailbox *b)
{
    pthread_mutex_lock(&b->lock);
    b->asleep = !b->held.first;
    bool asleep = b->asleep;
    pthread_mutex_unlock(&b->lock);
    return asleep;
}
