#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "network.h"

#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

struct message {
    struct nlmsghdr head;
    struct rtmsg route;
};

static struct message route(unsigned type, unsigned dst_len, unsigned table)
{
    struct message m = {
        .head = {.nlmsg_len = sizeof m, .nlmsg_type = (uint16_t)type},
        .route = {.rtm_family = AF_INET,
                  .rtm_dst_len = (uint8_t)dst_len,
                  .rtm_table = (uint8_t)table,
                  .rtm_type = RTN_UNICAST},
    };
    return m;
}

static void way_out_concerns_us(void **state)
{
    (void)state;
    struct message m = route(RTM_NEWROUTE, 0, RT_TABLE_MAIN);
    assert_true(network_tells_route(&m, sizeof m));
    m = route(RTM_DELROUTE, 0, RT_TABLE_MAIN);
    assert_true(network_tells_route(&m, sizeof m));
    m = route(RTM_NEWROUTE, 24, RT_TABLE_MAIN);
    assert_false(network_tells_route(&m, sizeof m));
    m = route(RTM_NEWROUTE, 0, RT_TABLE_LOCAL);
    assert_false(network_tells_route(&m, sizeof m));
    m = route(RTM_NEWLINK, 0, RT_TABLE_MAIN);
    assert_false(network_tells_route(&m, sizeof m));
    m.route.rtm_type = RTN_BLACKHOLE;
    assert_false(network_tells_route(&m, sizeof m));
}

static void every_message_is_read(void **state)
{
    struct message all[3] = {route(RTM_NEWLINK, 0, 0), route(RTM_NEWROUTE, 16, RT_TABLE_MAIN),
                             route(RTM_NEWROUTE, 0, RT_TABLE_MAIN)};
    (void)state;
    assert_true(network_tells_route(all, sizeof all));
    assert_false(network_tells_route(all, sizeof all - 1)); /* the last one is cut */
    assert_false(network_tells_route(all, 2 * sizeof all[0]));
    assert_false(network_tells_route(all, 0));
    all[0].head.nlmsg_len = 3; /* no length at all: nothing after it is believed */
    assert_false(network_tells_route(all, sizeof all));
    all[0].head.nlmsg_len = UINT32_MAX;
    assert_false(network_tells_route(all, sizeof all));
    all[2].head.nlmsg_len = sizeof(struct nlmsghdr); /* a head without a route */
    assert_false(network_tells_route(&all[2], sizeof all[2]));
}

/* Where the kernel lets us watch, nothing has changed without a message. */
static void quiet_network_is_quiet(void **state)
{
    struct network n;
    bool up;
    (void)state;
    network_open(&n);
    struct pollfd fd = {.fd = n.fd, .events = POLLIN};
    if (n.fd >= 0 && poll(&fd, 1, 0) == 0)
        assert_false(network_read(&n, &up));
    network_close(&n);
    assert_int_equal(n.fd, -1);
    network_close(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(way_out_concerns_us),
        cmocka_unit_test(every_message_is_read),
        cmocka_unit_test(quiet_network_is_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
