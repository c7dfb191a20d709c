/* audit.h - linnetctl audit: who changed what. */
#ifndef CTL_AUDIT_H
#define CTL_AUDIT_H

#include "ctl.h"

enum linnet_error_code audit(struct ctl *ctl);

#endif
