/* status.h - linnetctl status: how the server is. */
#ifndef CTL_STATUS_H
#define CTL_STATUS_H

#include "ctl.h"

enum linnet_error_code status(struct ctl *ctl);

#endif
