/* setup.h - linnetctl setup: the first administrator, and with them the domain. One thread. */
#ifndef CTL_SETUP_H
#define CTL_SETUP_H

#include "ctl.h"

enum linnet_error_code setup(struct ctl *ctl);

#endif
