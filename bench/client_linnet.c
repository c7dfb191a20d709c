/*
 * client_linnet.c - what a login costs a program that uses liblinnet, and how long it takes.
 *
 *     client_linnet ADDRESS PORT CA-FILE PASSWORD LOGINS [WAY [direct]]
 *
 * One client logs in that many times, certificate verified. WAY is one of `ways` below, or what the
 * library does by itself. Prints one JSON object: the CPU of the first login, with all that the
 * process sets up for it, and the mean of the later ones; and the same of the time that passed.
 */
#include <linnet/linnet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* In which way later logins are shorter than the first: by what is known of the server, or by that
 * and a token. */
static const struct way {
    const char *name;
    bool sasl2, memory, fast, early_data;
} ways[] = {{"classic", false, false, false, false},
            {"sasl2", true, false, false, false},
            {"known", true, true, false, false},
            {"token", true, true, true, false},
            {"early", true, true, true, true}};

struct sample {
    double cpu_ms, wall_ms;
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

static void add_since(struct sample *sum, struct sample start)
{
    struct sample now = sample();
    sum->cpu_ms += now.cpu_ms - start.cpu_ms;
    sum->wall_ms += now.wall_ms - start.wall_ms;
}

static void leave(struct linnet_client *client)
{
    const struct linnet_event *event;
    linnet_client_close(client);
    do {
        linnet_client_wait(client, -1);
        event = linnet_client_event(client);
    } while (event && event->kind != LINNET_EVENT_OFFLINE);
}

static bool set_way(struct linnet_config *config, const char *name)
{
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(ways[i].name, name) != 0)
            continue;
        linnet_config_set_sasl2(config, ways[i].sasl2);
        linnet_config_set_memory(config, ways[i].memory ? "" : NULL, 0);
        linnet_config_set_fast(config, ways[i].fast);
        linnet_config_set_early_data(config, ways[i].early_data);
        return true;
    }
    return false;
}

static struct linnet_client *client_for(int argc, char **argv)
{
    struct linnet_config *config = linnet_config_new();
    if (argc > 6 && !set_way(config, argv[6])) {
        fprintf(stderr, "there is no way %s\n", argv[6]);
        exit(2);
    }
    linnet_config_set_direct_tls(config, argc > 7 && strcmp(argv[7], "direct") == 0);
    linnet_config_set_address(config, argv[1]);
    linnet_config_set_host(config, "127.0.0.1");
    linnet_config_set_port(config, (uint16_t)atoi(argv[2]));
    linnet_config_set_ca_file(config, argv[3]);
    linnet_config_set_password(config, argv[4], strlen(argv[4]));
    struct linnet_client *client;
    struct linnet_error error = {0};
    if (linnet_client_new(config, &client, &error) != LINNET_OK)
        fprintf(stderr, "%s\n", error.sentence);
    linnet_config_free(config);
    return client;
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc > 8) {
        fputs("usage: client_linnet ADDRESS PORT CA-FILE PASSWORD LOGINS [WAY [direct]]\n", stderr);
        return 2;
    }
    int logins = atoi(argv[5]);
    struct sample start = sample(), first = {0}, later = {0};
    struct linnet_client *client = client_for(argc, argv);
    for (int i = 0; client && i < logins; i++) {
        struct linnet_error error = {0};
        if (linnet_login(client, &error) != LINNET_OK) {
            fprintf(stderr, "%s\n", error.sentence);
            return 1;
        }
        add_since(i == 0 ? &first : &later, start);
        leave(client);
        start = sample();
    }
    int more = logins > 1 ? logins - 1 : 1;
    printf("{\"client\":\"liblinnet\",\"first_ms\":%.3f,\"later_ms\":%.3f,"
           "\"first_ready_ms\":%.3f,\"later_ready_ms\":%.3f,\"mechanism\":\"%s\",\"path\":%u}\n",
           first.cpu_ms, later.cpu_ms / more, first.wall_ms, later.wall_ms / more,
           linnet_client_mechanism(client), linnet_client_path(client));
    linnet_client_free(client);
    return 0;
}
