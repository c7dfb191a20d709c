#include "status.h"

#include "ask.h"
#include "list.h"

#include <stdio.h>

/* "signing_in" as "signing in". A unit at the end is left out: the value is printed with it. */
static void label_of(const char *prefix, const char *name, char *out, size_t out_size)
{
    static const char *const units[] = {"_s", "_ms", "_bytes"};
    if (cstr_eq(name, "not_after_s"))
        name = "valid_until_s";
    else if (cstr_eq(name, "sha256"))
        name = "SHA-256";
    snprintf(out, out_size, "%s%s%s", prefix, *prefix ? " " : "", name);
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        size_t len = strlen(out), unit_len = strlen(units[i]);
        if (len > unit_len && strcmp(out + len - unit_len, units[i]) == 0) {
            out[len - unit_len] = '\0';
            break;
        }
    }
    for (; *out; out++)
        *out = *out == '_' ? ' ' : *out;
}

/* The rows of an object: its members, those of an object within it, and nothing of its arrays of
 * objects, which are tables of their own. */
static void add_members(struct table *t, const char *prefix, json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        char label[80];
        label_of(prefix, name, label, sizeof label);
        if (json_is_object(value) && !*prefix) {
            add_members(t, name, value);
        } else if (!json_is_object(json_array_get(value, 0))) {
            table_add(t, label);
            add_value(t, name, value);
        }
    }
}

/* An array of objects as a table; the members of the first are its columns. */
static enum linnet_error_code print_rows(struct ctl *ctl, const char *name, const json_t *rows)
{
    char labels[TABLE_COLUMNS_MAX][80];
    struct listing listing = {0};
    const char *member;
    size_t count = 0;
    json_t *value;
    json_object_foreach(json_array_get(rows, 0), member, value)
    {
        if (count == TABLE_COLUMNS_MAX)
            break;
        label_of("", member, labels[count], sizeof labels[count]);
        listing.columns[count] = (struct column){labels[count], member, NULL};
        count++;
    }
    if (count == 0)
        return LINNET_OK;
    printf("\n%s:\n", name);
    return list_rows(ctl, &listing, rows);
}

/* What there is to mend comes last, where it is seen. */
static void print_warnings(const json_t *warnings)
{
    size_t i;
    json_t *warning;
    json_array_foreach(warnings, i, warning)
    {
        char sentence[1024], remedy[1024];
        error_copy_text(sentence, sizeof sentence, str_from(text_of(warning, "sentence")));
        error_copy_text(remedy, sizeof remedy, str_from(text_of(warning, "remedy")));
        printf("\n%s: %s\n%s\n", text_of(warning, "severity"), sentence, remedy);
    }
}

static enum linnet_error_code print_status(struct ctl *ctl, json_t *status)
{
    struct table t = {.columns = 2};
    const char *name;
    json_t *value;
    add_members(&t, "", status);
    enum linnet_error_code code = table_print(&t) ? LINNET_OK : no_memory(ctl);
    table_finish(&t);
    json_object_foreach(status, name, value)
    {
        if (code == LINNET_OK && json_is_object(json_array_get(value, 0)) &&
            !cstr_eq(name, "warnings"))
            code = print_rows(ctl, name, value);
    }
    print_warnings(json_object_get(status, "warnings"));
    return code;
}

/* Whatever the server tells, in its order. */
enum linnet_error_code status(struct ctl *ctl)
{
    json_t *result;
    enum linnet_error_code code = ask(ctl, "status", json_object(), &result);
    if (code != LINNET_OK)
        return code;
    if (ctl->options.json)
        print_json(result);
    else
        code = print_status(ctl, result);
    json_decref(result);
    return code;
}
