/* commands.h - the commands; each returns the exit status. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "options.h"

int cmd_login(const struct options *o);
int cmd_probe(const struct options *o);
int cmd_send(const struct options *o);
int cmd_listen(const struct options *o);
int cmd_explain(const struct options *o);
int cmd_forget(const struct options *o);

#endif
