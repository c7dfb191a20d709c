#include "server/log_output.h"

#include "base/buf.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096, MESSAGE_MAX_BYTES = 1024 };

/* A line under construction in a fixed place: logging must work when memory is short. */
struct line {
    char text[LINE_MAX_BYTES];
    size_t len;
};

static void add(struct line *l, const char *fmt, ...) PRINTF(2, 3);

static void add(struct line *l, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(l->text + l->len, sizeof l->text - l->len, fmt, ap);
    va_end(ap);
    if (len > 0)
        l->len += (size_t)len < sizeof l->text - l->len ? (size_t)len : sizeof l->text - l->len - 1;
}

/* `text` is printable UTF-8: only the quote and the backslash are left to escape. */
static void add_json_string(struct line *l, const char *text)
{
    add(l, "\"");
    for (; *text; text++)
        add(l, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    add(l, "\"");
}

static void add_time(struct line *l)
{
    struct timespec now;
    struct tm utc;
    char text[32] = "";
    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &utc))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    add(l, "%s.%03ldZ", text, now.tv_nsec / 1000000);
}

static void add_text_line(struct line *l, enum log_level level, const char *component,
                          uint64_t session, const char *message)
{
    add_time(l);
    add(l, " %s %s", log_level_name(level), component);
    if (session)
        add(l, " #%" PRIu64, session);
    add(l, ": %s\n", message);
}

static void add_json_line(struct line *l, enum log_level level, const char *component,
                          uint64_t session, const char *message)
{
    add(l, "{\"time\":\"");
    add_time(l);
    add(l, "\",\"level\":\"%s\",\"component\":", log_level_name(level));
    add_json_string(l, component);
    if (session)
        add(l, ",\"session\":%" PRIu64, session);
    add(l, ",\"message\":");
    add_json_string(l, message);
    add(l, "}\n");
}

static void write_line(void *ctx, enum log_level level, const char *component, uint64_t session,
                       const char *message)
{
    const struct log_output *output = ctx;
    char printable[MESSAGE_MAX_BYTES];
    struct line l = {.len = 0};
    error_copy_text(printable, sizeof printable, str_from(message));
    if (output->format == SETTINGS_LOG_JSON)
        add_json_line(&l, level, component, session, printable);
    else
        add_text_line(&l, level, component, session, printable);
    /* There is nobody to tell when the log itself cannot be written. */
    ssize_t ignored = write(output->fd, l.text, l.len);
    (void)ignored;
}

struct log_sink log_output_sink(struct log_output *output, enum log_level level)
{
    return (struct log_sink){.write = write_line, .ctx = output, .level = level};
}

void log_output_always(const struct log_sink *log, const char *component, const char *fmt, ...)
{
    char message[MESSAGE_MAX_BYTES];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    struct log_sink open = log ? *log : (struct log_sink){0};
    open.level = LOG_NOTICE;
    log_printf(&open, LOG_NOTICE, component, 0, "%s", message);
}

void log_output_level_changed(const struct log_sink *log, enum log_level before, const char *who)
{
    if (log && log->level != before)
        log_output_always(log, "settings", "log.level is \"%s\": read again by %s",
                          log_level_name(log->level), who);
}
