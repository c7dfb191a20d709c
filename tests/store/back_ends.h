/*
 * back_ends.h - each back end with an empty store, and words to change it. For tests; included by
 * one file of each.
 */
#ifndef STORE_BACK_ENDS_H
#define STORE_BACK_ENDS_H

#include "server/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct store *store;
    char dir[32];
    bool on_disk;
};

static const struct str here = {"example.org", 11};

/* --- back ends --- */

static inline int open_mem(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    *state = f;
    return f && store_mem_new(&f->store) == STORE_OK ? 0 : -1;
}

static inline int open_sqlite(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    char path[64];
    struct store_fault fault;
    if (!f)
        return -1;
    *state = f;
    f->on_disk = true;
    snprintf(f->dir, sizeof f->dir, "/tmp/linnet-store-XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    snprintf(path, sizeof path, "%s/linnet.db", f->dir);
    return store_sqlite_open(path, &f->store, &fault) == STORE_OK ? 0 : -1;
}

static inline int close_store(void **state)
{
    static const char *const files[] = {"linnet.db", "linnet.db-wal", "linnet.db-shm"};
    struct fixture *f = *state;
    store_free(f->store);
    for (size_t i = 0; f->on_disk && i < ARRAY_LEN(files); i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", f->dir, files[i]);
        unlink(path);
    }
    if (f->on_disk)
        rmdir(f->dir);
    free(f);
    return 0;
}

/* --- words for tests --- */

static inline struct store_write change(enum store_change what, const char *user)
{
    return (struct store_write){
        .change = what, .domain = here, .user = str_from(user), .now_s = 1000};
}

static inline struct store_write with_rows(struct store_write w, const char *suffix)
{
    static const char *const schemes[] = {"SCRAM-SHA-512", "SCRAM-SHA-1", "SCRAM-SHA-256",
                                          "DIGEST-MD5"};
    static char values[ARRAY_LEN(schemes)][64];
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        snprintf(values[i], sizeof values[i], "%s$%s", schemes[i], suffix);
        w.credentials[i] = (struct store_credential){str_from(schemes[i]), str_from(values[i])};
    }
    w.credential_count = ARRAY_LEN(schemes);
    return w;
}

static inline enum store_result commit(struct store *s, struct store_write w)
{
    struct store_write *one = &w;
    struct store_fault fault = {""};
    assert_int_equal(s->ops->commit(s, &one, 1, &fault), STORE_OK);
    assert_string_equal(fault.text, "");
    return w.result;
}

static inline void add(struct store *s, const char *user)
{
    assert_int_equal(commit(s, with_rows(change(STORE_ADD, user), user)), STORE_OK);
}

#endif
