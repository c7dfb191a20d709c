#include "net/loop.h"

#include "net/chan.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void socket_pair(int fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
}

struct seen {
    struct loop_poll *poll;
    struct loop_timer *timer;
    struct loop_wake *wake;
    uv_loop_t *loop;
    struct chan *chan;
    unsigned events, calls;
};

static void note_and_free(void *ctx, unsigned events)
{
    struct seen *s = ctx;
    s->events = events;
    s->calls++;
    loop_poll_free(s->poll);
}

static void poll_sees_reading_and_writing(void **state)
{
    (void)state;
    uv_loop_t loop;
    int fds[2];
    assert_true(loop_init(&loop));
    socket_pair(fds);
    struct seen s = {0};
    s.poll = loop_poll_new(&loop, fds[0], note_and_free, &s);
    loop_poll_set(s.poll, CHAN_WANTS_WRITE);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(s.events, CHAN_WANTS_WRITE);

    s.poll = loop_poll_new(&loop, fds[0], note_and_free, &s);
    loop_poll_set(s.poll, CHAN_WANTS_READ | CHAN_WANTS_WRITE);
    loop_poll_set(s.poll, 0);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(s.calls, 1); /* paused */
    loop_poll_set(s.poll, CHAN_WANTS_READ);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(s.calls, 1); /* nothing to read */
    assert_int_equal(write(fds[1], "x", 1), 1);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(s.events, CHAN_WANTS_READ);
    assert_int_equal(s.calls, 2);
    loop_finish(&loop);
    close(fds[0]);
    close(fds[1]);
}

static void hang_up_is_an_event(void **state)
{
    (void)state;
    uv_loop_t loop;
    int fds[2];
    assert_true(loop_init(&loop));
    socket_pair(fds);
    struct seen s = {0};
    s.poll = loop_poll_new(&loop, fds[0], note_and_free, &s);
    loop_poll_set(s.poll, CHAN_WANTS_READ);
    close(fds[1]);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_true(s.events & CHAN_WANTS_READ);
    loop_finish(&loop);
    close(fds[0]);
}

/* What the peer said before is unread, and is not what is waited for. */
static void the_end_is_seen_unread(void **state)
{
    (void)state;
    uv_loop_t loop;
    int fds[2];
    char byte;
    assert_true(loop_init(&loop));
    socket_pair(fds);
    struct seen s = {0};
    s.poll = loop_poll_new(&loop, fds[0], note_and_free, &s);
    loop_poll_set(s.poll, LOOP_WANTS_END);
    assert_int_equal(write(fds[1], "x", 1), 1);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(s.calls, 0);
    shutdown(fds[1], SHUT_WR);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(s.calls, 1);
    assert_int_equal(s.events, LOOP_WANTS_END);
    assert_int_equal(read(fds[0], &byte, 1), 1);
    loop_finish(&loop);
    close(fds[0]);
    close(fds[1]);
}

static void note_and_keep(void *ctx, unsigned events)
{
    struct seen *s = ctx;
    s->events |= events;
    if (++s->calls == 2)
        loop_poll_free(s->poll);
}

/* A reset makes libuv stop watching by itself; we are told again until we let go. */
static void error_is_every_event(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    assert_true(loop_init(&loop));
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    int peer = accept(listener, NULL, NULL);
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    close(peer); /* RST */
    struct seen s = {0};
    s.poll = loop_poll_new(&loop, fd, note_and_keep, &s);
    loop_poll_set(s.poll, CHAN_WANTS_READ | CHAN_WANTS_WRITE);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(s.calls, 2);
    assert_int_equal(s.events, CHAN_WANTS_READ | CHAN_WANTS_WRITE);
    loop_finish(&loop);
    close(fd);
    close(listener);
}

static void bad_descriptor_is_refused(void **state)
{
    (void)state;
    uv_loop_t loop;
    assert_true(loop_init(&loop));
    assert_null(loop_poll_new(&loop, -1, note_and_free, NULL));
    int fd = open("/dev/null", O_RDONLY);
    assert_null(loop_poll_new(&loop, fd, note_and_free, NULL)); /* epoll takes no files */
    close(fd);
    loop_poll_free(NULL);
    loop_timer_free(NULL);
    loop_wake_free(NULL);
    loop_finish(&loop);
}

static void read_on_loop(void *ctx, unsigned events)
{
    struct seen *s = ctx;
    char buf[8];
    size_t n = 0;
    s->events = events;
    s->calls++;
    assert_int_equal(chan_read(s->chan, buf, sizeof(buf), &n), CHAN_OK);
    assert_int_equal(chan_read(s->chan, buf, sizeof(buf), &n), CHAN_AGAIN);
    loop_poll_free(s->poll);
}

static void *run_loop(void *arg)
{
    struct seen *s = arg;
    uv_run(s->loop, UV_RUN_DEFAULT);
    return NULL;
}

static void channel_moves_between_loops(void **state)
{
    (void)state;
    uv_loop_t a, b;
    int fds[2];
    assert_true(loop_init(&a));
    assert_true(loop_init(&b));
    socket_pair(fds);
    struct seen s = {.chan = chan_tcp_new(fds[0])};
    s.poll = loop_poll_new(&a, s.chan->fd, read_on_loop, &s);
    loop_poll_set(s.poll, CHAN_WANTS_READ);
    assert_int_equal(write(fds[1], "one", 3), 3);
    uv_run(&a, UV_RUN_DEFAULT);
    assert_int_equal(s.calls, 1);

    s.loop = &b;
    s.poll = loop_poll_new(&b, s.chan->fd, read_on_loop, &s);
    loop_poll_set(s.poll, CHAN_WANTS_READ);
    assert_int_equal(write(fds[1], "two", 3), 3);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_loop, &s), 0);
    uv_run(&a, UV_RUN_DEFAULT); /* hears nothing */
    pthread_join(thread, NULL);
    assert_int_equal(s.calls, 2);
    chan_free(s.chan);
    close(fds[1]);
    loop_finish(&a);
    loop_finish(&b);
}

static void fire(void *ctx)
{
    struct seen *s = ctx;
    if (++s->calls < 3)
        loop_timer_set(s->timer, 0);
}

static void count(void *ctx)
{
    ((struct seen *)ctx)->calls++;
}

static void timers_fire_once_each_time(void **state)
{
    (void)state;
    uv_loop_t loop;
    assert_true(loop_init(&loop));
    struct seen s = {0}, never = {0}, past = {0};
    s.timer = loop_timer_new(&loop, fire, &s);
    never.timer = loop_timer_new(&loop, count, &never);
    past.timer = loop_timer_new(&loop, count, &past);
    loop_timer_set(s.timer, 100000);
    loop_timer_set(s.timer, 0); /* replaces */
    loop_timer_set(never.timer, 0);
    loop_timer_stop(never.timer);
    loop_timer_set_at(past.timer, 1); /* long ago */
    uint64_t before_ms = loop_now_ms();
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_true(loop_now_ms() >= before_ms);
    assert_int_equal(s.calls, 3);
    assert_int_equal(never.calls, 0);
    assert_int_equal(past.calls, 1);
    loop_timer_free(s.timer);
    loop_timer_free(never.timer);
    loop_timer_free(past.timer);
    loop_finish(&loop);
}

static void woken(void *ctx)
{
    struct seen *s = ctx;
    s->calls++;
    loop_wake_free(s->wake);
}

static void *wake_up(void *arg)
{
    loop_wake_send(((struct seen *)arg)->wake);
    return NULL;
}

static void wake_comes_from_another_thread(void **state)
{
    (void)state;
    uv_loop_t loop;
    assert_true(loop_init(&loop));
    struct seen s = {0};
    s.wake = loop_wake_new(&loop, woken, &s);
    loop_wake_hold(s.wake, false);
    uv_run(&loop, UV_RUN_DEFAULT); /* returns at once */
    loop_wake_hold(s.wake, true);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wake_up, &s), 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    pthread_join(thread, NULL);
    assert_int_equal(s.calls, 1);
    loop_finish(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poll_sees_reading_and_writing),
        cmocka_unit_test(hang_up_is_an_event),
        cmocka_unit_test(the_end_is_seen_unread),
        cmocka_unit_test(error_is_every_event),
        cmocka_unit_test(bad_descriptor_is_refused),
        cmocka_unit_test(channel_moves_between_loops),
        cmocka_unit_test(timers_fire_once_each_time),
        cmocka_unit_test(wake_comes_from_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
