/*
 * log.h - where messages for operators go. The library is given a sink and never opens a file;
 * programs install one. A NULL `write` discards. Messages never carry secrets.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/base.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };

struct log_sink {
    void (*write)(void *ctx, enum log_level level, const char *component, uint64_t session,
                  const char *message);
    void *ctx;
    enum log_level level; /* messages above this level are discarded */
};

/* Formats at most 1,000 bytes and hands them on. `session` is 0 when there is none. */
void log_printf(const struct log_sink *sink, enum log_level level, const char *component,
                uint64_t session, const char *fmt, ...) PRINTF(5, 6);

/* "error", "warning", "notice", "info", "debug". */
const char *log_level_name(enum log_level level);

#endif
