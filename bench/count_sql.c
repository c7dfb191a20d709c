/*
 * count_sql.c - counts what a server asks of SQLite: preloaded into linnetd (LD_PRELOAD), which
 * calls it in place of SQLite's own function and knows nothing of it.
 *
 * The counts are in the file that COUNT_SQL names, which is mapped: whoever measures reads it while
 * the server runs. Any thread.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

/* Statements that were run, as signin.py reads them. */
struct counts {
    _Atomic uint64_t reads, writes, commits;
};

static const struct {
    const char *word;
    size_t count;
} words[] = {{"SELECT", offsetof(struct counts, reads)},
             {"INSERT", offsetof(struct counts, writes)},
             {"UPDATE", offsetof(struct counts, writes)},
             {"DELETE", offsetof(struct counts, writes)},
             {"COMMIT", offsetof(struct counts, commits)}};

static struct counts unseen, *counts = &unseen;
static int (*real_step)(sqlite3_stmt *stmt);

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("COUNT_SQL");
    int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    real_step = (int (*)(sqlite3_stmt *))(uintptr_t)dlsym(RTLD_NEXT, "sqlite3_step");
    if (fd < 0 || ftruncate(fd, sizeof(struct counts)) != 0)
        return;
    void *mapped = mmap(NULL, sizeof(struct counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped != MAP_FAILED)
        counts = mapped;
}

/* `sql` is NULL for what SQLite does by itself. */
static void count(const char *sql)
{
    for (size_t i = 0; sql && i < sizeof words / sizeof words[0]; i++)
        if (strncasecmp(sql, words[i].word, strlen(words[i].word)) == 0)
            atomic_fetch_add((_Atomic uint64_t *)((char *)counts + words[i].count), 1);
}

/* sqlite3_exec comes here too. */
__attribute__((visibility("default"))) int sqlite3_step(sqlite3_stmt *stmt)
{
    if (!sqlite3_stmt_busy(stmt)) /* the first step of a run */
        count(sqlite3_sql(stmt));
    return real_step(stmt);
}
