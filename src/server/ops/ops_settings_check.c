/* Whether a setting may become what is asked for: the whole is loaded as a start would load it. */
#include "server/memory.h"
#include "server/ops/ops_settings_private.h"

#include <stdio.h>

/* What the loader says, as what is wrong with a request. */
static enum linnet_error_code refuse(struct linnet_error *error, const char *reason)
{
    return error_set(error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

static enum linnet_error_code refuse_for(struct linnet_error *error, const struct linnet_error *why)
{
    char reason[SETTINGS_REASON_BYTES * 4];
    const char *given = linnet_error_param(why, "reason");
    snprintf(reason, sizeof reason, "%s", given ? given : why->sentence);
    return refuse(error, reason);
}

/* A value that goes before what would be stored. */
static enum linnet_error_code check_layer(const struct settings *fresh, size_t index,
                                          struct linnet_error *error)
{
    struct buf by = {0};
    enum linnet_error_code code = LINNET_OK;
    if (settings_fixed_by(fresh, index, &by)) {
        char reason[SETTINGS_REASON_BYTES * 2];
        snprintf(reason, sizeof reason,
                 "%s is set in %.*s, which goes before what is set while the server runs",
                 settings_row_at(index)->name, STR_ARG(buf_peek(&by)));
        code = refuse(error, reason);
    }
    if (by.failed)
        memory_exhausted();
    buf_finish(&by);
    return code;
}

/* The whole with `value` (NULL: reset). */
static enum linnet_error_code load_candidate(struct ops_settings *s, const char *name,
                                             const char *value, struct settings *ret,
                                             struct linnet_error *error)
{
    struct linnet_error why = {0};
    const struct ops_settings_host *host = &s->config.host;
    const struct settings_pair candidate = {name, value};
    enum linnet_error_code code =
        settings_load_candidate(ret, &s->config.layers, &s->config.stored, &candidate, &why);
    if (code == LINNET_OK && host->check && (code = host->check(host->ctx, ret, &why)) != LINNET_OK)
        settings_finish(ret);
    if (code == LINNET_ERROR_NO_MEMORY)
        memory_exhausted();
    return code == LINNET_OK ? LINNET_OK : refuse_for(error, &why);
}

static void print_row(const struct settings *s, const struct settings_row *row, struct buf *out)
{
    settings_value_print(row, (const char *)s + row->offset, out);
    if (out->failed)
        memory_exhausted();
}

/* A NUL in it would hide what follows. */
static bool is_text(struct str s)
{
    return !memchr(s.ptr ? s.ptr : "", '\0', s.len);
}

enum linnet_error_code ops_settings_check(struct ops_settings *s, const char *name,
                                          struct str value, struct buf *out,
                                          struct linnet_error *error)
{
    size_t index;
    struct settings fresh;
    if (!is_text(value))
        return refuse(error, "The value holds a control character");
    enum linnet_error_code code = load_candidate(s, name, value.ptr, &fresh, error);
    if (code != LINNET_OK)
        return code;
    const struct settings_row *row = settings_row_find(name, &index); /* or it were not loaded */
    code = check_layer(&fresh, index, error);
    if (code == LINNET_OK)
        print_row(&fresh, row, out);
    settings_finish(&fresh);
    return code;
}

enum linnet_error_code ops_settings_check_reset(struct ops_settings *s, const char *name,
                                                struct buf *out, struct linnet_error *error)
{
    char reason[SETTINGS_REASON_BYTES];
    struct settings fresh;
    size_t index;
    if (!settings_stored_find(&s->config.stored, name)) {
        snprintf(reason, sizeof reason, "%.60s was not set while the server ran", name);
        return refuse(error, reason);
    }
    enum linnet_error_code code = load_candidate(s, name, NULL, &fresh, error);
    if (code != LINNET_OK)
        return code;
    const struct settings_row *row = settings_row_find(name, &index);
    if (row)
        print_row(&fresh, row, out);
    settings_finish(&fresh);
    return LINNET_OK;
}
