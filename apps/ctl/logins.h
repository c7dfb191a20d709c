/* logins.h - linnetctl logins: how clients came in, or why they did not. */
#ifndef CTL_LOGINS_H
#define CTL_LOGINS_H

#include "ctl.h"

enum linnet_error_code logins(struct ctl *ctl);

#endif
