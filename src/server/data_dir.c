#include "server/data_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum linnet_error_code refuse(struct linnet_error *error, const char *path, const char *fmt,
                                     ...) PRINTF(3, 4);

static enum linnet_error_code refuse(struct linnet_error *error, const char *path, const char *fmt,
                                     ...)
{
    char why[160], reason[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    snprintf(reason, sizeof reason, "data: %.300s %s", path, why);
    return error_set(error, LINNET_ERROR_SETTINGS, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

/* Makes the directory and its parents; those that exist stay as they are. */
static bool make_path(const char *path)
{
    char part[PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0700) < 0 && errno != EEXIST)
            return false;
    }
    return true;
}

static void read_owner(int fd, char out[32])
{
    ssize_t len = pread(fd, out, 31, 0);
    out[len > 0 ? len : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

static bool write_owner(int fd)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)len, 0) == len;
}

static enum linnet_error_code take_lock(struct data_dir *ret, int dir_fd, const char *path,
                                        struct linnet_error *error)
{
    int fd = openat(dir_fd, "linnetd.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return refuse(error, path, "cannot be written to: %s", strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        char owner[32];
        read_owner(fd, owner);
        close(fd);
        return refuse(error, path, "is in use by another linnetd (process %s)", owner);
    }
    if (!write_owner(fd)) {
        close(fd);
        return refuse(error, path, "cannot be written to: %s", strerror(errno));
    }
    ret->lock_fd = fd;
    return LINNET_OK;
}

/* Cuts the last part off; "." is above a relative one. */
static void to_parent(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash)
        memcpy(path, ".", 2);
    else
        slash[slash == path ? 1 : 0] = '\0';
}

bool data_dir_sync(const char *path)
{
    char dir[PATH_MAX];
    size_t len = strlen(path);
    if (len >= sizeof dir)
        return false;
    memcpy(dir, path, len + 1);
    to_parent(dir);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

enum linnet_error_code data_dir_check(const char *path, struct linnet_error *error)
{
    char at[PATH_MAX];
    struct stat st;
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof at)
        return refuse(error, path, "cannot be made: %s", strerror(ENAMETOOLONG));
    memcpy(at, path, len + 1);
    bool exists = stat(at, &st) == 0;
    while (stat(at, &st) < 0 && errno == ENOENT)
        to_parent(at);
    const char *what = exists ? "cannot be written to" : "cannot be made";
    if (access(at, W_OK | X_OK) < 0)
        return refuse(error, path, "%s: %s", what, strerror(errno));
    if (stat(at, &st) < 0 || !S_ISDIR(st.st_mode))
        return refuse(error, path, "%s: %s", what, strerror(ENOTDIR));
    if (exists && st.st_mode & S_IWOTH)
        return refuse(error, path, "may be written to by everybody: chmod o-w it");
    return LINNET_OK;
}

enum linnet_error_code data_dir_open(struct data_dir *ret, const char *path,
                                     struct linnet_error *error)
{
    *ret = (struct data_dir){.lock_fd = -1};
    if (!make_path(path))
        return refuse(error, path, "cannot be made: %s", strerror(errno));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return refuse(error, path, "cannot be opened: %s", strerror(errno));
    struct stat st;
    enum linnet_error_code code;
    if (fstat(fd, &st) < 0)
        code = refuse(error, path, "cannot be opened: %s", strerror(errno));
    else if (st.st_mode & S_IWOTH)
        code = refuse(error, path, "may be written to by everybody: chmod o-w it");
    else
        code = take_lock(ret, fd, path, error);
    close(fd);
    return code;
}

void data_dir_close(struct data_dir *dir)
{
    if (dir->lock_fd >= 0)
        close(dir->lock_fd);
    dir->lock_fd = -1;
}
