/* linnetctl: finds the command that is meant, connects, runs it, says what went wrong. */
#include "ask.h"
#include "ctl.h"
#include "help.h"
#include "options.h"

#include "../cli/output.h"

#include <linnet/linnet.h>

#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>

/* --- the command --- */

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

static enum linnet_error_code check_command(struct ctl *ctl, const struct ctl_command *c,
                                            char *const *rest, int count)
{
    struct ctl_options *o = &ctl->options;
    bool optional = c->takes & CTL_OPTIONAL;
    if (c->wants_name && count < 1 && !optional)
        return usage(ctl, "\"%s\" needs the %s", c->words, help_name(c));
    int wanted = c->wants_name + (c->takes & (CTL_ROLE | CTL_VALUE) ? 1 : 0);
    if (count < wanted && !optional)
        return usage(ctl, "\"%s\" needs a %s", c->words,
                     c->takes & CTL_VALUE ? "value" : "role: full, read-only or none");
    if (count > wanted)
        return usage(ctl, "\"%s\" does not take \"%.60s\"", c->words, rest[wanted]);
    if (o->given & ~c->takes)
        return usage(ctl, "\"%s\" does not take %s", c->words, help_option(o->given & ~c->takes));
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
                                   o->data ? o->data : CTL_DEFAULT_DATA);
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
    const char *data = ctl->options.data ? ctl->options.data : CTL_DEFAULT_DATA;
    if (ctl->options.json) {
        json_t *object = json_pack("{s:{s:s,s:i,s:s}}", "error", "code", info->id, "exit",
                                   (int)e->code, "sentence", e->sentence);
        output_json_text(stdout, object);
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
    enum linnet_error_code code = options_read(&ctl, argc, argv);
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
            help_print_command(c);
        else
            help_print();
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
