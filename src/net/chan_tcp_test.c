#include "net/chan.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct pair {
    struct chan *a, *b;
};

static struct pair pair_new(void)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    return (struct pair){chan_tcp_new(fds[0]), chan_tcp_new(fds[1])};
}

static void bytes_pass_and_are_counted(void **state)
{
    (void)state;
    struct pair p = pair_new();
    char buf[16];
    size_t n = 0;
    assert_int_equal(chan_read(p.b, buf, sizeof(buf), &n), CHAN_AGAIN);
    assert_int_equal(chan_wants(p.b), CHAN_WANTS_READ);
    assert_int_equal(chan_write(p.a, "hello", 5, &n), CHAN_OK);
    assert_int_equal(n, 5);
    assert_int_equal(chan_read(p.b, buf, sizeof(buf), &n), CHAN_OK);
    assert_int_equal(n, 5);
    assert_memory_equal(buf, "hello", 5);
    assert_int_equal(chan_wants(p.b), 0);
    assert_false(chan_pending(p.b));
    assert_int_equal(p.a->bytes_out, 5);
    assert_int_equal(p.b->bytes_in, 5);
    chan_free(p.a);
    chan_free(p.b);
    chan_free(NULL);
}

static void full_socket_wants_to_write(void **state)
{
    (void)state;
    struct pair p = pair_new();
    static char data[100000], sink[100000];
    size_t n, sent = 0, received = 0;
    while (chan_write(p.a, data, sizeof(data), &n) == CHAN_OK)
        sent += n;
    assert_int_equal(chan_wants(p.a), CHAN_WANTS_WRITE);
    while (chan_read(p.b, sink, sizeof(sink), &n) == CHAN_OK)
        received += n;
    assert_int_equal(sent, received);
    assert_int_equal(chan_write(p.a, data, 1, &n), CHAN_OK);
    assert_int_equal(chan_wants(p.a), 0);
    chan_free(p.a);
    chan_free(p.b);
}

static void end_is_told_from_reset(void **state)
{
    (void)state;
    struct pair p = pair_new();
    char buf[16];
    size_t n;
    assert_int_equal(chan_write(p.a, "last", 4, &n), CHAN_OK);
    assert_int_equal(chan_shutdown(p.a), CHAN_OK);
    assert_int_equal(chan_read(p.b, buf, sizeof(buf), &n), CHAN_OK);
    assert_int_equal(chan_read(p.b, buf, sizeof(buf), &n), CHAN_EOF);
    assert_int_equal(chan_write(p.b, "still", 5, &n), CHAN_OK); /* half closed */
    chan_free(p.a);                                             /* with unread bytes: a reset */
    assert_int_equal(chan_read(p.b, buf, sizeof(buf), &n), CHAN_LOST);
    assert_string_equal(chan_fault(p.b), "Connection reset by peer");
    assert_int_equal(chan_write(p.b, "x", 1, &n), CHAN_LOST); /* and no SIGPIPE */
    assert_string_equal(chan_fault(p.b), "Broken pipe");
    chan_free(p.b);
}

static void small_writes_leave_at_once(void **state)
{
    (void)state;
    int on = 0;
    struct chan *c = chan_tcp_new(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    assert_int_equal(getsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, &(socklen_t){sizeof(on)}), 0);
    assert_int_not_equal(on, 0);
    chan_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_pass_and_are_counted),
        cmocka_unit_test(full_socket_wants_to_write),
        cmocka_unit_test(end_is_told_from_reset),
        cmocka_unit_test(small_writes_leave_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
