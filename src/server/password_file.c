#include "server/password_file.h"

#include "base/wipe.h"
#include "server/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BYTES_MAX = 1025 }; /* a password, and the end of its line */

static enum linnet_error_code refuse(struct linnet_error *error, const char *path, const char *what,
                                     const char *why)
{
    char reason[512];
    snprintf(reason, sizeof reason, "setup.password_file: %.300s %s%s", path, what, why);
    return error_set(error, LINNET_ERROR_SETTINGS, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

static enum linnet_error_code check(int fd, const char *path, struct linnet_error *error)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return refuse(error, path, "cannot be read: ", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return refuse(error, path, "is no regular file", "");
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return refuse(error, path, "belongs to another user", "");
    if (st.st_mode & 077)
        return refuse(error, path, "may be used by others: chmod 600 it", "");
    return LINNET_OK;
}

static enum linnet_error_code read_line(int fd, const char *path, struct buf *out,
                                        struct linnet_error *error)
{
    char bytes[BYTES_MAX];
    ssize_t len = read(fd, bytes, sizeof bytes);
    int fault = errno;
    struct str line = str_of(bytes, len > 0 ? (size_t)len : 0);
    const char *end = memchr(bytes, '\n', line.len);
    line.len = end ? (size_t)(end - bytes) : line.len;
    line.len -= line.len > 0 && bytes[line.len - 1] == '\r';
    buf_str(out, line);
    wipe(bytes, sizeof bytes);
    if (out->failed)
        memory_exhausted();
    if (len < 0)
        return refuse(error, path, "cannot be read: ", strerror(fault));
    if (line.len == 0 || line.len == BYTES_MAX)
        return refuse(error, path, "has no password in its first line, or one that is too long",
                      "");
    return LINNET_OK;
}

enum linnet_error_code password_file_read(const char *path, struct buf *out,
                                          struct linnet_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return refuse(error, path, "cannot be opened: ", strerror(errno));
    enum linnet_error_code code = check(fd, path, error);
    if (code == LINNET_OK)
        code = read_line(fd, path, out, error);
    close(fd);
    return code;
}
