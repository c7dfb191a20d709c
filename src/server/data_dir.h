/*
 * data_dir.h - the server's directory: made for its owner only, and held by one server at a time.
 * Opened first of all, before anything in it is touched. One thread.
 */
#ifndef SERVER_DATA_DIR_H
#define SERVER_DATA_DIR_H

#include "base/error.h"

struct data_dir {
    int lock_fd; /* of DIR/linnetd.lock, which holds our process id; -1 when not held */
};

/* Makes `path` (mode 0700, parents too) when it is missing, and takes its lock. Fails with
 * LINNET_ERROR_SETTINGS when it cannot be used, is open to everybody, or another server has it. */
enum linnet_error_code data_dir_open(struct data_dir *ret, const char *path,
                                     struct linnet_error *error) MUST_USE;

/* Whether data_dir_open may well succeed, as far as rights go; changes nothing. */
enum linnet_error_code data_dir_check(const char *path, struct linnet_error *error) MUST_USE;

/* Makes the entry of a new file at `path` in its directory durable. A new file is safe from a power
 * cut only then. */
bool data_dir_sync(const char *path) MUST_USE;

/* Gives the lock up; the kernel does so too when the process ends. */
void data_dir_close(struct data_dir *dir);

#endif
