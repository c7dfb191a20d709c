/*
 * client_linnet.c - what a login costs a program that uses liblinnet.
 *
 *     client_linnet ADDRESS PORT CA-FILE PASSWORD LOGINS
 *
 * One client logs in that many times, certificate verified. Prints one JSON object: the CPU of the
 * first login, with all that the process sets up for it, and the mean of the later ones.
 */
#include <linnet/linnet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double cpu_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
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

static struct linnet_client *client_for(char **argv)
{
    struct linnet_config *config = linnet_config_new();
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
    if (argc != 6) {
        fputs("usage: client_linnet ADDRESS PORT CA-FILE PASSWORD LOGINS\n", stderr);
        return 2;
    }
    int logins = atoi(argv[5]);
    double start = cpu_ms(), first = 0, later = 0;
    struct linnet_client *client = client_for(argv);
    for (int i = 0; client && i < logins; i++) {
        struct linnet_error error = {0};
        if (linnet_login(client, &error) != LINNET_OK) {
            fprintf(stderr, "%s\n", error.sentence);
            return 1;
        }
        double took = cpu_ms() - start;
        if (i == 0)
            first = took;
        else
            later += took;
        leave(client);
        start = cpu_ms();
    }
    printf("{\"client\":\"liblinnet\",\"first_ms\":%.3f,\"later_ms\":%.3f,\"mechanism\":\"%s\"}\n",
           first, later / (logins > 1 ? logins - 1 : 1), linnet_client_mechanism(client));
    linnet_client_free(client);
    return 0;
}
