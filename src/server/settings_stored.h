/*
 * settings_stored.h - settings that were set while the server ran, as the store keeps them: by
 * name, as text; and the whole of all layers with them. A value that cannot be used any more (a
 * name that went, a bound that moved, a file that does not fit it) is passed over with a reason:
 * it must never keep a server from starting.
 *
 * A struct settings_stored owns its strings; a zeroed one is empty. One thread. Blocks to read the
 * settings' file, nothing else.
 */
#ifndef SERVER_SETTINGS_STORED_H
#define SERVER_SETTINGS_STORED_H

#include "server/settings.h"

struct settings_stored {
    struct settings_pair *pairs;
    size_t count;
};

/* Keeps `value` under `name`; NULL takes it away. False when out of memory. */
bool settings_stored_set(struct settings_stored *stored, const char *name,
                         const char *value) MUST_USE;
/* The value, or NULL. */
const char *settings_stored_find(const struct settings_stored *stored, const char *name);
void settings_stored_finish(struct settings_stored *stored);

/* Whom to tell of a value that is passed over; `skipped` may be NULL. */
struct settings_skip {
    void (*skipped)(void *ctx, const char *name, const char *reason);
    void *ctx;
};

/* As settings_load, with as many of `stored` as fit together and with what stands above them.
 * layers.stored is not looked at. Fails only for what the other layers say. */
enum linnet_error_code settings_load_with(struct settings *ret,
                                          const struct settings_layers *layers,
                                          const struct settings_stored *stored,
                                          const struct settings_skip *skip,
                                          struct linnet_error *error) MUST_USE;

/* The same as it would be with one more change, `value` for `name` or (NULL) none: that one is
 * passed over for no reason, but fails with it. */
enum linnet_error_code settings_load_candidate(struct settings *ret,
                                               const struct settings_layers *layers,
                                               const struct settings_stored *stored,
                                               const struct settings_pair *candidate,
                                               struct linnet_error *error) MUST_USE;

#endif
