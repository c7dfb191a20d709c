/*
 * strophe_client.c - libstrophe as a peer of linnetd: signs in, sends itself a message through the
 * server, waits for it, leaves.
 *
 *     strophe_client JID HOST PORT PASSWORD-FILE
 *
 * Prints "signed in" and "heard: BODY". Exit status 0 when the message came back, 1 otherwise.
 * libstrophe has no way to name a mechanism: the server offers just the one under test.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <strophe.h>

enum { TIMEOUT_MS = 20000 };

struct client {
    xmpp_ctx_t *ctx;
    bool heard;
};

static int on_message(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *userdata)
{
    struct client *c = userdata;
    char *body = NULL;
    xmpp_stanza_t *child = xmpp_stanza_get_child_by_name(stanza, "body");

    if (child)
        body = xmpp_stanza_get_text(child);
    if (body) {
        printf("heard: %s\n", body);
        xmpp_free(c->ctx, body);
        c->heard = true;
        xmpp_disconnect(conn);
    }
    return 1;
}

static int on_timeout(xmpp_conn_t *conn, void *userdata)
{
    (void)userdata;
    fputs("timeout\n", stderr);
    xmpp_disconnect(conn);
    return 0;
}

static void write_to_self(xmpp_conn_t *conn, struct client *c)
{
    xmpp_stanza_t *message = xmpp_message_new(c->ctx, "chat", xmpp_conn_get_bound_jid(conn), "m1");

    xmpp_message_set_body(message, "a message from libstrophe");
    xmpp_send(conn, message);
    xmpp_stanza_release(message);
}

static void on_connection(xmpp_conn_t *conn, xmpp_conn_event_t status, int error,
                          xmpp_stream_error_t *stream_error, void *userdata)
{
    struct client *c = userdata;

    (void)stream_error;
    if (status != XMPP_CONN_CONNECT) {
        if (error)
            fprintf(stderr, "disconnected: %d\n", error);
        xmpp_stop(c->ctx);
        return;
    }
    puts(xmpp_conn_is_secured(conn) ? "signed in" : "signed in without TLS");
    xmpp_handler_add(conn, on_message, NULL, "message", NULL, c);
    write_to_self(conn, c);
}

static bool read_password(const char *path, char *password, int size)
{
    FILE *file = fopen(path, "r");
    bool ok = file && fgets(password, size, file);

    if (file)
        fclose(file);
    password[strcspn(password, "\n")] = '\0';
    return ok;
}

int main(int argc, char **argv)
{
    char password[256] = "";

    if (argc != 5) {
        fputs("usage: strophe_client JID HOST PORT PASSWORD-FILE\n", stderr);
        return 2;
    }
    if (!read_password(argv[4], password, sizeof(password))) {
        perror(argv[4]);
        return EXIT_FAILURE;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    xmpp_initialize();

    struct client c = {.ctx = xmpp_ctx_new(NULL, xmpp_get_default_logger(XMPP_LEVEL_WARN))};
    xmpp_conn_t *conn = xmpp_conn_new(c.ctx);

    xmpp_conn_set_flags(conn, XMPP_CONN_FLAG_MANDATORY_TLS | XMPP_CONN_FLAG_TRUST_TLS);
    xmpp_conn_set_jid(conn, argv[1]);
    xmpp_conn_set_pass(conn, password);
    xmpp_timed_handler_add(conn, on_timeout, TIMEOUT_MS, &c);
    if (xmpp_connect_client(conn, argv[2], (unsigned short)atoi(argv[3]), on_connection, &c) == 0)
        xmpp_run(c.ctx);
    xmpp_conn_release(conn);
    xmpp_ctx_free(c.ctx);
    xmpp_shutdown();
    return c.heard ? EXIT_SUCCESS : EXIT_FAILURE;
}
