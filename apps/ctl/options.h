/* options.h - the options of the command line. One thread. */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include "ctl.h"

/* Reads them; `optind` is the first word that is none, as getopt_long leaves it. */
enum linnet_error_code options_read(struct ctl *ctl, int argc, char **argv) MUST_USE;

#endif
