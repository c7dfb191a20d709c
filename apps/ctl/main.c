/* linnetctl: reads the command line, connects, runs one command, says what went wrong. */
#include "ctl.h"

#include <linnet/linnet.h>

#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_DATA "/var/lib/linnet"

static enum linnet_error_code usage(struct ctl *ctl, const char *fmt, ...) PRINTF(2, 3);

static enum linnet_error_code usage(struct ctl *ctl, const char *fmt, ...)
{
    char reason[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
    return error_set(&ctl->error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

/* --- help --- */

/* What the first argument of a command is: the word in its usage, and for a sentence. */
struct name_kind {
    unsigned takes;
    const char *word, *meaning;
};

static const struct name_kind *name_kind(const struct ctl_command *c)
{
    static const struct name_kind kinds[] = {
        {CTL_SESSION, "JID", "JID of a session"},
        {CTL_OPTIONAL, "[NAME]", "NAME of a setting"},
        {CTL_SETTING, "NAME", "NAME of a setting"},
        {CTL_NETWORK, "NETWORK", "NETWORK, like 192.0.2.0/24"},
        {CTL_GUESSER, "WHO", "IP address or NAME of an account"},
    };
    static const struct name_kind account = {0, "NAME", "NAME of an account"};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (c->takes & kinds[i].takes)
            return &kinds[i];
    return &account;
}

static const char *name_word(const struct ctl_command *c)
{
    return c->wants_name ? name_kind(c)->word : "";
}

static void print_help(void)
{
    puts("linnetctl - ask a running linnetd and tell it what to do\n"
         "\n"
         "Usage: linnetctl [--data DIR | --socket PATH] [--json] COMMAND [NAME] [OPTIONS]\n"
         "\n"
         "Commands (each with --help):");
    for (size_t i = 0; i < ctl_command_count; i++)
        printf("  %-16s %-7s %s\n", ctl_commands[i].words, name_word(&ctl_commands[i]),
               ctl_commands[i].summary);
    puts("\n"
         "NAME is the part before the @, or the whole address of an account; JID the address of a\n"
         "session, with its resource; with settings, NAME is that of a setting.\n"
         "\n"
         "Options:\n"
         "  --data DIR    the server's data directory (" DEFAULT_DATA ")\n"
         "  --socket PATH its control socket, where that is not DIR/control.sock\n"
         "  --json        one JSON object per line\n"
         "  --help        this, or about a command\n"
         "  --version     print the version\n"
         "\n"
         "Examples:\n"
         "  linnetctl --data /var/lib/linnet user add alice\n"
         "  linnetctl status\n"
         "\n"
         "The exit status is 0, or the number of the failure: see linnetctl(1).");
}

static void print_command_help(const struct ctl_command *c)
{
    printf(
        "linnetctl %s - %s\n\nUsage: linnetctl [OPTIONS] %s%s%s%s%s%s%s%s%s%s%s%s%s\n", c->words,
        c->summary, c->words, c->wants_name ? " " : "", name_word(c),
        c->takes & CTL_ROLE ? " full|read-only|none" : "", c->takes & CTL_VALUE ? " VALUE" : "",
        c->takes & CTL_PASSWORD ? " [--password-file FILE | --password-fd N | --generate]" : "",
        c->takes & CTL_REASON ? " [--reason TEXT]" : "", c->takes & CTL_HOURS ? " [--hours N]" : "",
        c->takes & CTL_REVOKE ? " [--revoke CLIENT | --revoke all]" : "",
        c->takes & CTL_LOGINS ? " [--follow] [--failed] [--user NAME] [--address IP] [--trace]"
                              : "",
        c->takes & CTL_AUDIT ? " [--actor WHO] [--action BEGINNING] [--object WHAT] [--before ID]"
                             : "",
        c->takes & CTL_FILTER ? " [--filter TEXT]" : "",
        c->takes & CTL_LIMIT ? " [--limit N]" : "");
    if (c->takes & CTL_PASSWORD)
        puts("\n"
             "  --password-file FILE  its first line; the file must be yours and private (0600)\n"
             "  --password-fd N       the first line read from descriptor N\n"
             "  --generate            make a password and print it\n"
             "Without these you are asked for it. Passwords are never arguments.");
    if (c->takes & CTL_HOURS)
        puts("\n"
             "  --reason TEXT  why, for those who look at the list\n"
             "  --hours N      for so long; without it, for ever");
    else if (c->takes & CTL_REASON)
        puts("\n  --reason TEXT  why; the person is told it on signing in with the right password");
    if (c->takes & CTL_REVOKE)
        puts("\n"
             "  --revoke CLIENT  that client needs the password at its next login; sessions go on\n"
             "  --revoke all     every client does");
    if (c->takes & CTL_LOGINS)
        puts("\n"
             "  --follow      print each as its outcome is known, until interrupted\n"
             "  --failed      only those that failed\n"
             "  --user NAME   only those who wanted to be this user\n"
             "  --address IP  only those whose address begins so\n"
             "  --limit N     the last N (20); with --follow, print these first\n"
             "  --trace       what was said, without secrets");
    if (c->takes & CTL_AUDIT)
        puts("\n"
             "  --actor WHO        only what this administrator did, or \"uid 0\", exactly\n"
             "  --action BEGINNING only actions that begin so: account. session.closed\n"
             "  --object WHAT      only what was done to this, exactly: alice@example.org\n"
             "  --before ID        only what is older than this row\n"
             "  --limit N          so many rows (50)");
    if (c->takes & CTL_FILTER)
        puts("\n"
             "  --filter TEXT  only those whose address, IP address or client has this in it");
    if (c->takes & CTL_EVENTS)
        puts("\n"
             "Kinds of events, those of accounts with user= and domain=:\n"
             "  account.added       an account was made\n"
             "  account.removed     it was removed, and its sessions ended\n"
             "  account.disabled    nobody may sign in to it; reason= says why, if that was given\n"
             "  account.enabled     signing in is allowed again\n"
             "  account.role        it may do role= as an administrator\n"
             "  account.password    it has a new password, and its sessions ended\n"
             "  account.logged_out  all its tokens were revoked, and its sessions ended\n"
             "  tokens.revoked      tokens of it were revoked\n"
             "  settings.changed    name= is value= from now or the next start on; by actor=\n"
             "and audit, a row of the audit trail as linnetctl audit shows it, after each change.\n"
             "Later versions may have more. Sign-ins are followed with linnetctl logins --follow.");
    printf("\nExamples:\n%s", c->examples);
}

/* --- the command line --- */

enum {
    OPT_DATA = 256,
    OPT_SOCKET,
    OPT_JSON,
    OPT_HELP,
    OPT_VERSION,
    OPT_FILE,
    OPT_FD,
    OPT_GENERATE,
    OPT_REASON,
    OPT_REVOKE,
    OPT_FOLLOW,
    OPT_FAILED,
    OPT_USER,
    OPT_LIMIT,
    OPT_TRACE,
    OPT_ADDRESS,
    OPT_FILTER,
    OPT_ACTOR,
    OPT_ACTION,
    OPT_OBJECT,
    OPT_BEFORE,
    OPT_HOURS
};

static const struct option long_options[] = {
    {"data", required_argument, NULL, OPT_DATA},
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"json", no_argument, NULL, OPT_JSON},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {"password-file", required_argument, NULL, OPT_FILE},
    {"password-fd", required_argument, NULL, OPT_FD},
    {"generate", no_argument, NULL, OPT_GENERATE},
    {"reason", required_argument, NULL, OPT_REASON},
    {"revoke", required_argument, NULL, OPT_REVOKE},
    {"follow", no_argument, NULL, OPT_FOLLOW},
    {"failed", no_argument, NULL, OPT_FAILED},
    {"user", required_argument, NULL, OPT_USER},
    {"limit", required_argument, NULL, OPT_LIMIT},
    {"trace", no_argument, NULL, OPT_TRACE},
    {"actor", required_argument, NULL, OPT_ACTOR},
    {"action", required_argument, NULL, OPT_ACTION},
    {"object", required_argument, NULL, OPT_OBJECT},
    {"before", required_argument, NULL, OPT_BEFORE},
    {"address", required_argument, NULL, OPT_ADDRESS},
    {"filter", required_argument, NULL, OPT_FILTER},
    {"hours", required_argument, NULL, OPT_HOURS},
    {0},
};

static enum linnet_error_code take_fd(struct ctl *ctl, const char *text)
{
    char *end;
    long fd = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || fd < 0 || fd > 65535)
        return usage(ctl, "--password-fd takes the number of a descriptor, not \"%.40s\"", text);
    ctl->options.password_fd = (int)fd;
    return LINNET_OK;
}

enum { LIMIT_MAX = 1000, HOURS_MAX = 10 * 366 * 24 };

static enum linnet_error_code take_number(struct ctl *ctl, const char *option, const char *text,
                                          int max, int *ret)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || number < 1 || number > max)
        return usage(ctl, "%s takes a number from 1 to %d, not \"%.40s\"", option, max, text);
    *ret = (int)number;
    return LINNET_OK;
}

/* An option of `logins`. */
static enum linnet_error_code take_logins_option(struct ctl *ctl, int option)
{
    struct ctl_options *o = &ctl->options;
    o->given |= CTL_LOGINS;
    if (option == OPT_USER)
        o->user = optarg;
    if (option == OPT_ADDRESS)
        o->address = optarg;
    o->follow |= option == OPT_FOLLOW;
    o->failed |= option == OPT_FAILED;
    o->trace |= option == OPT_TRACE;
    return LINNET_OK;
}

static enum linnet_error_code take_before(struct ctl *ctl, const char *text)
{
    char *end;
    ctl->options.before = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0' || ctl->options.before < 1)
        return usage(ctl, "--before takes the id of a row, not \"%.40s\"", text);
    return LINNET_OK;
}

/* An option of `audit`. */
static enum linnet_error_code take_audit_option(struct ctl *ctl, int option)
{
    struct ctl_options *o = &ctl->options;
    o->given |= CTL_AUDIT;
    if (option == OPT_BEFORE)
        return take_before(ctl, optarg);
    if (option == OPT_ACTOR)
        o->actor = optarg;
    else if (option == OPT_ACTION)
        o->action = optarg;
    else
        o->object = optarg;
    return LINNET_OK;
}

static enum linnet_error_code take_option(struct ctl *ctl, int option, char **argv)
{
    struct ctl_options *o = &ctl->options;
    switch (option) {
    case OPT_DATA:
        o->data = optarg;
        return LINNET_OK;
    case OPT_SOCKET:
        o->socket = optarg;
        return LINNET_OK;
    case OPT_JSON:
        o->json = true;
        return LINNET_OK;
    case 'h':
    case OPT_HELP:
        o->help = true;
        return LINNET_OK;
    case OPT_VERSION:
        o->version = true;
        return LINNET_OK;
    case OPT_FILE:
        o->given |= CTL_PASSWORD;
        o->password_file = optarg;
        return LINNET_OK;
    case OPT_FD:
        o->given |= CTL_PASSWORD;
        return take_fd(ctl, optarg);
    case OPT_GENERATE:
        o->given |= CTL_PASSWORD;
        o->generate = true;
        return LINNET_OK;
    case OPT_REASON:
        o->given |= CTL_REASON;
        o->reason = optarg;
        return LINNET_OK;
    case OPT_HOURS:
        o->given |= CTL_HOURS;
        return take_number(ctl, "--hours", optarg, HOURS_MAX, &o->hours);
    case OPT_REVOKE:
        o->given |= CTL_REVOKE;
        o->revoke = optarg;
        return LINNET_OK;
    case OPT_FOLLOW:
    case OPT_FAILED:
    case OPT_USER:
    case OPT_TRACE:
    case OPT_ADDRESS:
        return take_logins_option(ctl, option);
    case OPT_LIMIT:
        o->given |= CTL_LIMIT;
        return take_number(ctl, "--limit", optarg, LIMIT_MAX, &o->limit);
    case OPT_ACTOR:
    case OPT_ACTION:
    case OPT_OBJECT:
    case OPT_BEFORE:
        return take_audit_option(ctl, option);
    case OPT_FILTER:
        o->given |= CTL_FILTER;
        o->filter = optarg;
        return LINNET_OK;
    case ':':
        return usage(ctl, "%.60s needs a value", argv[optind - 1]);
    default:
        return usage(ctl, "There is no option %.60s; linnetctl --help lists them",
                     argv[optind - 1]);
    }
}

static enum linnet_error_code read_options(struct ctl *ctl, int argc, char **argv)
{
    int option;
    enum linnet_error_code code = LINNET_OK;
    opterr = 0;
    while (code == LINNET_OK && (option = getopt_long(argc, argv, ":h", long_options, NULL)) != -1)
        code = take_option(ctl, option, argv);
    return code;
}

/* The command whose words the arguments begin with; *ret_used of them. */
static const struct ctl_command *find_command(char *const *args, int count, int *ret_used)
{
    char two[64] = "";
    if (count >= 2)
        snprintf(two, sizeof two, "%.30s %.30s", args[0], args[1]);
    for (size_t i = 0; i < ctl_command_count; i++) {
        const struct ctl_command *c = &ctl_commands[i];
        *ret_used = strchr(c->words, ' ') ? 2 : 1;
        if ((count >= 1 && cstr_eq(c->words, args[0])) || cstr_eq(c->words, two))
            return c;
    }
    return NULL;
}

/* Whether commands of two words begin with `word`. */
static bool is_group(const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i < ctl_command_count; i++)
        if (strncmp(ctl_commands[i].words, word, len) == 0 && ctl_commands[i].words[len] == ' ')
            return true;
    return false;
}

static enum linnet_error_code unknown_command(struct ctl *ctl, char *const *args, int count)
{
    if (count == 0)
        return usage(ctl, "A command is missing; linnetctl --help lists them");
    if (!is_group(args[0]))
        return usage(ctl, "There is no command \"%.60s\"; linnetctl --help lists them", args[0]);
    if (count == 1)
        return usage(ctl, "\"%s\" needs another word; linnetctl --help lists the commands",
                     args[0]);
    return usage(ctl, "There is no command \"%s %.60s\"; linnetctl --help lists them", args[0],
                 args[1]);
}

/* The first of the options, as bits, for a sentence. */
static const char *option_name(unsigned given)
{
    if (given & CTL_PASSWORD)
        return "a password";
    if (given & CTL_LOGINS)
        return "options of \"logins\" (--follow, --failed, --user, --address, --trace)";
    if (given & CTL_AUDIT)
        return "options of \"audit\" (--actor, --action, --object, --before)";
    if (given & CTL_LIMIT)
        return "--limit";
    if (given & CTL_FILTER)
        return "--filter";
    if (given & CTL_HOURS)
        return "--hours";
    return given & CTL_REASON ? "--reason" : "--revoke";
}

static enum linnet_error_code check_command(struct ctl *ctl, const struct ctl_command *c,
                                            char *const *rest, int count)
{
    struct ctl_options *o = &ctl->options;
    bool optional = c->takes & CTL_OPTIONAL;
    if (c->wants_name && count < 1 && !optional)
        return usage(ctl, "\"%s\" needs the %s", c->words, name_kind(c)->meaning);
    int wanted = c->wants_name + (c->takes & (CTL_ROLE | CTL_VALUE) ? 1 : 0);
    if (count < wanted && !optional)
        return usage(ctl, "\"%s\" needs a %s", c->words,
                     c->takes & CTL_VALUE ? "value" : "role: full, read-only or none");
    if (count > wanted)
        return usage(ctl, "\"%s\" does not take \"%.60s\"", c->words, rest[wanted]);
    if (o->given & ~c->takes)
        return usage(ctl, "\"%s\" does not take %s", c->words, option_name(o->given & ~c->takes));
    if (o->data && o->socket)
        return usage(ctl, "Either --data or --socket, not both");
    o->name = c->wants_name && count > 0 ? rest[0] : NULL;
    o->role = c->takes & CTL_ROLE ? rest[1] : NULL;
    o->value = c->takes & CTL_VALUE ? rest[1] : NULL;
    return LINNET_OK;
}

/* --- running --- */

static enum linnet_error_code run(struct ctl *ctl, const struct ctl_command *c)
{
    const struct ctl_options *o = &ctl->options;
    char path[4096];
    int len = o->socket ? snprintf(path, sizeof path, "%s", o->socket)
                        : snprintf(path, sizeof path, "%s/control.sock",
                                   o->data ? o->data : DEFAULT_DATA);
    if (len < 0 || (size_t)len >= sizeof path)
        return usage(ctl, "The path of the socket is too long");
    enum linnet_error_code code = control_client_open(path, &ctl->client, &ctl->error);
    if (code == LINNET_OK)
        code = c->run(ctl);
    control_client_close(ctl->client);
    return code;
}

/* What an administrator can do about it. The catalogue speaks to users of a client; where its
 * advice is not for the one who typed this, there is other advice or none. */
static const char *remedy_of(const struct linnet_error *e)
{
    switch (e->code) {
    case LINNET_ERROR_USAGE:
        return NULL; /* the sentence says what was wrong with it */
    case LINNET_ERROR_REGISTER_TAKEN:
        return "Choose another name, or give this account another password: linnetctl user passwd "
               "NAME";
    case LINNET_ERROR_HOST_UNKNOWN:
        return "Name the account by the part before the @ alone; linnetctl status shows the domain "
               "of the server.";
    case LINNET_ERROR_CONNECTION_LOST:
        return "The server may have stopped: look at its log, then at linnetctl status.";
    case LINNET_ERROR_TIMEOUT:
        return "The server runs, but has too much to do or hangs: look at its log.";
    default:
        return linnet_error_info(e->code)->remedy;
    }
}

static void report(const struct ctl *ctl)
{
    const struct linnet_error *e = &ctl->error;
    const struct linnet_error_info *info = linnet_error_info(e->code);
    const char *data = ctl->options.data ? ctl->options.data : DEFAULT_DATA;
    if (ctl->options.json) {
        json_t *object = json_pack("{s:{s:s,s:i,s:s}}", "error", "code", info->id, "exit",
                                   (int)e->code, "sentence", e->sentence);
        if (object)
            json_dumpf(object, stdout, JSON_COMPACT);
        puts("");
        json_decref(object);
    } else if (e->code == LINNET_ERROR_REFUSED) {
        const char *targets = linnet_error_param(e, "targets");
        fprintf(stderr,
                "linnetctl: The server is not running: nobody answers at %s\n"
                "Start it, for example: linnetd --data %s --set domain=example.org\n"
                "or name the data directory of the one that runs: linnetctl --data DIR ...\n",
                targets ? targets : "its socket", data);
    } else {
        const char *remedy = remedy_of(e);
        fprintf(stderr, "linnetctl: %s\n%s%s", e->sentence, remedy ? remedy : "",
                remedy ? "\n" : "");
    }
}

int main(int argc, char **argv)
{
    struct ctl ctl = {.options = {.password_fd = -1}};
    int used = 0;
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_DFL);
    enum linnet_error_code code = read_options(&ctl, argc, argv);
    char *const *args = argv + optind;
    int count = argc - optind;
    if (count > 0 && cstr_eq(args[0], "help")) { /* linnetctl help COMMAND */
        ctl.options.help = true;
        args++;
        count--;
    }
    const struct ctl_command *c = find_command(args, count, &used);
    if (code == LINNET_OK && ctl.options.version)
        return puts("linnetctl " LINNET_VERSION) < 0;
    if (code == LINNET_OK && ctl.options.help) {
        if (c)
            print_command_help(c);
        else
            print_help();
        return 0;
    }
    if (code == LINNET_OK && !c)
        code = unknown_command(&ctl, args, count);
    if (code == LINNET_OK)
        code = check_command(&ctl, c, args + used, count - used);
    if (code == LINNET_OK)
        code = run(&ctl, c);
    if (fflush(stdout) != 0 && code == LINNET_OK)
        code = usage(&ctl, "The output cannot be written");
    if (code != LINNET_OK)
        report(&ctl);
    return (int)code;
}
