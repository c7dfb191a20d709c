/* sessions.h - linnetctl sessions: who is connected, and ending one. */
#ifndef CTL_SESSIONS_H
#define CTL_SESSIONS_H

#include "ctl.h"

enum linnet_error_code sessions(struct ctl *ctl);
enum linnet_error_code session_close(struct ctl *ctl);

#endif
