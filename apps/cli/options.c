#include "options.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *arguments, *summary, *text;
    unsigned positionals;
} commands[COMMAND_COUNT] = {
    [COMMAND_LOGIN] = {"login", "JID", "log in, show every stage, and leave",
                       "Examples:\n"
                       "  linnet login juliet@example.org\n"
                       "  linnet login juliet@localhost --host 127.0.0.1 --cafile cert.pem\n"
                       "  linnet login juliet@example.org --password-file ~/.juliet --json\n",
                       1},
    [COMMAND_PROBE] = {"probe", "DOMAIN", "look at a server as a login would; needs no account",
                       "Examples:\n"
                       "  linnet probe example.org\n"
                       "  linnet probe localhost --host 127.0.0.1 --port 5222\n",
                       1},
    [COMMAND_SEND] = {"send", "JID TO", "send one message; the text is -m or standard input",
                      "Examples:\n"
                      "  linnet send juliet@example.org romeo@example.org -m 'Wherefore?'\n"
                      "  uptime | linnet send bot@example.org admin@example.org "
                      "--password-file bot.pw\n",
                      2},
    [COMMAND_LISTEN] = {"listen", "JID", "print messages as they come, a line each",
                        "Examples:\n"
                        "  linnet listen juliet@example.org\n"
                        "  linnet listen bot@example.org --count 1 --timeout 60 --json\n",
                        1},
};

enum option_id {
    OPT_HOST = 256,
    OPT_PORT,
    OPT_DIRECT_TLS,
    OPT_TLS,
    OPT_CAFILE,
    OPT_PIN,
    OPT_MECH,
    OPT_LEGACY,
    OPT_RESOURCE,
    OPT_TIMEOUT,
    OPT_STAGE_TIMEOUT,
    OPT_PASSWORD,
    OPT_PASSWORD_FD,
    OPT_PASSWORD_FILE,
    OPT_PASSWORD_COMMAND,
    OPT_COUNT,
    OPT_JSON,
    OPT_TRACE,
    OPT_TRACE_SECRETS,
    OPT_VERSION
};

enum { ALL = 15, SIGNS_IN = 13, LISTENS = 8, SENDS = 4 }; /* sets of commands, by bit */

static const struct row {
    int id;
    const char *name, *argument, *help;
    unsigned commands;
} rows[] = {
    {OPT_HOST, "host", "HOST", "connect to this host or address instead of what DNS says", ALL},
    {OPT_PORT, "port", "PORT", "and to this port (default 5222; 5223 with --direct-tls)", ALL},
    {OPT_DIRECT_TLS, "direct-tls", NULL, "TLS from the first byte instead of STARTTLS", ALL},
    {OPT_TLS, "tls", "require|prefer|off", "whether TLS must be had (default: require)", ALL},
    {OPT_CAFILE, "cafile", "FILE", "trust these certificates instead of the system's", ALL},
    {OPT_PIN, "pin", "SHA256", "accept only a server with this public key; may be repeated", ALL},
    {OPT_MECH, "mech", "NAME", "sign in with this mechanism, such as SCRAM-SHA-256", ALL},
    {OPT_LEGACY, "legacy", NULL, "let weak mechanisms take part (DIGEST-MD5)", ALL},
    {OPT_RESOURCE, "resource", "NAME", "ask for this resource (default: the server's choice)",
     SIGNS_IN},
    {OPT_TIMEOUT, "timeout", "SECONDS", "for the whole login (60); listen: until the messages came",
     ALL},
    {OPT_STAGE_TIMEOUT, "stage-timeout", "SECONDS", "for one answer of the network (30)", ALL},
    {OPT_PASSWORD_FD, "password-fd", "N", "read the password from this descriptor", SIGNS_IN},
    {OPT_PASSWORD_FILE, "password-file", "FILE", "or from this file, which must be private",
     SIGNS_IN},
    {OPT_PASSWORD_COMMAND, "password-command", "CMD", "or from what this shell command prints",
     SIGNS_IN},
    {'m', "message", "TEXT", "the text to send (default: standard input)", SENDS},
    {OPT_COUNT, "count", "N", "leave after so many messages", LISTENS},
    {OPT_JSON, "json", NULL, "print one JSON object per line", ALL},
    {OPT_TRACE, "trace", "[FILE]", "write what is said on the wire, secrets masked", ALL},
    {OPT_TRACE_SECRETS, "trace-secrets", NULL, "do not mask them", ALL},
    {'q', "quiet", NULL, "print nothing but results and failures", ALL},
    {'v', "verbose", NULL, "print more: stages everywhere, the recording of a failure", ALL},
    {'h', "help", NULL, "this text", ALL},
    {OPT_VERSION, "version", NULL, "the version", ALL},
    /* Listed nowhere: it exists to say why it does not. */
    {OPT_PASSWORD, "password", "", NULL, ALL},
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

const char *options_command_name(enum command c)
{
    return commands[c].name;
}

static const struct row *row_of(int id)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].id == id)
            return &rows[i];
    return NULL;
}

/* ---- help ---- */

static void print_options(unsigned mask)
{
    puts("\nOptions:");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char left[64];
        const struct row *r = &rows[i];
        if (!r->help || !(r->commands & mask))
            continue;
        const char *arg = r->argument ? r->argument : "";
        bool optional = arg[0] == '[';
        char letter[8] = "    ";
        if (r->id < 256)
            snprintf(letter, sizeof letter, "-%c, ", r->id);
        snprintf(left, sizeof left, "%s--%s%s%s%s", letter, r->name, optional ? "[=" : "",
                 arg[0] && !optional ? " " : "", optional ? arg + 1 : arg);
        printf("  %-34s %s\n", left, r->help);
    }
}

static void help_program(void)
{
    puts("linnet - XMPP from the command line\n\nUsage:");
    for (int i = 0; i < COMMAND_COUNT; i++)
        printf("  linnet %-6s %-7s  %s\n", commands[i].name, commands[i].arguments,
               commands[i].summary);
    puts("\n`linnet COMMAND --help` tells the options of a command. A password comes from\n"
         "--password-fd, --password-file, --password-command, the environment variable\n"
         "LINNET_PASSWORD, or a prompt; never from the command line.\n\n"
         "Examples:\n"
         "  linnet probe example.org\n"
         "  linnet login juliet@example.org\n"
         "  echo Hello | linnet send juliet@example.org romeo@example.org\n\n"
         "Exit status: 0 success, 2 wrong usage, 3 bad address, 10-16 network, 20-24 TLS,\n"
         "30-36 sign-in, 40-45 the server ended it, 60 not delivered, 130 interrupted;\n"
         "linnet(1) has the whole table.");
}

static void help_command(enum command c)
{
    printf("Usage: linnet %s %s [OPTIONS]\n\n%c%s.\n", commands[c].name, commands[c].arguments,
           commands[c].summary[0] - 'a' + 'A', commands[c].summary + 1);
    print_options(1u << c);
    printf("\n%s", commands[c].text);
}

/* ---- parsing ---- */

static enum parsed complain(const char *what, const char *detail)
{
    fprintf(stderr, "linnet: %s%s%s\n", what, detail ? " " : "", detail ? detail : "");
    return PARSED_WRONG;
}

static bool number(const char *text, unsigned long max, unsigned *ret)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    unsigned long n = strtoul(text, &end, 10);
    if (*end || n > max)
        return false;
    *ret = (unsigned)n;
    return true;
}

static bool seconds(const char *text, unsigned *ret_ms)
{
    char *end;
    double s = strtod(text, &end);
    if (end == text || *end || !isfinite(s) || s < 0.001 || s > 86400)
        return false;
    *ret_ms = (unsigned)(s * 1000);
    return true;
}

static bool tls_policy(const char *text, enum linnet_tls_policy *ret)
{
    static const char *const names[] = {"require", "prefer", "off"};
    for (int i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            *ret = (enum linnet_tls_policy)i;
            return true;
        }
    return false;
}

static bool add_pin(struct options *o, const char *pin)
{
    if (o->pin_count == PINS_MAX)
        return false;
    o->pins[o->pin_count++] = pin;
    return true;
}

/* Stores an option's value; false when the value is not one. */
static bool store(struct options *o, int id, const char *value)
{
    unsigned n;
    switch (id) {
    case OPT_HOST:
        return (o->host = value)[0] != '\0';
    case OPT_PORT:
        return number(value, 65535, &o->port) && o->port > 0;
    case OPT_DIRECT_TLS:
        return o->direct_tls = true;
    case OPT_TLS:
        return tls_policy(value, &o->tls);
    case OPT_CAFILE:
        return (o->cafile = value)[0] != '\0';
    case OPT_PIN:
        return add_pin(o, value);
    case OPT_MECH:
        return (o->mechanism = value)[0] != '\0';
    case OPT_LEGACY:
        return o->legacy = true;
    case OPT_RESOURCE:
        return (o->resource = value)[0] != '\0';
    case OPT_TIMEOUT:
        return seconds(value, &o->timeout_ms);
    case OPT_STAGE_TIMEOUT:
        return seconds(value, &o->stage_timeout_ms);
    case OPT_PASSWORD_FD:
        if (!number(value, 1 << 20, &n))
            return false;
        o->password_fd = (int)n;
        return true;
    case OPT_PASSWORD_FILE:
        return (o->password_file = value)[0] != '\0';
    case OPT_PASSWORD_COMMAND:
        return (o->password_command = value)[0] != '\0';
    case 'm':
        o->message = value;
        return true;
    case OPT_COUNT:
        return number(value, 1000000000, &o->count) && o->count > 0;
    case OPT_JSON:
        return o->json = true;
    case OPT_TRACE:
        o->trace_path = value;
        return o->trace = true;
    case OPT_TRACE_SECRETS:
        return o->trace_secrets = o->trace = true;
    case 'q':
        return o->quiet = true;
    default:
        return o->verbose = true; /* 'v', the one that is left */
    }
}

static enum parsed take(struct options *o, int id, const char *value, bool *help)
{
    const struct row *r = row_of(id);
    if (!r)
        return PARSED_WRONG; /* getopt has said why */
    if (id == 'h') {
        *help = true;
        return PARSED_RUN;
    }
    if (id == OPT_VERSION) {
        printf("linnet %s\n", linnet_version());
        return PARSED_DONE;
    }
    if (id == OPT_PASSWORD)
        return complain("there is no --password: every user of this machine could read it in the "
                        "list of processes.\n"
                        "  Use --password-file, --password-fd, --password-command, LINNET_PASSWORD "
                        "or the prompt.",
                        NULL);
    if (!(r->commands & (1u << o->command))) {
        fprintf(stderr, "linnet: %s has no option --%s\n", commands[o->command].name, r->name);
        return PARSED_WRONG;
    }
    if (!store(o, id, value)) {
        fprintf(stderr, "linnet: --%s: '%s' is not %s\n", r->name, value ? value : "",
                r->argument ? r->argument : "possible");
        return PARSED_WRONG;
    }
    return PARSED_RUN;
}

static void getopt_tables(struct option *longs, char *shorts)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const char *arg = rows[i].argument;
        int kind = !arg                   ? no_argument
                   : *arg == '[' || !*arg ? optional_argument
                                          : required_argument;
        longs[i] = (struct option){rows[i].name, kind, NULL, rows[i].id};
        if (rows[i].id < 256) {
            *shorts++ = (char)rows[i].id;
            if (arg)
                *shorts++ = ':';
        }
    }
    longs[ROW_COUNT] = (struct option){0};
    *shorts = '\0';
}

static enum parsed positionals(struct options *o, int argc, char **argv)
{
    unsigned given = (unsigned)(argc - optind), wanted = commands[o->command].positionals;
    if (given != wanted) {
        fprintf(stderr, "linnet: %s takes %s\nTry: linnet %s --help\n", commands[o->command].name,
                commands[o->command].arguments, commands[o->command].name);
        return PARSED_WRONG;
    }
    o->address = argv[optind];
    o->to = wanted > 1 ? argv[optind + 1] : NULL;
    return PARSED_RUN;
}

static enum parsed parse_command(struct options *o, int argc, char **argv)
{
    struct option longs[ROW_COUNT + 1];
    char shorts[2 * ROW_COUNT + 1];
    bool help = false;
    int id;
    getopt_tables(longs, shorts);
    while ((id = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        enum parsed p = take(o, id, optarg, &help);
        if (p != PARSED_RUN)
            return p;
    }
    if (help) {
        help_command(o->command);
        return PARSED_DONE;
    }
    return positionals(o, argc, argv);
}

enum parsed options_parse(int argc, char **argv, struct options *ret)
{
    *ret = (struct options){.password_fd = -1};
    const char *first = argc > 1 ? argv[1] : "--help";
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 || strcmp(first, "help") == 0) {
        help_program();
        return argc > 1 ? PARSED_DONE : PARSED_WRONG;
    }
    if (strcmp(first, "--version") == 0) {
        printf("linnet %s\n", linnet_version());
        return PARSED_DONE;
    }
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(first, commands[i].name) == 0) {
            ret->command = (enum command)i;
            return parse_command(ret, argc - 1, argv + 1);
        }
    complain("no such command:", first);
    fputs("Try: linnet --help\n", stderr);
    return PARSED_WRONG;
}
