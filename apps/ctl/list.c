#include "list.h"

#include "ask.h"

#include <stdio.h>

/* --- cells --- */

static void join(const json_t *words, char *out, size_t out_size)
{
    size_t i, len = 0;
    json_t *word;
    out[0] = '\0';
    json_array_foreach(words, i, word)
    {
        const char *text = json_string_value(word);
        int n = snprintf(out + len, out_size - len, "%s%s", i > 0 ? ", " : "", text ? text : "");
        if (n < 0 || (size_t)n >= out_size - len)
            return;
        len += (size_t)n;
    }
}

void add_value(struct table *t, const char *name, const json_t *value)
{
    char text[512] = "-";
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        table_add(t, json_string_value(value));
        return;
    case JSON_INTEGER:
        table_number(name, json_integer_value(value), text);
        break;
    case JSON_REAL:
        table_real(name, json_real_value(value), text);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        snprintf(text, sizeof text, json_is_true(value) ? "yes" : "no");
        break;
    case JSON_ARRAY:
        join(value, text, sizeof text);
        break;
    default:
        break;
    }
    table_add(t, text);
}

void add_member(struct table *t, const json_t *object, const char *name)
{
    add_value(t, name, json_object_get(object, name));
}

/* --- rows --- */

static void begin_table(struct table *t, const struct column *columns)
{
    const char *headings[TABLE_COLUMNS_MAX];
    size_t count = 0;
    for (; columns[count].heading; count++)
        headings[count] = columns[count].heading;
    table_init(t, headings, count);
}

static void add_row(struct table *t, const struct column *columns, const json_t *row)
{
    for (const struct column *c = columns; c->heading; c++) {
        if (c->add)
            c->add(t, row);
        else
            add_member(t, row, c->member);
    }
}

/* Lines at once; a table when it is complete. */
static void take_rows(const struct ctl *ctl, struct table *t, const struct column *columns,
                      const json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (ctl->options.json)
            print_json(row);
        else
            add_row(t, columns, row);
    }
}

static enum linnet_error_code end_table(struct ctl *ctl, const struct table *t, const char *none)
{
    if (ctl->options.json)
        return LINNET_OK;
    if (none && t->count == t->columns) {
        puts(none);
        return LINNET_OK;
    }
    return table_print(t) ? LINNET_OK : no_memory(ctl);
}

enum linnet_error_code list_rows(struct ctl *ctl, const struct listing *l, const json_t *rows)
{
    struct table t;
    begin_table(&t, l->columns);
    take_rows(ctl, &t, l->columns, rows);
    enum linnet_error_code code = end_table(ctl, &t, l->none);
    table_finish(&t);
    return code;
}

/* --- pages --- */

/* Whether another page is to be asked for; then `args` are ready for it. */
static bool next_page(const struct listing *l, const json_t *page, json_t *args)
{
    const json_t *rows = json_object_get(page, l->rows);
    const json_t *last = json_array_get(rows, json_array_size(rows) - 1);
    return l->cursor && last && is(page, "more") &&
           json_object_set(args, l->cursor, json_object_get(last, l->from)) == 0;
}

enum linnet_error_code list(struct ctl *ctl, const struct listing *l, json_t *args)
{
    struct table t;
    json_t *page = NULL;
    enum linnet_error_code code;
    begin_table(&t, l->columns);
    do {
        json_decref(page);
        code = ask(ctl, l->op, json_incref(args), &page);
        take_rows(ctl, &t, l->columns, json_object_get(page, l->rows));
    } while (code == LINNET_OK && next_page(l, page, args));
    if (code == LINNET_OK)
        code = end_table(ctl, &t, l->none);
    if (code == LINNET_OK && l->more && is(page, "more"))
        l->more(json_object_get(page, l->rows));
    json_decref(page);
    json_decref(args);
    table_finish(&t);
    return code;
}
