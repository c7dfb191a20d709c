#include "help.h"

#include <stdio.h>

/* --- what takes a name --- */

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

const char *help_name(const struct ctl_command *c)
{
    return name_kind(c)->meaning;
}

/* --- options that only some commands take --- */

struct option_group {
    unsigned bit;
    const char *name; /* for a sentence; NULL for one that is no option */
    const char *usage;
    const char *help; /* or NULL: others tell */
};

static const struct option_group groups[] = {
    {CTL_PASSWORD, "a password", " [--password-file FILE | --password-fd N | --generate]",
     "\n"
     "  --password-file FILE  its first line; the file must be yours and private (0600)\n"
     "  --password-fd N       the first line read from descriptor N\n"
     "  --generate            make a password and print it\n"
     "Without these you are asked for it. Passwords are never arguments."},
    {CTL_REASON, "--reason", " [--reason TEXT]",
     "\n  --reason TEXT  why; the person is told it on signing in with the right password"},
    {CTL_HOURS, "--hours", " [--hours N]",
     "\n"
     "  --reason TEXT  why, for those who look at the list\n"
     "  --hours N      for so long; without it, for ever"},
    {CTL_REVOKE, "--revoke", " [--revoke CLIENT | --revoke all]",
     "\n"
     "  --revoke CLIENT  that client needs the password at its next login; sessions go on\n"
     "  --revoke all     every client does"},
    {CTL_LOGINS, "options of \"logins\" (--follow, --failed, --user, --address, --trace)",
     " [--follow] [--failed] [--user NAME] [--address IP] [--trace]",
     "\n"
     "  --follow      print each as its outcome is known, until interrupted\n"
     "  --failed      only those that failed\n"
     "  --user NAME   only those who wanted to be this user\n"
     "  --address IP  only those whose address begins so\n"
     "  --limit N     the last N (20); with --follow, print these first\n"
     "  --trace       what was said, without secrets"},
    {CTL_AUDIT, "options of \"audit\" (--actor, --action, --object, --before)",
     " [--actor WHO] [--action BEGINNING] [--object WHAT] [--before ID]",
     "\n"
     "  --actor WHO        only what this administrator did, or \"uid 0\", exactly\n"
     "  --action BEGINNING only actions that begin so: account. session.closed\n"
     "  --object WHAT      only what was done to this, exactly: alice@example.org\n"
     "  --before ID        only what is older than this row\n"
     "  --limit N          so many rows (50)"},
    {CTL_FILTER, "--filter", " [--filter TEXT]",
     "\n"
     "  --filter TEXT  only those whose address, IP address or client has this in it"},
    {CTL_LIMIT, "--limit", " [--limit N]", NULL},
    {CTL_EVENTS, NULL, "",
     "\n"
     "Kinds of events, those of accounts with user= and domain=:\n"
     "  account.added       an account was made\n"
     "  account.removed     it was removed, and its sessions ended\n"
     "  account.disabled    nobody may sign in to it; reason= says why, if that was given\n"
     "  account.enabled     signing in is allowed again\n"
     "  account.role        it may do role= as an administrator\n"
     "  account.password    it has a new password, and its sessions ended\n"
     "  account.logged_out  all its tokens were revoked, and its sessions ended\n"
     "  tokens.revoked      tokens of it were revoked\n"
     "  server.set_up       it is the first administrator\n"
     "  settings.changed    name= is value= from now or the next start on; by actor=\n"
     "and audit, a row of the audit trail as linnetctl audit shows it, after each change.\n"
     "Later versions may have more. Sign-ins are followed with linnetctl logins --follow."},
};

const char *help_option(unsigned given)
{
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        if (groups[i].name && groups[i].bit & given)
            return groups[i].name;
    return "that";
}

/* --- printing --- */

void help_print(void)
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
         "  --data DIR    the server's data directory (" CTL_DEFAULT_DATA ")\n"
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

static void print_usage(const struct ctl_command *c)
{
    printf("Usage: linnetctl [OPTIONS] %s%s%s", c->words, c->wants_name ? " " : "", name_word(c));
    fputs(c->takes & CTL_ROLE ? " full|read-only|none" : "", stdout);
    fputs(c->takes & CTL_VALUE ? " VALUE" : "", stdout);
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        if (c->takes & groups[i].bit)
            fputs(groups[i].usage, stdout);
    putchar('\n');
}

void help_print_command(const struct ctl_command *c)
{
    printf("linnetctl %s - %s\n\n", c->words, c->summary);
    print_usage(c);
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        bool told = groups[i].bit == CTL_REASON && c->takes & CTL_HOURS; /* by that */
        if (c->takes & groups[i].bit && groups[i].help && !told)
            puts(groups[i].help);
    }
    printf("\nExamples:\n%s", c->examples);
}
