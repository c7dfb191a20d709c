/* poll_loop.c - hosts a client in the program's own poll() loop, beside standard input: each line
 * typed is sent to PEER, each message received is printed. Usage: poll_loop ADDRESS PEER [HOST
 * [PORT [CA-FILE]]], with the password in the environment variable LINNET_PASSWORD. */
#include <linnet/linnet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sends one line; false when it could not be sent. */
static bool send_line(struct linnet_client *client, const char *to, const char *line)
{
    struct linnet_error error;
    struct linnet_element *message = linnet_message_new(to, "chat", line);
    enum linnet_error_code code = linnet_client_send(client, message, &error);
    linnet_element_free(message);
    if (code != LINNET_OK)
        fprintf(stderr, "not sent: %s\n", error.sentence);
    return code == LINNET_OK;
}

/* Reads what standard input has; closes the session at its end. */
static void on_input(struct linnet_client *client, const char *to, struct pollfd *input)
{
    char line[4096];
    ssize_t len = read(input->fd, line, sizeof line - 1);
    if (len <= 0) {
        input->fd = -1;
        linnet_client_close(client);
        return;
    }
    line[len] = '\0';
    for (char *rest, *at = strtok_r(line, "\n", &rest); at; at = strtok_r(NULL, "\n", &rest))
        send_line(client, to, at);
}

/* Handles one event; returns whether the session goes on. */
static bool on_event(struct linnet_client *client, const struct linnet_event *event,
                     struct pollfd *input, int *ret_status)
{
    switch (event->kind) {
    case LINNET_EVENT_STAGE_DONE:
        fprintf(stderr, "%-8s %4u ms  %s\n", linnet_stage_name(event->stage),
                (unsigned)event->stage_ms, event->detail);
        return true;
    case LINNET_EVENT_ONLINE: {
        struct linnet_element *presence = linnet_presence_new(NULL, NULL);
        bool sent = linnet_client_send(client, presence, NULL) == LINNET_OK;
        linnet_element_free(presence);
        input->fd = STDIN_FILENO; /* from now on lines can be sent */
        fprintf(stderr, "online as %s\n", event->jid);
        return sent;
    }
    case LINNET_EVENT_STANZA:
        if (linnet_message_body(event->stanza))
            printf("%s: %s\n", linnet_element_attr(event->stanza, "from"),
                   linnet_message_body(event->stanza));
        fflush(stdout);
        return true;
    case LINNET_EVENT_FAILED:
    case LINNET_EVENT_OFFLINE:
        if (event->error->code != LINNET_OK)
            fprintf(stderr, "%s\n", event->error->sentence);
        *ret_status = (int)event->error->code;
        return false;
    default:
        return true;
    }
}

static int run(struct linnet_client *client, const char *to)
{
    struct pollfd fds[2] = {{.fd = linnet_client_fd(client), .events = POLLIN},
                            {.fd = -1, .events = POLLIN}};
    int status = 0;
    if (linnet_client_login(client) != LINNET_OK)
        return LINNET_ERROR_INTERNAL;
    for (;;) {
        const struct linnet_event *event;
        while ((event = linnet_client_event(client)))
            if (!on_event(client, event, &fds[1], &status))
                return status;
        if (poll(fds, 2, linnet_client_timeout_ms(client)) < 0)
            return LINNET_ERROR_INTERNAL;
        linnet_client_dispatch(client); /* cheap when there is nothing to do */
        if (fds[1].fd >= 0 && fds[1].revents)
            on_input(client, to, &fds[1]);
        fds[1].revents = 0;
    }
}

int main(int argc, char **argv)
{
    const char *password = getenv("LINNET_PASSWORD");
    if (argc < 3 || !password) {
        fprintf(stderr, "usage: LINNET_PASSWORD=... poll_loop ADDRESS PEER [HOST [PORT [CA]]]\n");
        return LINNET_ERROR_USAGE;
    }
    struct linnet_config *config = linnet_config_new();
    linnet_config_set_address(config, argv[1]);
    linnet_config_set_password(config, password, strlen(password));
    linnet_config_set_host(config, argc > 3 ? argv[3] : NULL);
    linnet_config_set_port(config, (uint16_t)(argc > 4 ? atoi(argv[4]) : 0));
    linnet_config_set_ca_file(config, argc > 5 ? argv[5] : NULL);

    struct linnet_client *client;
    struct linnet_error error;
    int status = (int)linnet_client_new(config, &client, &error);
    linnet_config_free(config);
    if (status == LINNET_OK)
        status = run(client, argv[2]);
    else
        fprintf(stderr, "%s\n", error.sentence);
    linnet_client_free(client);
    return status;
}
