#include "server/ops/ops_token_key.h"

#include "base/wipe.h"
#include "net/entropy.h"
#include "server/data_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static enum linnet_error_code refuse(struct linnet_error *error, const char *path, const char *what,
                                     const char *why)
{
    char reason[512];
    snprintf(reason, sizeof reason, "login.token_key_file: %.300s %s%s", path, what, why);
    return error_set(error, LINNET_ERROR_SETTINGS, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

/* Complete or not there, also after a power cut. */
static bool make(const char *path)
{
    char temporary[PATH_MAX];
    uint8_t key[OPS_TOKEN_KEY_BYTES];
    struct entropy entropy;
    int len = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (len < 0 || (size_t)len >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return false;
    }
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return false;
    entropy_init(&entropy);
    struct random_source random = entropy_source(&entropy);
    random_fill(&random, key, sizeof key);
    entropy_finish(&entropy);
    bool ok = write(fd, key, sizeof key) == sizeof key && fsync(fd) == 0 &&
              rename(temporary, path) == 0 && data_dir_sync(path);
    int fault = errno;
    wipe(key, sizeof key);
    close(fd);
    if (!ok)
        unlink(temporary);
    errno = fault;
    return ok;
}

static enum linnet_error_code read_key(int fd, const char *path, uint8_t ret[OPS_TOKEN_KEY_BYTES],
                                       struct linnet_error *error)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return refuse(error, path, "cannot be read: ", strerror(errno));
    if (!S_ISREG(st.st_mode) || st.st_size != OPS_TOKEN_KEY_BYTES)
        return refuse(error, path, "is no key: a file of 32 bytes is wanted", "");
    if (st.st_uid != geteuid())
        return refuse(error, path, "belongs to another user", "");
    if (st.st_mode & 077)
        return refuse(error, path, "may be used by others: chmod 600 it", "");
    if (read(fd, ret, OPS_TOKEN_KEY_BYTES) != OPS_TOKEN_KEY_BYTES)
        return refuse(error, path, "cannot be read to its end", "");
    return LINNET_OK;
}

enum linnet_error_code ops_token_key_load(const char *path, uint8_t ret[OPS_TOKEN_KEY_BYTES],
                                          struct linnet_error *error)
{
    enum { FLAGS = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK };
    int fd = open(path, FLAGS);
    if (fd < 0 && errno == ENOENT) {
        if (!make(path))
            return refuse(error, path, "cannot be made: ", strerror(errno));
        fd = open(path, FLAGS);
    }
    if (fd < 0)
        return refuse(error, path, "cannot be opened: ", strerror(errno));
    enum linnet_error_code code = read_key(fd, path, ret, error);
    close(fd);
    return code;
}
