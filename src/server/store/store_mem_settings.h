/* store_mem_settings.h - stored settings and their history in memory. One thread at a time. */
#ifndef SERVER_STORE_STORE_MEM_SETTINGS_H
#define SERVER_STORE_STORE_MEM_SETTINGS_H

#include "server/store/store.h"

/* A zeroed struct has none. */
struct mem_settings {
    struct mem_setting *first;       /* by name */
    struct mem_setting_change *last; /* the newest */
    int64_t last_id;
};

/* What STORE_SETTING does. */
enum store_result mem_settings_change(struct mem_settings *m,
                                      const struct store_setting_change *change,
                                      int64_t now_s) MUST_USE;
/* False when out of memory, as the next. */
bool mem_settings_read(const struct mem_settings *m, struct arena *a,
                       struct store_settings *ret) MUST_USE;
bool mem_settings_history(const struct mem_settings *m, const struct store_setting_query *query,
                          struct arena *a, struct store_setting_changes *ret) MUST_USE;
void mem_settings_finish(struct mem_settings *m);

#endif
