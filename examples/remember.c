/* remember.c - logs in faster the second time, and no weaker than the first. Usage:
 * remember ADDRESS MEMORY-FILE [HOST [CA-FILE]], with the password as one line of standard input;
 * from the second time on none is needed. */
#include <errno.h>
#include <fcntl.h>
#include <linnet/linnet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MEMORY_BYTES = 64 * 1024 };

/* What was saved, or "" the first time. */
static size_t load(const char *file, char text[MEMORY_BYTES])
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, MEMORY_BYTES);
    if (fd >= 0)
        close(fd);
    return len > 0 ? (size_t)len : 0;
}

/* The memory holds a token that is as good as the password: a file for this user alone, replaced in
 * one piece. */
static void save(struct linnet_client *client, const char *file)
{
    char fresh[4096];
    size_t len;
    const char *text = linnet_client_memory(client, &len);
    snprintf(fresh, sizeof fresh, "%s.new", file);
    int fd = text ? open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    bool good = fd >= 0 && write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    if (!good || rename(fresh, file) != 0) {
        fprintf(stderr, "%s cannot be written: %s\n", file, strerror(errno));
        linnet_client_memory_unsaved(client); /* then this login leaves the token alone */
    }
}

/* Handles one event; returns whether more are to come. */
static bool on_event(struct linnet_client *client, const struct linnet_event *event,
                     const char *file, int *ret_status)
{
    char line[1024] = "";
    switch (event->kind) {
    case LINNET_EVENT_MEMORY:
        save(client, file);
        return true;
    case LINNET_EVENT_PASSWORD: /* there is no token yet, or the server trusts it no more */
        if (fgets(line, sizeof line, stdin))
            linnet_client_answer_password(client, event->id, line, strcspn(line, "\n"));
        else
            linnet_client_answer_password(client, event->id, NULL, 0);
        return true;
    case LINNET_EVENT_STAGE_DONE:
        printf("%-8s %4u ms  %s\n", linnet_stage_name(event->stage), (unsigned)event->stage_ms,
               event->detail);
        return true;
    case LINNET_EVENT_ONLINE:
        printf("online as %s\n", event->jid);
        linnet_client_close(client);
        return true;
    case LINNET_EVENT_FAILED:
    case LINNET_EVENT_OFFLINE:
        if (event->error->code != LINNET_OK)
            fprintf(stderr, "%s\n%s\n", event->error->sentence,
                    linnet_error_info(event->error->code)->remedy);
        *ret_status = (int)event->error->code;
        return false;
    default:
        return true;
    }
}

int main(int argc, char **argv)
{
    static char memory[MEMORY_BYTES];
    if (argc < 3) {
        fprintf(stderr, "usage: remember ADDRESS MEMORY-FILE [HOST [CA-FILE]]\n");
        return LINNET_ERROR_USAGE;
    }
    size_t len = load(argv[2], memory);

    struct linnet_config *config = linnet_config_new();
    linnet_config_set_address(config, argv[1]);
    linnet_config_set_memory(config, memory, len);
    linnet_config_set_host(config, argc > 3 ? argv[3] : NULL);
    linnet_config_set_ca_file(config, argc > 4 ? argv[4] : NULL);

    struct linnet_client *client;
    struct linnet_error error = {0};
    enum linnet_error_code code = linnet_client_new(config, &client, &error);
    linnet_config_free(config);
    if (code == LINNET_OK)
        code = linnet_client_login(client);
    if (code != LINNET_OK) {
        fprintf(stderr, "%s\n", error.sentence);
        linnet_client_free(client);
        return (int)code;
    }
    const struct linnet_event *event;
    int status = 0;
    do
        while (!(event = linnet_client_event(client)))
            linnet_client_wait(client, -1);
    while (on_event(client, event, argv[2], &status));
    linnet_client_free(client);
    return status;
}
