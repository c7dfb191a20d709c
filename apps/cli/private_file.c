#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- reading ---- */

static const char *fault_of_file(int fd, size_t size)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return "it is no regular file";
    if (st.st_uid != geteuid())
        return "it belongs to somebody else";
    if (st.st_mode & 077)
        return "others may read it; make it private with chmod 600";
    return (size_t)st.st_size > size ? "it is too long" : NULL;
}

static const char *read_all(int fd, char *out, size_t size, size_t *ret_len)
{
    const char *fault = fault_of_file(fd, size);
    while (!fault && *ret_len < size) {
        ssize_t got = read(fd, out + *ret_len, size - *ret_len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return strerror(errno);
        if (got == 0)
            break;
        *ret_len += (size_t)got;
    }
    return fault;
}

const char *private_file_read(const char *path, char *out, size_t size, size_t *ret_len)
{
    *ret_len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? NULL : strerror(errno);
    const char *fault = read_all(fd, out, size, ret_len);
    close(fd);
    return fault;
}

/* ---- writing ---- */

static int write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, text, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put < 0 ? errno : EIO;
        text += put;
        len -= (size_t)put;
    }
    return fsync(fd) == 0 ? 0 : errno;
}

static int write_aside(const char *aside, const char *text, size_t len)
{
    unlink(aside); /* of one who was interrupted */
    int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno;
    int why = write_all(fd, text, len);
    close(fd);
    return why;
}

/* The new name is on disk with its folder. Some file systems cannot say so of a folder. */
static int sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int len = slash ? (int)(slash - path) + 1 : 0;
    if (snprintf(folder, sizeof folder, "%.*s", len ? len : 1, len ? path : ".") >=
        (int)sizeof folder)
        return ENAMETOOLONG;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int why = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
    close(fd);
    return why;
}

int private_file_replace(const char *path, const char *aside, const char *text, size_t len)
{
    int why = write_aside(aside, text, len);
    if (why == 0 && rename(aside, path) < 0)
        why = errno;
    if (why == 0)
        return sync_folder(path);
    unlink(aside);
    return why;
}
