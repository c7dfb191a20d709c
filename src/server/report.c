#include "server/report_private.h"

#include <stdlib.h>

/* ---- errands ---- */

void errand_post_home(struct errand *e)
{
    struct mail_batch batch = {0};
    mail_batch_add(&batch, &e->mail);
    mailbox_post(&e->report->inbox, &batch, 0, false);
}

void errand_discard(struct mail *m)
{
    errand_post_home(errand_of(m));
}

/* ---- life ---- */

static void no_word(void *ctx, unsigned poster)
{
    (void)ctx;
    (void)poster;
}

static void mail_came(void *ctx)
{
    struct report *r = ctx;
    do {
        struct mail *m = mailbox_take(&r->inbox, no_word, NULL);
        while (m) {
            struct mail *next = m->next;
            m->deliver(m, r);
            m = next;
        }
    } while (!mailbox_sleep(&r->inbox));
}

static void wake(void *ctx)
{
    struct report *r = ctx;
    loop_wake_send(r->wake);
}

struct report *report_new(struct server *server)
{
    struct report *r = MEMORY_NEW(struct report);
    r->server = server;
    mailbox_init(&r->inbox, wake, r);
    r->wake = loop_wake_new(server->loop, mail_came, r);
    if (!r->wake)
        memory_exhausted();
    return r;
}

void report_free(struct report *r)
{
    if (!r)
        return;
    struct linnet_error error = {0};
    struct mail *m = mailbox_take(&r->inbox, no_word, NULL);
    error_set(&error, LINNET_ERROR_SHUTDOWN, LINNET_ORIGIN_HERE, NULL);
    while (m) {
        struct mail *next = m->next;
        struct errand *e = errand_of(m);
        control_call_fail(e->call, &error);
        e->free(e);
        m = next;
    }
    loop_wake_free(r->wake);
    mailbox_finish(&r->inbox);
    free(r);
}
