#include "table.h"

#include "base/error.h"

#include <stdio.h>
#include <time.h>

/* Code points: close enough for names. */
static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

void table_init(struct table *t, const char *const *headings, size_t columns)
{
    *t = (struct table){.columns = columns};
    for (size_t i = 0; i < columns; i++)
        table_add(t, headings[i]);
}

void table_finish(struct table *t)
{
    buf_finish(&t->cells);
}

void table_add(struct table *t, const char *text)
{
    char clean[TABLE_CELL_MAX_BYTES];
    size_t column = t->count++ % t->columns;
    error_copy_text(clean, sizeof clean, str_from(text ? text : ""));
    size_t width = characters(clean);
    if (width > t->width[column])
        t->width[column] = width;
    buf_append(&t->cells, clean, strlen(clean) + 1);
}

bool table_print(const struct table *t)
{
    if (t->cells.failed)
        return false;
    size_t left = t->count, column = 0;
    for (const char *cell = buf_peek(&t->cells).ptr; left > 0; left--) {
        bool last = ++column == t->columns;
        size_t gap = last ? 0 : t->width[column - 1] - characters(cell) + 2;
        printf("%s%*s%s", cell, (int)gap, "", last ? "\n" : "");
        cell += strlen(cell) + 1;
        column = last ? 0 : column;
    }
    return true;
}

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), end_len = strlen(end);
    return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

static void print_time(int64_t unix_s, bool seconds, char *out)
{
    time_t t = (time_t)unix_s;
    struct tm local;
    if (!localtime_r(&t, &local) ||
        !strftime(out, TABLE_NUMBER_BYTES, seconds ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%d %H:%M",
                  &local))
        snprintf(out, TABLE_NUMBER_BYTES, "-");
}

void table_clock(int64_t unix_s, char out[TABLE_NUMBER_BYTES])
{
    print_time(unix_s, true, out);
}

static void print_duration(long long s, char *out)
{
    if (s < 60)
        snprintf(out, TABLE_NUMBER_BYTES, "%llds", s);
    else if (s < 3600)
        snprintf(out, TABLE_NUMBER_BYTES, "%lldmin %02llds", s / 60, s % 60);
    else if (s < 86400)
        snprintf(out, TABLE_NUMBER_BYTES, "%lldh %02lldmin", s / 3600, s / 60 % 60);
    else
        snprintf(out, TABLE_NUMBER_BYTES, "%lldd %02lldh", s / 86400, s / 3600 % 24);
}

static void print_bytes(long long bytes, char *out)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 1024 && unit + 1 < ARRAY_LEN(units); unit++)
        value /= 1024;
    snprintf(out, TABLE_NUMBER_BYTES, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

void table_number(const char *name, int64_t value, char out[TABLE_NUMBER_BYTES])
{
    enum { CLOCK_FROM_S = 1000000000 }; /* 2001; nothing has lasted that long */
    if (ends_with(name, "_bytes") || strncmp(name, "bytes_", 6) == 0)
        print_bytes(value, out);
    else if (ends_with(name, "_ms"))
        snprintf(out, TABLE_NUMBER_BYTES, "%lld ms", (long long)value);
    else if (ends_with(name, "_s") && value >= CLOCK_FROM_S)
        print_time(value, false, out);
    else if (ends_with(name, "_s"))
        print_duration(value, out);
    else
        snprintf(out, TABLE_NUMBER_BYTES, "%lld", (long long)value);
}

void table_real(const char *name, double value, char out[TABLE_NUMBER_BYTES])
{
    snprintf(out, TABLE_NUMBER_BYTES, ends_with(name, "_ms") ? "%.1f ms" : "%g", value);
}
