/*
 * connect_run_test.h - places to connect to, good and bad, and one run of connect.h over a name
 * server of its own: for the connect*_test.c files. Included by the test that uses it. Everything
 * asserts.
 */
#ifndef NET_CONNECT_RUN_TEST_H
#define NET_CONNECT_RUN_TEST_H

#include "net/connect.h"

#include "net/dns_server_test.h"
#include "net/entropy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ---- what there is to connect to ---- */

struct place {
    int fd;
    uint16_t port;
    int fill[8]; /* connections that use up a backlog */
};

static inline int socket_at(const char *ip, uint16_t *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t len = sizeof(a);
    inet_pton(AF_INET, ip, &a.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

/* Accepts connections (the kernel does). Port 0 chooses one. */
static inline struct place place_open(const char *ip, uint16_t port)
{
    struct place p = {.port = port, .fill = {-1, -1, -1, -1, -1, -1, -1, -1}};
    p.fd = socket_at(ip, &p.port);
    assert_int_equal(listen(p.fd, 16), 0);
    return p;
}

/* A port on which nothing listens, and which nobody else can take. */
static inline struct place place_dead(const char *ip, uint16_t port)
{
    struct place p = {.port = port, .fill = {-1, -1, -1, -1, -1, -1, -1, -1}};
    p.fd = socket_at(ip, &p.port);
    return p;
}

/* A full backlog: Linux drops further SYNs, so a connection neither succeeds nor fails. */
static inline struct place place_blackhole(const char *ip, uint16_t port)
{
    struct place p = {.port = port};
    p.fd = socket_at(ip, &p.port);
    assert_int_equal(listen(p.fd, 0), 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(p.port)};
    inet_pton(AF_INET, ip, &a.sin_addr);
    for (size_t i = 0; i < ARRAY_LEN(p.fill); i++) {
        p.fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int result = connect(p.fill[i], (struct sockaddr *)&a, sizeof(a));
        assert_true(result == 0 || errno == EINPROGRESS);
    }
    return p;
}

static inline void place_close(struct place *p)
{
    for (size_t i = 0; i < ARRAY_LEN(p->fill); i++)
        if (p->fill[i] >= 0)
            close(p->fill[i]);
    close(p->fd);
}

/* ---- one run ---- */

struct run {
    uv_loop_t loop;
    struct test_dns server;
    struct dns_settings dns;
    struct entropy entropy;
    struct connect *connect;
    struct connect_settings s;

    int done;
    struct chan *chan;
    struct connect_target target;
    struct linnet_error error;
    bool free_from_done;
    int steps[3]; /* progress seen, by kind */
    bool srv_step;
};

static inline void run_progress(void *ctx, enum connect_step step,
                                const struct connect_target *target, const char *reason)
{
    struct run *r = ctx;
    r->steps[step]++;
    r->srv_step |= step == CONNECT_STEP_RESOLVING && !target;
    assert_int_equal(step == CONNECT_STEP_FAILED, reason != NULL);
}

static inline void run_done(void *ctx, struct chan *chan, const struct connect_target *target,
                            const struct linnet_error *error)
{
    struct run *r = ctx;
    r->done++;
    assert_true(!chan == !target && !chan == !!error);
    chan_free(r->chan);
    r->chan = chan;
    if (chan)
        r->target = *target;
    else
        r->error = *error;
    if (r->free_from_done) {
        connect_free(r->connect);
        r->connect = NULL;
    }
    uv_stop(&r->loop);
}

static const struct connect_events run_events = {run_progress, run_done};

static inline void run_open(struct run *r, struct test_dns_name *names, size_t count,
                            const char *domain)
{
    *r = (struct run){0};
    assert_true(loop_init(&r->loop));
    entropy_init(&r->entropy);
    test_dns_open(&r->server, &r->loop, names, count);
    r->dns = (struct dns_settings){r->server.servers, TEST_DNS_PATIENCE_MS, 1};
    r->s = (struct connect_settings){
        .domain = domain,
        .srv_starttls = "_xmpp-client._tcp",
        .srv_direct = "_xmpps-client._tcp",
        .port_starttls = 5222,
        .port_direct = 5223,
        .random = entropy_source(&r->entropy),
        .dns = &r->dns,
    };
}

static inline void run_wait(struct run *r)
{
    int before = r->done;
    uv_run(&r->loop, UV_RUN_DEFAULT);
    assert_int_equal(r->done, before + 1);
}

static inline void run_start(struct run *r)
{
    r->connect = connect_start(&r->loop, &r->s, &run_events, r);
    assert_non_null(r->connect);
    assert_int_equal(r->done, 0); /* never from within the call */
    run_wait(r);
}

static inline void run_close(struct run *r)
{
    connect_free(r->connect);
    chan_free(r->chan);
    test_dns_close(&r->server);
    loop_finish(&r->loop);
}

/* The attempt at `address` (or, for NULL, at an unresolved `host`). */
static const struct connect_attempt *attempt_at(struct run *r, const char *host,
                                                const char *address)
{
    const struct connect_report *report = connect_report(r->connect);
    for (size_t i = 0; i < report->attempt_count; i++) {
        const struct connect_attempt *a = &report->attempts[i];
        if ((!host || strcmp(a->target.host, host) == 0) &&
            strcmp(a->target.address, address ? address : "") == 0)
            return a;
    }
    static const struct connect_attempt none;
    fail_msg("no attempt at %s %s", host ? host : "any", address ? address : "none");
    return &none;
}

static inline void assert_connected(struct run *r, const char *host, const char *address,
                                    uint16_t port, bool direct_tls)
{
    assert_non_null(r->chan);
    assert_string_equal(r->target.host, host);
    assert_string_equal(r->target.address, address);
    assert_int_equal(r->target.port, port);
    assert_int_equal(r->target.direct_tls, direct_tls);
    assert_int_equal(attempt_at(r, host, address)->outcome, CONNECT_CONNECTED);
    struct sockaddr_in peer;
    assert_int_equal(getpeername(r->chan->fd, (struct sockaddr *)&peer, &(socklen_t){sizeof(peer)}),
                     0);
    assert_int_equal(ntohs(peer.sin_port), port);
    int flags = fcntl(r->chan->fd, F_GETFL);
    assert_true(flags & O_NONBLOCK);
    assert_true(fcntl(r->chan->fd, F_GETFD) & FD_CLOEXEC);
}

static inline void assert_failed(struct run *r, enum linnet_error_code code,
                                 enum linnet_stage stage, const char *words)
{
    assert_null(r->chan);
    if (r->error.code != code || !strstr(r->error.sentence, words))
        print_error("%s\n", r->error.sentence);
    assert_int_equal(r->error.code, code);
    assert_int_equal(r->error.stage, stage);
    assert_non_null(strstr(r->error.sentence, words));
}

#endif
