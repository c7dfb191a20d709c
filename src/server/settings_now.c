/* What would hold until the next start: settings that take effect at once, beside the running ones
 * that wait for it. */
#include "server/settings.h"

#include <stdio.h>

static const void *value_of(const struct settings *s, const struct settings_row *row)
{
    return (const char *)s + row->offset;
}

static size_t size_of(const struct settings_row *row)
{
    static const size_t sizes[] = {[SETTINGS_PATH] = sizeof(char *),
                                   [SETTINGS_DOMAIN] = sizeof(char *),
                                   [SETTINGS_WORDS] = sizeof(struct settings_texts),
                                   [SETTINGS_LISTEN] = sizeof(struct settings_listen),
                                   [SETTINGS_BOOL] = sizeof(bool),
                                   [SETTINGS_INT] = sizeof(int64_t),
                                   [SETTINGS_CHOICE] = sizeof(int)};
    return sizes[row->type];
}

static bool is_same(const struct settings_row *row, const struct settings *a,
                    const struct settings *b, bool *ret_failed)
{
    struct buf of_a = {0}, of_b = {0};
    settings_value_print(row, value_of(a, row), &of_a);
    settings_value_print(row, value_of(b, row), &of_b);
    bool same = str_eq(buf_peek(&of_a), buf_peek(&of_b));
    *ret_failed = *ret_failed || of_a.failed || of_b.failed;
    buf_finish(&of_a);
    buf_finish(&of_b);
    return same;
}

/* It borrows all values. Appends the names of what waits. False when out of memory. */
static bool mix(const struct settings *fresh, const struct settings *running, struct settings *ret,
                struct buf *waiting)
{
    const struct settings_row *row;
    bool failed = false;
    *ret = *fresh;
    for (size_t i = 0; (row = settings_row_at(i)); i++) {
        if (row->live || is_same(row, fresh, running, &failed))
            continue;
        memcpy((char *)ret + row->offset, value_of(running, row), size_of(row));
        ret->origin[i] = running->origin[i];
        buf_printf(waiting, "%s%s", buf_len(waiting) > 0 ? ", " : "", row->name);
    }
    return !failed && !waiting->failed;
}

static enum linnet_error_code refuse(const struct linnet_error *why, struct str waiting,
                                     struct linnet_error *error)
{
    char reason[1000];
    const char *given = linnet_error_param(why, "reason");
    snprintf(reason, sizeof reason,
             "%.600s, as long as a restart is waited for (%.*s): restart the server first",
             given ? given : why->sentence, STR_ARG(waiting));
    return error_set(error, LINNET_ERROR_SETTINGS, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

enum linnet_error_code settings_fit_now(const struct settings *fresh,
                                        const struct settings *running, struct linnet_error *error)
{
    struct settings mixed;
    struct buf waiting = {0};
    struct linnet_error why = {0};
    enum linnet_error_code code = LINNET_OK;
    if (!mix(fresh, running, &mixed, &waiting))
        code = error_set(error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    else if (settings_fit_together(&mixed, true, &why) != LINNET_OK)
        code = refuse(&why, buf_peek(&waiting), error);
    buf_finish(&waiting);
    return code;
}
