/*
 * memory.h - where `linnet` keeps what the library remembers of an account: a file that is closed
 * to others, replaced as a whole, for each account and for each host and port that were given.
 * While a login runs the file is locked: of two at once the second waits, for 5 seconds at most,
 * and then only reads, without the token. One thread.
 */
#ifndef CLI_MEMORY_H
#define CLI_MEMORY_H

#include "options.h"

#include <limits.h>

struct memory {
    bool on;    /* there is one: it is read */
    bool saves; /* and written */
    int lock;   /* -1: not held */
    char path[PATH_MAX];
    char *text; /* secret; wiped once the configuration has it */
    size_t len;
};

/* Finds, locks and reads the memory of the account o->address, whose prepared bare address is
 * `bare`. A folder of our own choice that cannot be had means no memory, which is said to those who
 * asked for --verbose. LINNET_ERROR_USAGE: --memory names what cannot be used, or what is there
 * cannot be read: going on would be without its protection. */
enum linnet_error_code memory_open(struct memory *m, const struct options *o, const char *bare,
                                   struct linnet_error *error);

/* Gives it to `config`, and wipes what was read. */
void memory_give(struct memory *m, struct linnet_config *config);

/* Saves what the client remembers now. Without success the file stays as it was. */
void memory_save(struct memory *m, struct linnet_client *client);

/* The login has come to its end: others may go on. */
void memory_unlock(struct memory *m);

void memory_close(struct memory *m);

/* Removes all that is kept of `bare`, or the one file of --memory; calls `removed` for each.
 * Returns false, with `error`, when one could not be removed. */
bool memory_forget(const struct options *o, const char *bare, void (*removed)(const char *path),
                   struct linnet_error *error);

#endif
