/*
 * store_settings.h - settings that are stored, and the history of their changes, as the back ends
 * read and write them (store.h).
 */
#ifndef SERVER_STORE_STORE_SETTINGS_H
#define SERVER_STORE_STORE_SETTINGS_H

#include "base/arena.h"

enum {
    STORE_SETTINGS_MAX = 256,     /* are read; there are fewer rows in the table of settings */
    STORE_SETTING_CHANGES = 10000 /* are kept: each change deletes what is beyond */
};

struct store_setting {
    struct str name, value;
};

struct store_settings {
    struct store_setting *settings; /* by name */
    size_t count;
};

/* One change. As STORE_SETTING's it has no id, time and old value: the store knows them. */
struct store_setting_change {
    int64_t id; /* rises */
    int64_t time_s;
    struct str actor;   /* "admin@example.org", "uid 0" */
    struct str address; /* where they were; "" when not known */
    struct str name;
    struct str old_value, new_value; /* STR_NONE: not set */
};

struct store_setting_changes {
    struct store_setting_change *changes; /* the newest first */
    size_t count;
    bool more;
};

/* Which changes are wanted. */
struct store_setting_query {
    struct str name; /* of this setting; "" for all */
    int64_t before;  /* with a lower id; 0: the newest */
    size_t limit;
};

#endif
