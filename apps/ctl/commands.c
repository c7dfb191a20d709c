/* The table of commands. */
#include "ctl.h"

#include "audit.h"
#include "events.h"
#include "logins.h"
#include "security.h"
#include "sessions.h"
#include "settings.h"
#include "setup.h"
#include "status.h"
#include "users.h"

const struct ctl_command ctl_commands[] = {
    {"user add", true, CTL_PASSWORD, "make an account",
     "  linnetctl user add alice\n"
     "  linnetctl user add alice@example.org --password-file alice.password\n"
     "  linnetctl user add alice --generate\n",
     user_add},
    {"user passwd", true, CTL_PASSWORD, "give an account a new password; its sessions end",
     "  linnetctl user passwd alice\n"
     "  pass show alice | linnetctl user passwd alice --password-fd 0\n",
     user_passwd},
    {"user list", false, 0, "list all accounts",
     "  linnetctl user list\n"
     "  linnetctl --json user list | jq -r .user\n",
     user_list},
    {"user show", true, 0, "show an account", "  linnetctl user show alice\n", user_show},
    {"user remove", true, 0, "remove an account; its sessions end",
     "  linnetctl user remove alice\n", user_remove},
    {"user disable", true, CTL_REASON, "let nobody sign in to an account; its sessions end",
     "  linnetctl user disable alice --reason 'left in May'\n", user_disable},
    {"user enable", true, 0, "allow signing in again", "  linnetctl user enable alice\n",
     user_enable},
    {"user role", true, CTL_ROLE, "say what an account may do as an administrator",
     "  linnetctl user role alice full\n"
     "  linnetctl user role alice none\n",
     user_role},
    {"user tokens", true, CTL_REVOKE, "list who may sign in without the password, or revoke that",
     "  linnetctl user tokens alice\n"
     "  linnetctl user tokens alice --revoke d4565fa7-4d72-4749-b3d3-740edbf87770\n"
     "  linnetctl user tokens alice --revoke all\n"
     "  linnetctl --json user tokens alice | jq -r .client\n",
     user_tokens},
    {"user logout", true, 0, "revoke all tokens of an account; its sessions end",
     "  linnetctl user logout alice\n", user_logout},
    {"setup", true, CTL_PASSWORD, "make the first administrator, and name the domain",
     "  linnetctl setup admin@example.org\n"
     "  linnetctl setup admin@example.org --generate\n",
     setup},
    {"status", false, 0, "say how the server is",
     "  linnetctl status\n"
     "  linnetctl --json --data /var/lib/linnet status\n",
     status},
    {"logins", false, CTL_LOGINS | CTL_LIMIT,
     "show how clients signed in, stage by stage, or why not",
     "  linnetctl logins --failed\n"
     "  linnetctl logins --user alice --limit 1 --trace\n"
     "  linnetctl logins --follow\n",
     logins},
    {"sessions", false, CTL_FILTER, "list who is connected",
     "  linnetctl sessions\n"
     "  linnetctl sessions --filter 192.0.2.\n"
     "  linnetctl --json sessions --filter alice@ | jq -r .software\n",
     sessions},
    {"session close", true, CTL_SESSION, "end one session; its client keeps its token",
     "  linnetctl session close alice@example.org/phone\n"
     "  linnetctl --json sessions | jq -r .jid\n",
     session_close},
    {"audit", false, CTL_AUDIT | CTL_LIMIT, "show who changed what, the newest first",
     "  linnetctl audit\n"
     "  linnetctl audit --object alice@example.org\n"
     "  linnetctl audit --actor admin@example.org --action session. --limit 200\n"
     "  linnetctl --json audit --action account.removed | jq -r .object\n",
     audit},
    {"settings set", true, CTL_SETTING | CTL_VALUE, "change a setting while the server runs",
     "  linnetctl settings set login.mechanisms 'SCRAM-SHA-256-PLUS, SCRAM-SHA-256'\n"
     "  linnetctl settings set limits.idle_timeout_s 1h\n",
     settings_set},
    {"settings reset", true, CTL_SETTING, "take back what was set while the server ran",
     "  linnetctl settings reset login.mechanisms\n", settings_reset},
    {"settings history", true, CTL_SETTING | CTL_OPTIONAL, "list what was set, by whom and when",
     "  linnetctl settings history\n"
     "  linnetctl settings history log.level\n",
     settings_history},
    {"mechanisms", false, 0, "list what there is to sign in with, and who needs the weak",
     "  linnetctl mechanisms\n"
     "  linnetctl --json mechanisms | jq -r '.legacy.needed_by[].user'\n",
     mechanisms},
    {"throttle forgive", true, CTL_GUESSER, "let it sign in without waiting again",
     "  linnetctl throttle forgive 192.0.2.7\n"
     "  linnetctl throttle forgive alice\n",
     throttle_forgive},
    {"throttle", false, 0, "list who waits because of wrong passwords", "  linnetctl throttle\n",
     throttle_list},
    {"block add", true, CTL_NETWORK | CTL_REASON | CTL_HOURS,
     "let a network not connect; its connections end",
     "  linnetctl block add 192.0.2.0/24 --reason 'guesses at passwords' --hours 24\n"
     "  linnetctl block add 2001:db8::/32\n",
     block_add},
    {"block remove", true, CTL_NETWORK, "let it connect again",
     "  linnetctl block remove 192.0.2.0/24\n", block_remove},
    {"block list", false, 0, "list the networks that may not connect", "  linnetctl block list\n",
     block_list},
    {"settings", false, 0, "list the settings in force and where they come from",
     "  linnetctl settings\n", settings},
    {"reload", false, 0, "read settings and certificates again, as on SIGHUP",
     "  linnetctl reload\n", reload},
    {"events", false, CTL_EVENTS, "print events as they happen, until interrupted",
     "  linnetctl events\n"
     "  linnetctl --json events | jq -r 'select(.event == \"account.disabled\").data.user'\n",
     events},
};
const size_t ctl_command_count = ARRAY_LEN(ctl_commands);
