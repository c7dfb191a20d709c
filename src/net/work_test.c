#include "net/work.h"

#include "base/alloc_fail_test.h"
#include "net/loop.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* What all jobs of a test share. */
struct plant {
    struct work_pool *pool;
    struct work_port *port;
    uv_loop_t loop;
    sem_t started, go; /* jobs that wait post the first, and wait for the second */
    atomic_int ran, dropped;
    int done; /* the loop's thread only */
    pthread_t thread;
};

struct job {
    struct work work;
    struct plant *plant;
    bool waits;
    int depth; /* submits another when done */
    int input, output;
};

static void job_run(struct work *w)
{
    struct job *j = CONTAINER_OF(w, struct job, work);
    assert_false(pthread_equal(pthread_self(), j->plant->thread));
    if (j->waits) {
        sem_post(&j->plant->started);
        while (sem_wait(&j->plant->go) != 0) {
        }
    }
    j->output = j->input * 2;
    atomic_fetch_add(&j->plant->ran, 1);
}

static void job_drop(struct work *w)
{
    struct job *j = CONTAINER_OF(w, struct job, work);
    atomic_fetch_add(&j->plant->dropped, 1);
    free(j);
}

static void job_done(struct work *w);

static struct job *job_new(struct plant *p, bool waits)
{
    struct job *j = calloc(1, sizeof(*j));
    assert_non_null(j);
    *j = (struct job){
        .work = {.run = job_run, .done = job_done, .drop = job_drop}, .plant = p, .waits = waits};
    return j;
}

static struct job *job_submit(struct plant *p, bool waits)
{
    struct job *j = job_new(p, waits);
    if (work_submit(p->port, &j->work))
        return j;
    free(j);
    return NULL;
}

static void job_done(struct work *w)
{
    struct job *j = CONTAINER_OF(w, struct job, work);
    struct plant *p = j->plant;
    assert_true(pthread_equal(pthread_self(), p->thread));
    assert_int_equal(j->output, j->input * 2);
    p->done++;
    if (j->depth > 0) {
        struct job *next = job_new(p, false);
        next->depth = j->depth - 1;
        next->input = j->depth;
        assert_true(work_submit(p->port, &next->work));
    }
    free(j);
}

static void plant_open(struct plant *p, unsigned threads, size_t queue_max)
{
    *p = (struct plant){.thread = pthread_self()};
    sem_init(&p->started, 0, 0);
    sem_init(&p->go, 0, 0);
    assert_true(loop_init(&p->loop));
    p->pool = work_pool_new(threads, queue_max);
    p->port = work_port_new(p->pool, &p->loop);
    assert_non_null(p->port);
}

static void plant_close(struct plant *p)
{
    work_port_free(p->port);
    work_pool_free(p->pool);
    loop_finish(&p->loop);
    sem_destroy(&p->started);
    sem_destroy(&p->go);
}

static void await_started(struct plant *p, int count)
{
    while (count > 0)
        if (sem_wait(&p->started) == 0)
            count--;
}

static void let_go(struct plant *p, int count)
{
    while (count-- > 0)
        sem_post(&p->go);
}

static void jobs_come_back_to_the_loop(void **state)
{
    (void)state;
    struct plant p;
    plant_open(&p, 4, 1000);
    for (int i = 0; i < 500; i++) {
        struct job *j = job_new(&p, false);
        j->input = i;
        j->depth = i % 3;
        assert_true(work_submit(p.port, &j->work));
    }
    uv_run(&p.loop, UV_RUN_DEFAULT); /* ends when nothing is awaited */
    assert_int_equal(p.done, 500 + 333 + 166);
    assert_int_equal(p.ran, p.done);
    assert_int_equal(p.dropped, 0);
    plant_close(&p);
}

static void full_queue_answers_at_once(void **state)
{
    (void)state;
    struct plant p;
    size_t queued, running;
    plant_open(&p, 2, 3);
    assert_non_null(job_submit(&p, true));
    assert_non_null(job_submit(&p, true));
    await_started(&p, 2);
    for (int i = 0; i < 3; i++)
        assert_non_null(job_submit(&p, true));
    assert_null(job_submit(&p, true));
    work_pool_load(p.pool, &queued, &running);
    assert_int_equal(queued, 3);
    assert_int_equal(running, 2);
    let_go(&p, 5);
    uv_run(&p.loop, UV_RUN_DEFAULT);
    assert_int_equal(p.done, 5);
    assert_non_null(job_submit(&p, false));
    uv_run(&p.loop, UV_RUN_DEFAULT);
    assert_int_equal(p.done, 6);
    plant_close(&p);
}

static void queue_of_nothing_still_works(void **state)
{
    (void)state;
    struct plant p;
    plant_open(&p, 1, 0);
    assert_non_null(job_submit(&p, true));
    await_started(&p, 1);
    assert_null(job_submit(&p, false));
    let_go(&p, 1);
    uv_run(&p.loop, UV_RUN_DEFAULT);
    assert_int_equal(p.done, 1);
    plant_close(&p);
    plant_open(&p, 0, 10);
    assert_null(job_submit(&p, false)); /* nobody would ever run it */
    plant_close(&p);
}

static void abandoned_work_is_dropped(void **state)
{
    (void)state;
    struct plant p;
    plant_open(&p, 1, 10);
    struct job *running = job_submit(&p, true);
    await_started(&p, 1);
    struct job *queued = job_submit(&p, false);
    struct job *kept = job_submit(&p, false);
    assert_non_null(kept);
    work_abandon(&queued->work);
    assert_int_equal(p.dropped, 1);
    work_abandon(&running->work);
    assert_int_equal(p.dropped, 1); /* it is still running */
    let_go(&p, 1);
    uv_run(&p.loop, UV_RUN_DEFAULT);
    assert_int_equal(p.done, 1);
    assert_int_equal(p.ran, 2);
    plant_close(&p);
    assert_int_equal(p.dropped, 2);
}

static void finished_work_may_be_abandoned(void **state)
{
    (void)state;
    struct plant p;
    plant_open(&p, 1, 10);
    struct job *first = job_submit(&p, false);
    job_submit(&p, true);
    await_started(&p, 1); /* so the first has ended, and waits for its loop */
    work_abandon(&first->work);
    assert_int_equal(p.ran, 1);
    assert_int_equal(p.dropped, 1);
    let_go(&p, 1);
    uv_run(&p.loop, UV_RUN_DEFAULT);
    assert_int_equal(p.done, 1);
    plant_close(&p);
}

static void port_may_close_at_any_time(void **state)
{
    (void)state;
    struct plant p;
    plant_open(&p, 2, 10);
    job_submit(&p, false); /* will have ended, perhaps */
    job_submit(&p, true);
    job_submit(&p, true);
    await_started(&p, 2);
    job_submit(&p, false); /* stays queued */
    work_port_free(p.port);
    p.port = NULL;
    let_go(&p, 2);
    uv_run(&p.loop, UV_RUN_DEFAULT);
    plant_close(&p);
    assert_int_equal(p.done, 0);
    assert_int_equal(p.dropped, 4);
}

static void job_done_closes(struct work *w)
{
    struct job *j = CONTAINER_OF(w, struct job, work);
    j->plant->done++;
    work_port_free(j->plant->port);
    j->plant->port = NULL;
    free(j);
}

static void port_may_close_from_done(void **state)
{
    (void)state;
    struct plant p;
    plant_open(&p, 1, 10);
    for (int i = 0; i < 5; i++) {
        struct job *j = job_new(&p, false);
        j->work.done = job_done_closes;
        assert_true(work_submit(p.port, &j->work));
    }
    uv_run(&p.loop, UV_RUN_DEFAULT);
    plant_close(&p);
    assert_int_equal(p.done, 1);
    assert_int_equal(p.dropped, 4);
}

struct sharing {
    struct work_pool *pool;
    pthread_barrier_t open; /* all loops are there before the first ends: none has the pool alone */
};

/* Each loop on a thread of its own, one pool. */
static void *other_loop(void *arg)
{
    struct sharing *shared = arg;
    struct plant own = {.thread = pthread_self()};
    assert_true(loop_init(&own.loop));
    own.port = work_port_new(shared->pool, &own.loop);
    pthread_barrier_wait(&shared->open);
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 5; i++) {
            struct job *j = job_submit(&own, false);
            if (j && i == 4)
                work_abandon(&j->work);
        }
        uv_run(&own.loop, UV_RUN_DEFAULT);
    }
    assert_int_equal(own.done, 200);
    work_port_free(own.port);
    loop_finish(&own.loop);
    return NULL;
}

static void loops_share_a_pool(void **state)
{
    (void)state;
    struct plant p;
    pthread_t threads[3];
    plant_open(&p, 3, 1000);
    struct sharing shared = {.pool = p.pool};
    assert_int_equal(pthread_barrier_init(&shared.open, NULL, ARRAY_LEN(threads)), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, other_loop, &shared), 0);
    for (int i = 0; i < 200; i++)
        assert_non_null(job_submit(&p, false));
    uv_run(&p.loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&shared.open);
    assert_int_equal(p.done, 200);
    plant_close(&p);
}

static bool scarce_scenario(void *arg)
{
    uv_loop_t loop;
    (void)arg;
    if (!loop_init(&loop))
        return false;
    struct work_pool *pool = work_pool_new(1, 1);
    struct work_port *port = pool ? work_port_new(pool, &loop) : NULL;
    bool ok = port;
    work_port_free(port);
    work_pool_free(pool);
    loop_finish(&loop);
    return ok;
}

static void memory_may_run_out(void **state)
{
    (void)state;
    assert_int_equal(alloc_fail_sweep(scarce_scenario, NULL), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_come_back_to_the_loop),
        cmocka_unit_test(full_queue_answers_at_once),
        cmocka_unit_test(queue_of_nothing_still_works),
        cmocka_unit_test(abandoned_work_is_dropped),
        cmocka_unit_test(finished_work_may_be_abandoned),
        cmocka_unit_test(port_may_close_at_any_time),
        cmocka_unit_test(port_may_close_from_done),
        cmocka_unit_test(loops_share_a_pool),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
