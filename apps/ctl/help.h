/* help.h - linnetctl --help, and what sentences call things. One thread. */
#ifndef CTL_HELP_H
#define CTL_HELP_H

#include "ctl.h"

void help_print(void);
void help_print_command(const struct ctl_command *command);

/* What the first argument of a command is: "NAME of an account". */
const char *help_name(const struct ctl_command *command);

/* The first of these options, as CTL_ bits: "--reason". */
const char *help_option(unsigned given);

#endif
