/*
 * client_strophe.c - what a login costs a program that uses libstrophe, and how long it takes: the
 * peer of client_linnet.
 *
 *     client_strophe ADDRESS PORT PASSWORD LOGINS
 *
 * The certificate is not verified: libstrophe 0.12 would want it in the system's store.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <strophe.h>
#include <time.h>

struct sample {
    double cpu_ms, wall_ms;
};

struct login {
    xmpp_ctx_t *ctx;
    struct sample start, took;
    bool ok;
};

static double clock_ms(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static struct sample sample(void)
{
    return (struct sample){clock_ms(CLOCK_PROCESS_CPUTIME_ID), clock_ms(CLOCK_MONOTONIC)};
}

static void add(struct sample *sum, struct sample one)
{
    sum->cpu_ms += one.cpu_ms;
    sum->wall_ms += one.wall_ms;
}

static void on_connection(xmpp_conn_t *conn, xmpp_conn_event_t event, int error,
                          xmpp_stream_error_t *stream_error, void *userdata)
{
    struct login *l = userdata;
    (void)error, (void)stream_error;
    if (event != XMPP_CONN_CONNECT) {
        xmpp_stop(l->ctx);
        return;
    }
    struct sample now = sample();
    l->took = (struct sample){now.cpu_ms - l->start.cpu_ms, now.wall_ms - l->start.wall_ms};
    l->ok = true;
    xmpp_disconnect(conn);
}

static bool log_in(struct login *l, char **argv)
{
    l->ok = false;
    l->ctx = xmpp_ctx_new(NULL, NULL);
    xmpp_conn_t *conn = xmpp_conn_new(l->ctx);
    xmpp_conn_set_flags(conn, XMPP_CONN_FLAG_MANDATORY_TLS | XMPP_CONN_FLAG_TRUST_TLS);
    xmpp_conn_set_jid(conn, argv[1]);
    xmpp_conn_set_pass(conn, argv[3]);
    if (xmpp_connect_client(conn, "127.0.0.1", (unsigned short)atoi(argv[2]), on_connection, l) ==
        0)
        xmpp_run(l->ctx);
    xmpp_conn_release(conn);
    xmpp_ctx_free(l->ctx);
    return l->ok;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fputs("usage: client_strophe ADDRESS PORT PASSWORD LOGINS\n", stderr);
        return 2;
    }
    int logins = atoi(argv[4]);
    struct sample first = {0}, later = {0};
    struct login l = {.start = sample()};
    xmpp_initialize();
    for (int i = 0; i < logins; i++) {
        if (!log_in(&l, argv)) {
            fputs("libstrophe did not log in\n", stderr);
            return 1;
        }
        add(i == 0 ? &first : &later, l.took);
        l.start = sample();
    }
    xmpp_shutdown();
    int more = logins > 1 ? logins - 1 : 1;
    printf("{\"client\":\"libstrophe\",\"first_ms\":%.3f,\"later_ms\":%.3f,"
           "\"first_ready_ms\":%.3f,\"later_ready_ms\":%.3f}\n",
           first.cpu_ms, later.cpu_ms / more, first.wall_ms, later.wall_ms / more);
    return 0;
}
