#include "options.h"

#include "failure.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *arguments, *summary, *text;
    unsigned positionals;
    bool may_be_fewer; /* the last word may be left out */
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
    [COMMAND_EXPLAIN] = {"explain", "[CODE]",
                         "say what a failure means; CODE is its name or status",
                         "Examples:\n"
                         "  linnet explain\n"
                         "  linnet explain bad-credentials\n"
                         "  linnet login juliet@example.org || linnet explain $?\n",
                         1, .may_be_fewer = true},
    [COMMAND_FORGET] = {"forget", "JID", "remove what logins have remembered of an account",
                        "Examples:\n"
                        "  linnet forget juliet@example.org\n",
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
    OPT_MEMORY,
    OPT_ACCEPT_CHANGE,
    OPT_EARLY_DATA,
    OPT_TIMEOUT,
    OPT_STAGE_TIMEOUT,
    OPT_PASSWORD,
    OPT_PASSWORD_FD,
    OPT_PASSWORD_FILE,
    OPT_PASSWORD_COMMAND,
    OPT_COUNT,
    OPT_RECONNECT,
    OPT_NO_RECONNECT,
    OPT_RECONNECT_CAP,
    OPT_LINES,
    OPT_JSON,
    OPT_TRACE,
    OPT_TRACE_SECRETS,
    OPT_VERSION
};

/* Sets of commands, by bit. */
enum { ALL = 63, CONNECTS = 15, SIGNS_IN = 13, LISTENS = 8, SENDS = 4, FORGETS = 32 };

/* The options in the order of the help. `wanted` completes "--port: '0' is not ...". A row without
 * `help` is not listed. */
static const struct row {
    int id;
    const char *name, *argument, *help, *wanted;
    unsigned commands;
    const char *heading; /* of its group; NULL: of the row before */
} rows[] = {
    {OPT_HOST, "host", "HOST", "connect to this host or address, not what DNS says",
     "a host or address alone; its port goes to --port", CONNECTS, "Where"},
    {OPT_PORT, "port", "PORT", "and to this port (5222; 5223 means --direct-tls)",
     "a port from 1 to 65535", CONNECTS},
    {OPT_DIRECT_TLS, "direct-tls", NULL, "TLS from the first byte instead of STARTTLS", NULL,
     CONNECTS},

    {OPT_TLS, "tls", "=require|prefer|off", "whether TLS must be had (require)",
     "one of require, prefer, off", CONNECTS, "Trust"},
    {OPT_CAFILE, "cafile", "FILE", "trust these certificates, not the system's", "a file",
     CONNECTS},
    {OPT_PIN, "pin", "SHA256", "trust only this public key; may be repeated",
     "accepted: there are more than 8", CONNECTS},
    {OPT_MECH, "mech", "NAME", "only this mechanism, such as SCRAM-SHA-256", "a mechanism",
     CONNECTS, "Sign-in"},
    {OPT_LEGACY, "legacy", NULL, "let the weak DIGEST-MD5 take part", NULL, CONNECTS, "Sign-in"},
    {OPT_RESOURCE, "resource", "NAME", "as this resource (the server's choice)", "a resource",
     SIGNS_IN, "Sign-in"},

    {OPT_MEMORY, "memory", "=FILE|off", "where to remember the account, or nowhere",
     "a file or off", SIGNS_IN | FORGETS, "Memory"},
    {OPT_ACCEPT_CHANGE, "accept-change", NULL, "take the server as it is now for right", NULL,
     SIGNS_IN, "Memory"},
    {OPT_EARLY_DATA, "early-data", NULL, "send the token in TLS early data, if allowed", NULL,
     SIGNS_IN, "Memory"},

    {OPT_PASSWORD_FILE, "password-file", "FILE", "a file that others cannot read", "a file",
     SIGNS_IN, "Password (the first line; default: LINNET_PASSWORD, else a prompt)"},
    {OPT_PASSWORD_FD, "password-fd", "N", "an open descriptor", "a descriptor", SIGNS_IN},
    {OPT_PASSWORD_COMMAND, "password-command", "CMD", "what this shell command prints", "a command",
     SIGNS_IN},
    /* It exists to say why it does not. */
    {OPT_PASSWORD, "password", "", NULL, NULL, ALL},

    {OPT_TIMEOUT, "timeout", "SECONDS", "for all of it (60)", "a time from 0.001 to 86400 seconds",
     CONNECTS & ~LISTENS, "Time"},
    {OPT_TIMEOUT, "timeout", "SECONDS", "leave after this time (never)",
     "a time from 0.001 to 86400 seconds", LISTENS, "Time"},
    {OPT_STAGE_TIMEOUT, "stage-timeout", "SECONDS", "for each answer of the network (30)",
     "a time from 0.001 to 86400 seconds", CONNECTS},

    {OPT_RECONNECT, "reconnect", NULL, "try again too when the first login fails", NULL, LISTENS,
     "Connection"},
    {OPT_RECONNECT, "reconnect", NULL, "try a login again until --timeout is over", NULL, SENDS,
     "Connection"},
    {OPT_NO_RECONNECT, "no-reconnect", NULL, "end when the connection is lost", NULL, LISTENS,
     "Connection"},

    {OPT_RECONNECT_CAP, "reconnect-cap", "SECONDS", "the longest wait between attempts (300)",
     "a time from 0.001 to 86400 seconds", LISTENS | SENDS, "Connection"},

    {'m', "message", "TEXT", "the text to send (standard input)", NULL, SENDS, "Message"},
    {OPT_LINES, "lines", NULL, "each line of standard input is a message", NULL, SENDS, "Message"},
    {OPT_COUNT, "count", "N", "leave after so many messages (never)", "a number above 0", LISTENS,
     "Messages"},

    {OPT_JSON, "json", NULL, "one JSON object per line", NULL, ALL, "Output"},
    {'q', "quiet", NULL, "only results and failures", NULL, CONNECTS},
    {'v', "verbose", NULL, "stages everywhere; the recording of a failed login", NULL, CONNECTS},
    {OPT_TRACE, "trace", "[=FILE]", "what is said on the wire, secrets masked", NULL, CONNECTS},
    {OPT_TRACE_SECRETS, "trace-secrets", NULL, "the same, nothing masked", NULL, CONNECTS},
    {'h', "help", NULL, "this text", NULL, ALL},
    {OPT_VERSION, "version", NULL, "the version", NULL, ALL},
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static const struct row *row_of(int id, enum command c)
{
    const struct row *other = NULL;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].id != id)
            continue;
        if (rows[i].commands & (1u << c))
            return &rows[i];
        other = &rows[i];
    }
    return other;
}

/* ---- help ---- */

static void print_option(const struct row *r)
{
    char left[64], letter[8] = "    ";
    const char *arg = r->argument ? r->argument : "";
    bool joined = arg[0] == '=' || arg[0] == '[' || !arg[0];
    if (r->id < 256)
        snprintf(letter, sizeof letter, "-%c, ", r->id);
    snprintf(left, sizeof left, "%s--%s%s%s", letter, r->name, joined ? "" : " ", arg);
    printf("  %-29s %s\n", left, r->help);
}

static void print_options(enum command c)
{
    const char *heading = "", *printed = "";
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *r = &rows[i];
        heading = r->heading ? r->heading : heading;
        if (!r->help || !(r->commands & (1u << c)))
            continue;
        if (strcmp(heading, printed) != 0)
            printf("\n%s:\n", printed = heading);
        print_option(r);
    }
}

static void help_program(FILE *to)
{
    fputs("linnet - XMPP from the command line\n\n", to);
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(to, "  linnet %-7s %-7s  %s\n", commands[i].name, commands[i].arguments,
                commands[i].summary);
    fputs("\n`linnet COMMAND --help` lists the options of a command. The password comes from\n"
          "--password-file, --password-fd, --password-command, the environment variable\n"
          "LINNET_PASSWORD, or a prompt; never from the command line.\n\n"
          "Examples:\n"
          "  linnet probe example.org\n"
          "  linnet login juliet@example.org\n"
          "  echo Hello | linnet send juliet@example.org romeo@example.org\n\n"
          "Exit status: 0 success, 2 usage, 3 address, 10-16 network, 20-24 TLS, 30-36 sign-in,\n"
          "40-46 the server ended it, 60 not delivered, 130 interrupted; linnet explain has all.\n",
          to);
}

static void help_command(enum command c)
{
    printf("Usage: linnet %s %s [OPTIONS]\n\n%c%s.\n", commands[c].name, commands[c].arguments,
           commands[c].summary[0] - 'a' + 'A', commands[c].summary + 1);
    print_options(c);
    printf("\n%s", commands[c].text);
}

/* ---- parsing ---- */

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

/* Not "host:5222" nor "[::1]:5222"; whether it is a host, the library says. */
static bool without_port(const char *host)
{
    const char *colon = strchr(host, ':');
    bool bracketed = host[0] == '[' && strstr(host, "]:");
    return host[0] && !bracketed && (!colon || strchr(colon + 1, ':'));
}

/* Stores an option's value; false when the value is not one. */
static bool store(struct options *o, int id, const char *value)
{
    unsigned n;
    switch (id) {
    case OPT_HOST:
        return without_port(o->host = value);
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
    case OPT_MEMORY:
        return (o->memory = value)[0] != '\0';
    case OPT_ACCEPT_CHANGE:
        return o->accept_change = true;
    case OPT_EARLY_DATA:
        return o->early_data = true;
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
    case OPT_RECONNECT:
        o->reconnect = RECONNECT_ALWAYS;
        return true;
    case OPT_NO_RECONNECT:
        o->reconnect = RECONNECT_NEVER;
        return true;
    case OPT_RECONNECT_CAP:
        return seconds(value, &o->reconnect_cap_ms);
    case OPT_LINES:
        return o->lines = true;
    case OPT_JSON:
        return o->json = true;
    case OPT_TRACE:
        o->trace_path = value;
        return o->trace = true;
    case OPT_TRACE_SECRETS:
        return o->trace_secrets = o->trace = true;
    case 'q':
        o->verbose = false;
        return o->quiet = true;
    default: /* 'v', the one that is left */
        o->quiet = false;
        return o->verbose = true;
    }
}

static enum parsed wrong_value(const struct row *r, const char *value, struct linnet_error *error)
{
    failure_set(error, LINNET_ERROR_USAGE, "--%s: '%s' is not %s", r->name, value ? value : "",
                r->wanted);
    return PARSED_WRONG;
}

static enum parsed no_password_option(struct linnet_error *error)
{
    failure_set(error, LINNET_ERROR_USAGE,
                "there is no --password: everybody on this machine could read it in the list of "
                "processes; use --password-file, --password-fd, --password-command, "
                "LINNET_PASSWORD or the prompt");
    return PARSED_WRONG;
}

static enum parsed take(struct options *o, int id, const char *value, bool *help,
                        struct linnet_error *error)
{
    const struct row *r = row_of(id, o->command);
    if (id == OPT_PASSWORD)
        return no_password_option(error);
    if (id == OPT_VERSION) {
        printf("linnet %s\n", linnet_version());
        return PARSED_DONE;
    }
    if (id == 'h')
        return *help = true, PARSED_RUN;
    if (!(r->commands & (1u << o->command))) {
        failure_set(error, LINNET_ERROR_USAGE, "%s has no option --%s", commands[o->command].name,
                    r->name);
        return PARSED_WRONG;
    }
    return store(o, id, value) ? PARSED_RUN : wrong_value(r, value, error);
}

static void getopt_tables(struct option *longs, char *shorts)
{
    *shorts++ = ':'; /* a missing value is told apart */
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

/* getopt met what it does not know (id '?') or a value that is missing (':'). */
static enum parsed stray(enum command c, int id, const char *word, struct linnet_error *error)
{
    failure_set(error, LINNET_ERROR_USAGE, "%s %s %s; try: linnet %s --help", commands[c].name,
                id == ':' ? "wants a value after" : "takes no", word, commands[c].name);
    return PARSED_WRONG;
}

static enum parsed positionals(struct options *o, int argc, char **argv, struct linnet_error *error)
{
    unsigned given = (unsigned)(argc - optind), wanted = commands[o->command].positionals;
    bool fewer = commands[o->command].may_be_fewer && given + 1 == wanted;
    if (given != wanted && !fewer) {
        const char *name = commands[o->command].name;
        failure_set(error, LINNET_ERROR_USAGE, "%s takes %s, and options; try: linnet %s --help",
                    name, commands[o->command].arguments, name);
        return PARSED_WRONG;
    }
    o->address = given > 0 ? argv[optind] : NULL;
    o->to = given > 1 ? argv[optind + 1] : NULL;
    return PARSED_RUN;
}

static enum parsed parse_command(struct options *o, int argc, char **argv,
                                 struct linnet_error *error)
{
    struct option longs[ROW_COUNT + 1];
    char shorts[2 * ROW_COUNT + 2];
    bool help = false;
    int id;
    getopt_tables(longs, shorts);
    optind = 0; /* begins anew, whatever was parsed before */
    opterr = 0;
    while ((id = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        if (id == '?' || id == ':')
            return stray(o->command, id, argv[optind - 1], error);
        enum parsed p = take(o, id, optarg, &help, error);
        if (p != PARSED_RUN)
            return p;
    }
    if (help) {
        help_command(o->command);
        return PARSED_DONE;
    }
    return positionals(o, argc, argv, error);
}

static bool find_command(const char *name, enum command *ret)
{
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(name, commands[i].name) == 0) {
            *ret = (enum command)i;
            return true;
        }
    return false;
}

static enum parsed help(const char *about)
{
    enum command c;
    if (about && find_command(about, &c))
        help_command(c);
    else
        help_program(stdout);
    return PARSED_DONE;
}

/* Whether --json is there, even on a line that cannot be parsed. */
static bool wants_json(char **argv)
{
    for (; *argv && strcmp(*argv, "--") != 0; argv++)
        if (strcmp(*argv, "--json") == 0)
            return true;
    return false;
}

enum parsed options_parse(int argc, char **argv, struct options *ret, struct linnet_error *error)
{
    *ret = (struct options){.password_fd = -1};
    *error = (struct linnet_error){0};
    const char *first = argc > 1 ? argv[1] : NULL;
    if (first &&
        (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 || strcmp(first, "help") == 0))
        return help(argc > 2 ? argv[2] : NULL);
    if (first && strcmp(first, "--version") == 0) {
        printf("linnet %s\n", linnet_version());
        return PARSED_DONE;
    }
    enum parsed parsed = PARSED_WRONG;
    bool json = wants_json(argv);
    if (!first) {
        help_program(stderr);
        failure_set(error, LINNET_ERROR_USAGE, "a command is missing");
    } else if (find_command(first, &ret->command)) {
        parsed = parse_command(ret, argc - 1, argv + 1, error);
    } else {
        failure_set(error, LINNET_ERROR_USAGE, "there is no command %s; try: linnet --help", first);
    }
    if (parsed == PARSED_WRONG)
        ret->json = json; /* getopt moves words about, so it was looked for before */
    return parsed;
}
