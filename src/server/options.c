#include "server/options.h"

#include "server/memory.h"

#include <linnet/linnet.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPT_CHECK = 256, OPT_PRINT, OPT_VERSION };

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},       {"data", required_argument, NULL, 'd'},
    {"set", required_argument, NULL, 's'},          {"check-config", no_argument, NULL, OPT_CHECK},
    {"print-config", no_argument, NULL, OPT_PRINT}, {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPT_VERSION},    {0},
};

static const char help[] =
    "Usage: linnetd [--config FILE] [--data DIR] [--set NAME=VALUE]...\n"
    "\n"
    "The Linnet XMPP server. It stays in the foreground, writes its log to standard\n"
    "error, and prints the line \"ready\" when clients may connect.\n"
    "\n"
    "  -c, --config FILE     read settings from FILE\n"
    "  -d, --data DIR        keep database, certificate and control socket in DIR\n"
    "  -s, --set NAME=VALUE  one setting; stronger than the file and the environment\n"
    "      --check-config    say whether the settings are good, and stop\n"
    "      --print-config    print all settings with help and origin, and stop\n"
    "  -h, --help            print this\n"
    "      --version         print the version\n"
    "\n"
    "In the environment a setting is LINNETD_ and its name: LINNETD_C2S_LISTEN.\n"
    "SIGHUP reads settings and certificates again; SIGTERM stops in order.\n"
    "\n"
    "Example, on this machine only:\n"
    "  linnetd --data run --set domain=localhost \\\n"
    "          --set c2s.listen=127.0.0.1:5222 --set c2s.listen_tls=127.0.0.1:5223\n"
    "  linnetctl --data run user add romeo\n";

static void add_set(struct options *o, const char *set)
{
    o->sets[o->set_count++] = set;
}

static void add_data(struct options *o, const char *dir)
{
    size_t size = strlen("data=") + strlen(dir) + 1;
    char *set = memory_alloc(size);
    snprintf(set, size, "data=%s", dir);
    o->owned[o->owned_count++] = set;
    add_set(o, set);
}

static enum linnet_error_code usage(struct linnet_error *error, const char *what, const char *arg)
{
    char reason[200];
    snprintf(reason, sizeof reason, "%s %s; linnetd --help shows what there is", what, arg);
    return error_set(error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

enum linnet_error_code options_read(struct options *o, int argc, char **argv,
                                    struct linnet_error *error)
{
    int c;
    *o = (struct options){.sets = memory_alloc((size_t)argc * sizeof(char *)),
                          .owned = memory_alloc((size_t)argc * sizeof(char *))};
    while ((c = getopt_long(argc, argv, ":c:d:s:h", long_options, NULL)) != -1) {
        switch (c) {
        case 'c':
            o->config = optarg;
            break;
        case 'd':
            add_data(o, optarg);
            break;
        case 's':
            add_set(o, optarg);
            break;
        case 'h':
            o->action = OPTIONS_HELP;
            return LINNET_OK;
        case OPT_VERSION:
            o->action = OPTIONS_VERSION;
            return LINNET_OK;
        case OPT_CHECK:
            o->action = OPTIONS_CHECK_CONFIG;
            break;
        case OPT_PRINT:
            o->action = OPTIONS_PRINT_CONFIG;
            break;
        case ':':
            return usage(error, "a value is missing after", argv[optind - 1]);
        default:
            return usage(error, "there is no option", argv[optind - 1]);
        }
    }
    return optind < argc ? usage(error, "there is nothing to do with", argv[optind]) : LINNET_OK;
}

void options_finish(struct options *o)
{
    for (size_t i = 0; i < o->owned_count; i++)
        free(o->owned[i]);
    free(o->owned);
    free(o->sets);
}

int options_print(const struct options *o)
{
    if (o->action == OPTIONS_HELP)
        fputs(help, stdout);
    else
        puts("linnetd " LINNET_VERSION);
    return fflush(stdout) == 0 ? 0 : (int)LINNET_ERROR_INTERNAL;
}
