/*
 * memory.h - where `linnet` keeps what the library remembers of an account: a file that is closed
 * to others, replaced as a whole, for each account and for each host and port that were given.
 * One command at a time uses a memory. Another waits for it, for 5 seconds at most, but not for one
 * that stays online: beside that it signs in as a client of its own, and only reads. One thread.
 */
#ifndef CLI_MEMORY_H
#define CLI_MEMORY_H

#include "options.h"

#include <limits.h>

struct memory {
    bool on;     /* there is one: it is read */
    bool saves;  /* and written */
    bool shared; /* not written, because another command uses it */
    int why;     /* errno of not being written; 0 */
    int lock;    /* held to read and to write; -1: not held */
    int used;    /* held for as long as this command lives; -1: not held */
    char path[PATH_MAX];
    char *text; /* secret; wiped once the configuration has it */
    size_t len;
};

/* Finds, locks and reads the memory of the account o->address, whose prepared bare address is
 * `bare`. A folder of our own choice that cannot be had means no memory, which is said to those who
 * asked for --verbose; one that cannot be written means one that is only read. LINNET_ERROR_USAGE:
 * --memory names what cannot be used, or what is there cannot be read: going on would be without
 * its protection. */
enum linnet_error_code memory_open(struct memory *m, const struct options *o, const char *bare,
                                   struct linnet_error *error);

/* Gives it to `config`, and wipes what was read. */
void memory_give(struct memory *m, struct linnet_config *config);

/* Saves what the client remembers now, if it `saves` and was not forgotten meanwhile; on disk when
 * it returns. 0, or errno: what the file holds is not what the client would use now. */
int memory_save(struct memory *m, struct linnet_client *client);

/* This command stays online: others need not wait for it. */
void memory_unlock(struct memory *m);

void memory_close(struct memory *m);

/* Removes all that is kept of `bare`, or the one file of --memory if it is a memory of `bare`;
 * calls `removed` for each. A command that still uses one does not write it again. Returns false,
 * with `error`, when one could not be removed. */
bool memory_forget(const struct options *o, const char *bare, void (*removed)(const char *path),
                   struct linnet_error *error);

#endif
