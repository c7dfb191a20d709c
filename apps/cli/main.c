#include "commands.h"
#include "failure.h"
#include "interrupt.h"
#include "output.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* A password must not end up in a core dump, nor be read by a debugger of the same user. */
static void keep_secrets(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* What was printed and not written was not done; a reader who left has seen enough. */
static int finish(int status)
{
    if (output_finish())
        return status;
    if (output_reader_gone())
        return status ? status : LINNET_ERROR_INTERRUPTED;
    fputs("linnet: standard output cannot be written\n", stderr);
    return status ? status : LINNET_ERROR_INTERNAL;
}

int main(int argc, char **argv)
{
    static int (*const run[COMMAND_COUNT])(const struct options *) = {
        [COMMAND_LOGIN] = cmd_login,     [COMMAND_PROBE] = cmd_probe,
        [COMMAND_SEND] = cmd_send,       [COMMAND_LISTEN] = cmd_listen,
        [COMMAND_EXPLAIN] = cmd_explain, [COMMAND_FORGET] = cmd_forget,
    };
    struct options options;
    struct linnet_error error;
    keep_secrets();
    output_init();
    interrupt_at_once();
    signal(SIGPIPE, SIG_IGN);
    switch (options_parse(argc, argv, &options, &error)) {
    case PARSED_DONE:
        return finish(0);
    case PARSED_WRONG:
        return finish(failure_print(&options, &error));
    case PARSED_RUN:
        break;
    }
    return finish(run[options.command](&options));
}
