/* list.h - lists of objects: a line of JSON each, or a table for people. One thread. */
#ifndef CTL_LIST_H
#define CTL_LIST_H

#include "ctl.h"
#include "table.h"

struct column {
    const char *heading, *member;
    void (*add)(struct table *t, const json_t *row); /* NULL: add_member */
};

struct listing {
    const char *op, *rows;     /* the request, and the member of its answer that is the list */
    const char *cursor, *from; /* of pages: the argument that says after which row the next one
                                  begins, and the member of the row that it is; NULL for one page */
    const char *none;          /* is said when there are none; NULL: just the headings */
    void (*more)(const json_t *rows); /* tells that there are more than one page; or NULL */
    struct column columns[TABLE_COLUMNS_MAX + 1]; /* the last has no heading */
};

/* Asks and prints, all pages. Takes `args`, as ask() does. */
enum linnet_error_code list(struct ctl *ctl, const struct listing *listing, json_t *args) MUST_USE;

/* Prints rows that are here. */
enum linnet_error_code list_rows(struct ctl *ctl, const struct listing *listing,
                                 const json_t *rows) MUST_USE;

/* A cell: a member for people, whose name says what a number is. "-" when there is none. */
void add_value(struct table *t, const char *name, const json_t *value);
void add_member(struct table *t, const json_t *object, const char *name);

#endif
