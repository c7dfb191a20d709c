/* ops_settings_private.h - what the files of ops_settings share: their state, and the steps of a
 * change. */
#ifndef SERVER_OPS_OPS_SETTINGS_PRIVATE_H
#define SERVER_OPS_OPS_SETTINGS_PRIVATE_H

#include "server/ops/ops_settings.h"

struct ops_settings {
    struct ops_settings_config config;
    struct list waiting; /* changes, in the order in which they came */
    size_t waiting_count;
    struct change *writing; /* the one that is on its way */
    bool advancing;
};

/* --- ops_settings_check.c --- */

/* Whether it can be taken back. What is stored may be taken away whatever it is called, if the rest
 * is whole without it. Appends what is beneath, if there is such a setting. */
enum linnet_error_code ops_settings_check_reset(struct ops_settings *s, const char *name,
                                                struct buf *out,
                                                struct linnet_error *error) MUST_USE;

/* --- ops_settings_apply.c --- */

/* Makes the settings anew and applies them; `skip` as in settings_load_with. */
enum linnet_error_code ops_settings_apply(struct ops_settings *s, const struct settings_skip *skip,
                                          struct linnet_error *error) MUST_USE;

/* Appends what the setting is now, or from the next start on: then *ret_pending. With a NUL. */
void ops_settings_print(const struct ops_settings *s, const char *name, struct buf *out,
                        bool *ret_pending);

#endif
