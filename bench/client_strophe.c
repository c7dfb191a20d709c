/*
 * client_strophe.c - what a login costs a program that uses libstrophe: the peer of client_linnet.
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

struct login {
    xmpp_ctx_t *ctx;
    double start_ms, took_ms;
    bool ok;
};

static double cpu_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
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
    l->took_ms = cpu_ms() - l->start_ms;
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
    double first = 0, later = 0;
    struct login l = {.start_ms = cpu_ms()};
    xmpp_initialize();
    for (int i = 0; i < logins; i++) {
        if (!log_in(&l, argv)) {
            fputs("libstrophe did not log in\n", stderr);
            return 1;
        }
        if (i == 0)
            first = l.took_ms;
        else
            later += l.took_ms;
        l.start_ms = cpu_ms();
    }
    xmpp_shutdown();
    printf("{\"client\":\"libstrophe\",\"first_ms\":%.3f,\"later_ms\":%.3f}\n", first,
           later / (logins > 1 ? logins - 1 : 1));
    return 0;
}
