/* The socket of the path: private, and in nobody's place. */
#include "server/control/control_private.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Whether the way is free: nothing there, or a socket that nobody listens on, which is removed. */
static bool clear_way(const struct sockaddr_un *address, const char **ret_why)
{
    struct stat st;
    if (lstat(address->sun_path, &st) < 0) {
        *ret_why = strerror(errno);
        return errno == ENOENT;
    }
    *ret_why = "exists and is no socket";
    if (!S_ISSOCK(st.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool answers =
        fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
                    errno != ECONNREFUSED);
    if (fd >= 0)
        close(fd);
    *ret_why = "another server listens on it";
    return !answers && unlink(address->sun_path) == 0;
}

int control_bind(const char *path, const char **ret_why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *ret_why = "the path is longer than 107 bytes";
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, path, strlen(path));
    if (!clear_way(&address, ret_why))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        chmod(path, 0600) == 0)
        return fd;
    *ret_why = strerror(errno);
    if (fd >= 0)
        close(fd);
    return -1;
}
