/*
 * log_output.h - where the server's messages go: one line each to a descriptor, as text for people
 * or as a JSON object for machines. A line is one write, so lines of different threads do not mix;
 * any thread may use the sink, or a copy of it with a level of its own.
 */
#ifndef SERVER_LOG_OUTPUT_H
#define SERVER_LOG_OUTPUT_H

#include "base/log.h"
#include "server/settings.h"

struct log_output {
    int fd; /* borrowed */
    enum settings_log_format format;
};

/* A sink over `output`, which must outlive it. */
struct log_sink log_output_sink(struct log_output *output, enum log_level level);

/* A notice that is written at any level: who makes the log say less must not hide that by it. NULL
 * is fine. */
void log_output_always(const struct log_sink *log, const char *component, const char *fmt, ...)
    PRINTF(3, 4);

/* The level is another since the settings were read again by `who`. */
void log_output_level_changed(const struct log_sink *log, enum log_level before, const char *who);

#endif
