#include "client/fake_test.h"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/ioctl.h>
/* cmocka wants three of the above */
#include <cmocka.h>

/* Round trips of a login, counted on the wire: between the client and the server is a link that is
 * slower than anything they do. It carries what the client sends at once and holds what the server
 * says until neither has anything more to send. Each time that it gives that to the client, one
 * round trip is over; one more made the connection. No clock is looked at. */

struct link {
    struct fake *fake;
    int listener, near, far; /* near: to the client; far: to the server; -1 */
    uint16_t port;
    struct buf held; /* the server's words on their way */
    unsigned round_trips;
};

static void link_start(struct link *l, struct fake *f)
{
    *l = (struct link){.fake = f, .near = -1, .far = -1};
    buf_init(&l->held, 0, true);
    l->listener = fake_listen(&l->port);
}

static void link_stop(struct link *l)
{
    close(l->listener);
    buf_finish(&l->held);
}

static void link_hang_up(struct link *l)
{
    close(l->near);
    close(l->far);
    l->near = l->far = -1;
    l->round_trips = 0;
    buf_reset(&l->held);
    fake_hang_up(l->fake, false);
}

static void link_accept(struct link *l)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(l->fake->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (l->near >= 0 || (l->near = accept4(l->listener, NULL, NULL, SOCK_NONBLOCK)) < 0)
        return;
    l->far = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(l->far, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(fcntl(l->far, F_SETFL, O_NONBLOCK), 0);
    setsockopt(l->far, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    setsockopt(l->near, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    l->round_trips = 1;
}

/* What a login sends fits into the buffers of a socket. */
static void give(int fd, struct str bytes)
{
    assert_int_equal(send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL), bytes.len);
}

static bool link_carry(struct link *l)
{
    char bytes[4096];
    bool moved = false;
    ssize_t got;
    while ((got = recv(l->near, bytes, sizeof bytes, 0)) > 0) {
        give(l->far, str_of(bytes, (size_t)got));
        moved = true;
    }
    while ((got = recv(l->far, bytes, sizeof bytes, 0)) > 0) {
        buf_append(&l->held, bytes, (size_t)got);
        moved = true;
    }
    assert_false(l->held.failed);
    return moved;
}

/* ---- whether nobody has anything more to send ---- */

static uint16_t port_of(int fd, int (*whose)(int, struct sockaddr *restrict, socklen_t *restrict))
{
    struct sockaddr_in name = {0};
    socklen_t len = sizeof name;
    if (whose(fd, (struct sockaddr *)&name, &len) != 0 || name.sin_family != AF_INET)
        return 0;
    return ntohs(name.sin_port);
}

/* The client's own socket, found by whom it is connected to. */
static int client_socket(const struct link *l)
{
    for (int fd = 0; fd < FD_SETSIZE; fd++)
        if (port_of(fd, getpeername) == l->port && port_of(fd, getsockname) != l->port)
            return fd;
    return -1;
}

/* All that was written to `from` can be read at `to`: TCP says so when `to` has acknowledged it,
 * which it is told to do now. */
static bool arrived(int from, int to)
{
    int on_the_way = 1;
    setsockopt(to, IPPROTO_TCP, TCP_QUICKACK, &(int){1}, sizeof(int));
    assert_int_equal(ioctl(from, SIOCOUTQ, &on_the_way), 0);
    return on_the_way == 0;
}

static bool readable(int fd)
{
    struct pollfd p = {fd, POLLIN, 0};
    return poll(&p, 1, 0) > 0;
}

static bool all_silent(const struct link *l, struct linnet_client *c)
{
    int client = client_socket(l), server = l->fake->fd;
    if (client < 0 || server < 0)
        return false;
    return arrived(client, l->near) && arrived(l->near, client) && arrived(l->far, server) &&
           arrived(server, l->far) && !readable(l->near) && !readable(l->far) &&
           !readable(server) && !readable(linnet_client_fd(c)) && linnet_client_timeout_ms(c) != 0;
}

/* ---- a login ---- */

static void turn(struct link *l, struct linnet_client *c)
{
    linnet_client_dispatch(c);
    link_accept(l);
    fake_step(l->fake);
    if (l->near < 0 || link_carry(l) || !all_silent(l, c))
        return;
    if (buf_len(&l->held) > 0) {
        give(l->near, buf_peek(&l->held));
        buf_reset(&l->held);
        l->round_trips++;
        return;
    }
    struct pollfd client = {linnet_client_fd(c), POLLIN, 0}; /* it derives a key */
    poll(&client, 1, 20);
}

/* What an application keeps between two logins, each by a client of its own. */
struct account {
    char memory[MEMORY_TEXT_BYTES];
    size_t len;
};

static void save(struct account *a, struct linnet_client *c)
{
    const char *text = linnet_client_memory(c, &a->len);
    assert_non_null(text);
    memcpy(a->memory, text, a->len);
}

/* Runs to the end of a login; `ret_path` is the way it went. */
static unsigned log_in(struct link *l, struct linnet_config *config, struct account *a,
                       unsigned *ret_path)
{
    linnet_config_set_port(config, l->port);
    if (a)
        linnet_config_set_memory(config, a->memory, a->len);
    struct linnet_client *c = fake_client(config);
    const struct linnet_event *e;
    assert_int_equal(linnet_client_login(c), LINNET_OK);
    do {
        while (!(e = linnet_client_event(c)))
            turn(l, c);
        if (e->kind == LINNET_EVENT_FAILED)
            fail_msg("%s", e->error->sentence);
    } while (e->kind != LINNET_EVENT_ONLINE);
    *ret_path = linnet_client_path(c);
    if (a)
        save(a, c);
    linnet_client_free(c);
    unsigned round_trips = l->round_trips;
    link_hang_up(l);
    return round_trips;
}

/* What another login would have to do without. */
static void forget_features(struct account *a)
{
    char reason[MEMORY_REASON_BYTES];
    struct account_memory m;
    struct buf text = {0};
    memory_init(&m);
    assert_int_equal(
        memory_read(&m, str_of(a->memory, a->len), STR_LIT("juliet@localhost"), reason), LINNET_OK);
    memory_forget_features(&m);
    memory_write(&m, STR_LIT("juliet@localhost"), &text);
    assert_false(text.failed);
    memcpy(a->memory, buf_peek(&text).ptr, buf_len(&text));
    a->len = buf_len(&text);
    buf_finish(&text);
    memory_finish(&m);
}

enum {
    CLASSIC = 0,
    SASL2 = LINNET_PATH_SASL2 | LINNET_PATH_BIND2,
    PIPELINED = SASL2 | LINNET_PATH_PIPELINED,
    TOKEN = SASL2 | LINNET_PATH_TOKEN,
};

/* The ways in, and what each may cost: as few as its specifications allow. "Known" is a server that
 * the account has signed in to before. */
static const struct way {
    const char *name;
    bool direct, classic, known, token, features_forgotten;
    unsigned path, round_trips;
} ways[] = {
    {"STARTTLS, RFC 6120", .classic = true, .path = CLASSIC, .round_trips = 9},
    {"direct TLS, RFC 6120", .direct = true, .classic = true, .path = CLASSIC, .round_trips = 7},
    {"STARTTLS, SASL2", .path = SASL2, .round_trips = 7},
    {"direct TLS, SASL2", .direct = true, .path = SASL2, .round_trips = 5},
    {"STARTTLS, known", .known = true, .path = PIPELINED, .round_trips = 6},
    {"direct TLS, known", .direct = true, .known = true, .path = PIPELINED, .round_trips = 4},
    {"direct TLS, token, features forgotten", .direct = true, .known = true, .token = true,
     .features_forgotten = true, .path = TOKEN, .round_trips = 4},
    {"STARTTLS, token", .known = true, .token = true, .path = TOKEN | PIPELINED, .round_trips = 5},
    {"direct TLS, token", .direct = true, .known = true, .token = true, .path = TOKEN | PIPELINED,
     .round_trips = 3},
};

static void counts(const struct way *way)
{
    static struct account account;
    struct fake f;
    struct link l;
    unsigned path;
    account.len = 0;
    fake_start(&f);
    f.direct_tls = way->direct;
    f.fast = true;
    link_start(&l, &f);
    for (unsigned turn = 0; turn < 1 + (unsigned)way->known; turn++) {
        if (turn == 1 && way->features_forgotten)
            forget_features(&account);
        struct linnet_config *config = fake_config(&f);
        linnet_config_set_sasl2(config, !way->classic);
        linnet_config_set_fast(config, way->token);
        unsigned round_trips = log_in(&l, config, way->known ? &account : NULL, &path);
        if (turn == way->known && (round_trips != way->round_trips || path != way->path))
            fail_msg("%s: %u round trips, not %u; path %u, not %u", way->name, round_trips,
                     way->round_trips, path, way->path);
    }
    link_stop(&l);
    fake_stop(&f);
}

static void no_login_takes_one_round_trip_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++)
        counts(&ways[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_login_takes_one_round_trip_more)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
