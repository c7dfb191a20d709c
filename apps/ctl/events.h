/* events.h - linnetctl events: what happens, as it happens. */
#ifndef CTL_EVENTS_H
#define CTL_EVENTS_H

#include "ctl.h"

enum linnet_error_code events(struct ctl *ctl);

#endif
