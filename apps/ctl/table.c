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
    char clean[1024];
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

void table_time(int64_t unix_s, char out[32])
{
    time_t t = (time_t)unix_s;
    struct tm local;
    if (unix_s == 0 || !localtime_r(&t, &local) || !strftime(out, 32, "%Y-%m-%d %H:%M", &local))
        snprintf(out, 32, "-");
}
