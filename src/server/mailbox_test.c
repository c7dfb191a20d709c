#include "server/mailbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* A receiver without a loop: its wake-ups are a condition variable. */
struct receiver {
    struct mailbox box;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool awake;
    unsigned wakes;
    uint32_t next[4]; /* the number due from each poster */
    size_t count;
    unsigned words; /* bits: posters that were given word */
};

struct letter {
    struct mail mail;
    unsigned poster;
    uint32_t number;
};

static void wake(void *ctx)
{
    struct receiver *r = ctx;
    pthread_mutex_lock(&r->lock);
    r->awake = true;
    r->wakes++;
    pthread_cond_signal(&r->woken);
    pthread_mutex_unlock(&r->lock);
}

static void receiver_init(struct receiver *r)
{
    *r = (struct receiver){0};
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->woken, NULL);
    mailbox_init(&r->box, wake, r);
}

static void receiver_finish(struct receiver *r)
{
    mailbox_finish(&r->box);
    pthread_cond_destroy(&r->woken);
    pthread_mutex_destroy(&r->lock);
}

static void deliver(struct mail *m, void *ctx)
{
    struct receiver *r = ctx;
    struct letter *l = CONTAINER_OF(m, struct letter, mail);
    assert_int_equal(l->number, r->next[l->poster]);
    r->next[l->poster]++;
    r->count++;
    free(l);
}

static void word(void *ctx, unsigned poster)
{
    struct receiver *r = ctx;
    r->words |= 1u << poster;
}

static void take_all(struct receiver *r)
{
    struct mail *m = mailbox_take(&r->box, word, r);
    while (m) {
        struct mail *next = m->next;
        m->deliver(m, r);
        m = next;
    }
}

static void add(struct mail_batch *b, unsigned poster, uint32_t number)
{
    struct letter *l = calloc(1, sizeof *l);
    assert_non_null(l);
    *l = (struct letter){{.deliver = deliver, .bytes = 100}, poster, number};
    mail_batch_add(b, &l->mail);
}

static void test_order_and_bytes(void **state)
{
    struct receiver r;
    struct mail_batch batch = {0};
    (void)state;
    receiver_init(&r);
    for (uint32_t i = 0; i < 5; i++)
        add(&batch, 0, i);
    mailbox_post(&r.box, &batch, 0, false);
    assert_null(batch.first);
    assert_int_equal(batch.bytes, 0);
    add(&batch, 0, 5);
    mailbox_post(&r.box, &batch, 0, false);
    assert_int_equal(mailbox_bytes(&r.box), 600);
    take_all(&r);
    assert_int_equal(r.count, 6);
    assert_int_equal(mailbox_bytes(&r.box), 0);
    receiver_finish(&r);
}

/* Only the first post to a sleeper wakes it; one who is busy looks by itself before it sleeps. */
static void test_wakes_sleepers_only(void **state)
{
    struct receiver r;
    struct mail_batch batch = {0};
    (void)state;
    receiver_init(&r);
    mailbox_post(&r.box, &batch, 0, false);
    assert_int_equal(r.wakes, 0); /* an empty batch is nothing */
    add(&batch, 0, 0);
    mailbox_post(&r.box, &batch, 0, false);
    add(&batch, 0, 1);
    mailbox_post(&r.box, &batch, 0, false);
    assert_int_equal(r.wakes, 1);
    assert_false(mailbox_sleep(&r.box));
    take_all(&r);
    add(&batch, 0, 2);
    mailbox_post(&r.box, &batch, 0, false);
    assert_int_equal(r.wakes, 1);
    take_all(&r);
    assert_true(mailbox_sleep(&r.box));
    add(&batch, 0, 3);
    mailbox_post(&r.box, &batch, 0, false);
    assert_int_equal(r.wakes, 2);
    receiver_finish(&r);
}

static void test_word_once(void **state)
{
    struct receiver r;
    struct mail_batch batch = {0};
    (void)state;
    receiver_init(&r);
    add(&batch, 3, 0);
    mailbox_post(&r.box, &batch, 3, true);
    add(&batch, 1, 0);
    mailbox_post(&r.box, &batch, 1, false);
    take_all(&r);
    assert_int_equal(r.words, 1u << 3);
    r.words = 0;
    take_all(&r);
    assert_int_equal(r.words, 0);
    receiver_finish(&r);
}

static unsigned discarded;

static void discard(struct mail *m)
{
    discarded++;
    free(CONTAINER_OF(m, struct letter, mail));
}

static void test_finish(void **state)
{
    struct receiver r;
    struct mail_batch batch = {0};
    (void)state;
    receiver_init(&r);
    add(&batch, 0, 0);
    batch.first->discard = discard;
    mailbox_post(&r.box, &batch, 0, false);
    assert_null(batch.first);
    discarded = 0;
    receiver_finish(&r);
    assert_int_equal(discarded, 1);
}

enum { POSTERS = 4, LETTERS = 20000 };

struct poster {
    struct receiver *to;
    unsigned number;
};

static void *post_many(void *arg)
{
    const struct poster *p = arg;
    struct mail_batch batch = {0};
    for (uint32_t i = 0; i < LETTERS; i++) {
        struct letter *l = calloc(1, sizeof *l);
        *l = (struct letter){{.deliver = deliver, .bytes = 1}, p->number, i};
        mail_batch_add(&batch, &l->mail);
        if (i % 7 == p->number || i == LETTERS - 1)
            mailbox_post(&p->to->box, &batch, p->number, i % 100 == 0);
    }
    return NULL;
}

/* Nothing is lost, nobody is overtaken, and no wake-up is missed. */
static void test_threads(void **state)
{
    struct receiver r;
    pthread_t threads[POSTERS];
    struct poster posters[POSTERS];
    (void)state;
    receiver_init(&r);
    for (unsigned i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){&r, i};
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
    }
    while (r.count < (size_t)POSTERS * LETTERS) {
        if (mailbox_sleep(&r.box)) {
            pthread_mutex_lock(&r.lock);
            while (!r.awake)
                pthread_cond_wait(&r.woken, &r.lock);
            r.awake = false;
            pthread_mutex_unlock(&r.lock);
        }
        take_all(&r);
    }
    for (unsigned i = 0; i < POSTERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(r.next[i], LETTERS);
    }
    receiver_finish(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_bytes), cmocka_unit_test(test_wakes_sleepers_only),
        cmocka_unit_test(test_word_once),       cmocka_unit_test(test_finish),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
