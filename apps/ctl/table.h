/*
 * table.h - columns for people: as wide as their widest cell, two spaces apart. One thread.
 */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include "base/buf.h"

enum { TABLE_COLUMNS_MAX = 10 };

struct table {
    size_t columns;
    size_t width[TABLE_COLUMNS_MAX]; /* in characters */
    size_t count;                    /* of cells */
    struct buf cells;                /* each NUL-terminated, row after row */
};

/* `headings` are `columns` strings. */
void table_init(struct table *t, const char *const *headings, size_t columns);
void table_finish(struct table *t);

enum { TABLE_CELL_MAX_BYTES = 1024 };

/* Adds the next cell, made printable and cut at TABLE_CELL_MAX_BYTES; NULL is an empty one. */
void table_add(struct table *t, const char *text);

/* Prints all rows on standard output; false when out of memory. */
bool table_print(const struct table *t) MUST_USE;

enum { TABLE_NUMBER_BYTES = 32 };

/* "2026-01-02 15:04:05", local time; "-" for a time that is none. */
void table_clock(int64_t unix_s, char out[TABLE_NUMBER_BYTES]);

/* A number as its name says: "_bytes" and "bytes_" in KiB and more; "_ms" with its unit; "_s" as a
 * time of the clock if it is as large as one ("2026-01-02 15:04"), else as how long ("3h 05min");
 * others as they are. */
void table_number(const char *name, int64_t value, char out[TABLE_NUMBER_BYTES]);
void table_real(const char *name, double value, char out[TABLE_NUMBER_BYTES]);

#endif
