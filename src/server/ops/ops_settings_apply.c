/* What is stored, and the layers beneath and above it, become the settings in force. */
#include "server/memory.h"
#include "server/ops/ops_settings_private.h"

void ops_settings_skipped(void *log, const char *name, const char *reason)
{
    log_printf(log, LOG_WARNING, "settings", 0, "what is stored for %.60s is passed over: %s", name,
               reason);
}

enum linnet_error_code ops_settings_apply(struct ops_settings *s, const struct settings_skip *skip,
                                          struct linnet_error *error)
{
    struct settings fresh;
    const struct ops_settings_host *host = &s->config.host;
    enum linnet_error_code code =
        settings_load_with(&fresh, &s->config.layers, &s->config.stored, skip, error);
    if (code == LINNET_ERROR_NO_MEMORY)
        memory_exhausted();
    return code == LINNET_OK ? host->apply(host->ctx, &fresh, error) : code;
}

enum linnet_error_code ops_settings_reload(struct ops_settings *s, struct linnet_error *error)
{
    const struct settings_skip skip = {ops_settings_skipped, (void *)(uintptr_t)s->config.log};
    return ops_settings_apply(s, &skip, error);
}

void ops_settings_print(const struct ops_settings *s, const char *name, struct buf *out,
                        bool *ret_pending)
{
    size_t index;
    const struct settings *now = s->config.host.in_force(s->config.host.ctx);
    const struct settings_row *row = settings_row_find(name, &index);
    *ret_pending = row && now->pending[index];
    if (*ret_pending)
        buf_cstr(out, now->pending[index]);
    else if (row)
        settings_value_in_force(now, row, out);
    buf_byte(out, '\0');
    if (out->failed)
        memory_exhausted();
}
