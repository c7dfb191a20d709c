#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

void log_printf(const struct log_sink *sink, enum log_level level, const char *component,
                uint64_t session, const char *fmt, ...)
{
    if (!sink || !sink->write || level > sink->level)
        return;
    char message[1000];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    sink->write(sink->ctx, level, component, session, message);
}

const char *log_level_name(enum log_level level)
{
    static const char *const names[] = {"error", "warning", "notice", "info", "debug"};
    return names[level];
}
