#include "memory.h"

#include "failure.h"
#include "private_file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Endings of what stands beside a memory. No name of an account or a host has a +. */
#define LOCK_ENDING "+lock"
#define USED_ENDING "+used"
#define NEW_ENDING "+new"

enum {
    TEXT_BYTES = 65536,
    NAME_BYTES = 200, /* so that an ending fits what file systems allow */
    LOCK_TRIES = 100,
    LOCK_PAUSE_NS = 50 * 1000 * 1000
};

/* ---- names ---- */

/* Appends `text` with all that could mean something in a name as %XX: what parts the names below
 * (+) too, so that none can be taken for another's. */
static void add_escaped(char *name, size_t size, const char *text)
{
    size_t len = strlen(name);
    for (; *text && len + 4 < size; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '@' || c == '-' ||
                     c == '_' || (c == '.' && len > 0);
        len += (size_t)snprintf(name + len, size - len, plain ? "%c" : "%%%02X", c);
    }
}

/* A name that is too long is cut, and told apart from others by a hash (FNV-1a, 64 bits). The
 * address inside of the file is what counts in the end. */
static void shorten(char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    if (strlen(name) <= NAME_BYTES)
        return;
    for (const char *p = name; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 0x100000001b3u;
    snprintf(name + NAME_BYTES - 17, 18, "~%016llx", (unsigned long long)hash);
}

/* What the files of an account begin with. */
static void account_name(const char *bare, char *name, size_t size)
{
    name[0] = '\0';
    add_escaped(name, size, bare);
    shorten(name);
}

/* Another host or port is another server, with keys and tokens of its own. */
static void file_name(const struct options *o, const char *bare, char *name, size_t size)
{
    char host[1024] = "", lower[256] = "", port[16] = "";
    account_name(bare, name, size);
    if (!o->host && !o->port)
        return;
    for (size_t i = 0; o->host && o->host[i] && i + 1 < sizeof lower; i++)
        lower[i] = (char)tolower((unsigned char)o->host[i]);
    add_escaped(host, sizeof host, lower);
    shorten(host);
    if (o->port)
        snprintf(port, sizeof port, "%u", o->port);
    size_t len = strlen(name);
    snprintf(name + len, size - len, "+%s+%s", host, port);
    shorten(name);
}

/* ${XDG_STATE_HOME:-~/.local/state}/linnet; a relative path is ignored, as its specification says.
 */
static bool folder_path(char *path, size_t size)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int len = -1;
    if (state && state[0] == '/')
        len = snprintf(path, size, "%s/linnet", state);
    else if (home && home[0] == '/')
        len = snprintf(path, size, "%s/.local/state/linnet", home);
    return len > 0 && (size_t)len < size;
}

/* The folder and those above it; ours is closed to others. */
static bool make_folder(char *path)
{
    struct stat st;
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int made = mkdir(path, 0700);
        *slash = '/';
        if (made < 0 && errno != EEXIST)
            return false;
    }
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return false;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && access(path, X_OK) == 0 &&
           (!(st.st_mode & 077) || chmod(path, 0700) == 0);
}

/* The default place; false with errno when there is none. */
static bool default_path(struct memory *m, const struct options *o, const char *bare)
{
    char name[4 * 3072 + 1024];
    errno = ENOENT;
    if (!folder_path(m->path, sizeof m->path) || !make_folder(m->path))
        return false;
    file_name(o, bare, name, sizeof name);
    size_t len = strlen(m->path);
    int added = snprintf(m->path + len, sizeof m->path - len, "/%s", name);
    errno = ENAMETOOLONG;
    return added > 0 && (size_t)added < sizeof m->path - len;
}

/* `path` with an ending; false when that is too long. */
static bool beside(const struct memory *m, const char *ending, char path[PATH_MAX])
{
    int len = snprintf(path, PATH_MAX, "%s%s", m->path, ending);
    return len > 0 && len < PATH_MAX;
}

/* ---- the lock ---- */

/* Whether that which was locked is still what others would open: memory_forget removes locks. */
static bool is_there(int fd, const char *path)
{
    struct stat locked, there;
    return fstat(fd, &locked) == 0 && lstat(path, &there) == 0 && locked.st_ino == there.st_ino &&
           locked.st_dev == there.st_dev;
}

/* One try; -1 with errno, EWOULDBLOCK when somebody else has it. */
static int lock_file(const char *path)
{
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
        bool locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
        if (locked && is_there(fd, path))
            return fd;
        int why = errno;
        if (fd >= 0)
            close(fd);
        errno = why;
        if (!locked && (fd < 0 || why != EINTR))
            return -1;
    }
}

/* A file of its own: the memory itself is replaced. */
static bool take_lock(struct memory *m, int tries)
{
    char path[PATH_MAX];
    if (m->lock >= 0)
        return true;
    errno = ENAMETOOLONG;
    if (!beside(m, LOCK_ENDING, path))
        return false;
    while ((m->lock = lock_file(path)) < 0 && errno == EWOULDBLOCK && --tries > 0) {
        struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
        nanosleep(&pause, NULL);
        errno = EWOULDBLOCK;
    }
    return m->lock >= 0;
}

static void let_go(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void memory_unlock(struct memory *m)
{
    let_go(&m->lock);
}

/* ---- reading ---- */

static void wipe_text(struct memory *m)
{
    if (m->text)
        explicit_bzero(m->text, TEXT_BYTES + 1);
    free(m->text);
    m->text = NULL;
    m->len = 0;
}

static enum linnet_error_code unusable(const struct memory *m, const char *why,
                                       struct linnet_error *error)
{
    return failure_set(error, LINNET_ERROR_USAGE, "the memory %s cannot be used: %s", m->path, why);
}

static enum linnet_error_code read_file(struct memory *m, struct linnet_error *error)
{
    m->text = malloc(TEXT_BYTES + 1); /* one more is too much, which the library says */
    if (!m->text)
        return failure_set(error, LINNET_ERROR_NO_MEMORY, "out of memory");
    const char *fault = private_file_read(m->path, m->text, TEXT_BYTES + 1, &m->len);
    return fault ? unusable(m, fault, error) : LINNET_OK;
}

static bool find_path(struct memory *m, const struct options *o, const char *bare)
{
    if (o->memory)
        return snprintf(m->path, sizeof m->path, "%s", o->memory) < (int)sizeof m->path;
    if (default_path(m, o, bare))
        return true;
    if (o->verbose)
        fprintf(stderr, "linnet: nothing is remembered: %s\n", strerror(errno));
    return false;
}

static bool is_off(const struct options *o)
{
    return o->memory && strcmp(o->memory, "off") == 0;
}

enum linnet_error_code memory_open(struct memory *m, const struct options *o, const char *bare,
                                   struct linnet_error *error)
{
    char used[PATH_MAX];
    *m = (struct memory){.lock = -1, .used = -1};
    if (is_off(o))
        return LINNET_OK;
    m->on = find_path(m, o, bare);
    if (!m->on)
        return o->memory ? unusable(m, "its name is too long", error) : LINNET_OK;
    m->saves = take_lock(m, LOCK_TRIES) && beside(m, USED_ENDING, used) &&
               (m->used = lock_file(used)) >= 0;
    m->why = m->saves ? 0 : errno;
    m->shared = m->why == EWOULDBLOCK;
    if (!m->saves)
        memory_unlock(m);
    if (!m->saves && !m->shared && o->memory)
        return unusable(m, strerror(m->why), error);
    return read_file(m, error);
}

void memory_give(struct memory *m, struct linnet_config *config)
{
    if (!m->on)
        return;
    linnet_config_set_memory(config, m->text, m->len);
    /* A count that is not saved must not be used. */
    linnet_config_set_alongside(config, !m->saves);
    wipe_text(m);
}

/* ---- writing ---- */

/* Whether what this command uses is still there: `linnet forget` removes it. */
static bool is_forgotten(const struct memory *m)
{
    char used[PATH_MAX];
    return !beside(m, USED_ENDING, used) || !is_there(m->used, used);
}

int memory_save(struct memory *m, struct linnet_client *client)
{
    char aside[PATH_MAX];
    size_t len;
    const char *text = linnet_client_memory(client, &len);
    bool held = m->lock >= 0;
    int why = 0;
    if (!m->saves)
        return 0;
    if (!text || !take_lock(m, LOCK_TRIES))
        return text ? errno : ENOMEM;
    if (!is_forgotten(m))
        why = beside(m, NEW_ENDING, aside) ? private_file_replace(m->path, aside, text, len)
                                           : ENAMETOOLONG;
    if (!held)
        memory_unlock(m);
    return why;
}

void memory_close(struct memory *m)
{
    memory_unlock(m);
    let_go(&m->used);
    wipe_text(m);
}

/* ---- forgetting ---- */

static bool forget_file(const char *path, void (*removed)(const char *path),
                        struct linnet_error *error)
{
    if (unlink(path) == 0)
        removed(path);
    else if (errno != ENOENT)
        return !failure_set(error, LINNET_ERROR_USAGE, "the memory %s cannot be removed: %s", path,
                            strerror(errno));
    return true;
}

static void forget_aside(const struct memory *m, const char *ending)
{
    char path[PATH_MAX];
    if (beside(m, ending, path))
        unlink(path);
}

/* A memory and what stands beside it. Its lock goes last, and only with those who hold it not. */
static bool forget(struct memory *m, void (*removed)(const char *path), struct linnet_error *error)
{
    m->lock = -1;
    if (!take_lock(m, LOCK_TRIES))
        return !failure_set(error, LINNET_ERROR_USAGE, "the memory %s cannot be locked: %s",
                            m->path, strerror(errno));
    bool good = forget_file(m->path, removed, error);
    forget_aside(m, NEW_ENDING);
    forget_aside(m, USED_ENDING);
    forget_aside(m, LOCK_ENDING);
    memory_unlock(m);
    return good;
}

/* Of a file that somebody named, whether it is a memory, and of no other account. One that is
 * damaged behind its first line may go. */
static bool is_memory_of(const char *path, const char *bare)
{
    static const char first[] = "linnet-memory ", second[] = "address ";
    char line[4096];
    FILE *file = fopen(path, "re");
    bool good = file && fgets(line, sizeof line, file) && strncmp(line, first, strlen(first)) == 0;
    if (good && fgets(line, sizeof line, file) && strncmp(line, second, strlen(second)) == 0) {
        line[strcspn(line, "\n")] = '\0';
        good = strcmp(line + strlen(second), bare) == 0;
    }
    if (file)
        fclose(file);
    return good;
}

static bool forget_named(const char *path, const char *bare, void (*removed)(const char *path),
                         struct linnet_error *error)
{
    struct memory m;
    if (access(path, F_OK) < 0 && errno == ENOENT)
        return true;
    if (snprintf(m.path, sizeof m.path, "%s", path) >= (int)sizeof m.path ||
        !is_memory_of(path, bare))
        return !failure_set(error, LINNET_ERROR_USAGE, "%s is no memory of %s; nothing was removed",
                            path, bare);
    return forget(&m, removed, error);
}

/* Whether `file` is of the account: its own, or of some host and port. Without its ending in that
 * case. */
static bool is_of(char *file, const char *name)
{
    static const char *const endings[] = {LOCK_ENDING, USED_ENDING, NEW_ENDING};
    size_t len = strlen(name), file_len = strlen(file);
    if (strncmp(file, name, len) != 0 || (file[len] != '\0' && file[len] != '+'))
        return false;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t ending_len = strlen(endings[i]);
        if (file_len >= len + ending_len && strcmp(file + file_len - ending_len, endings[i]) == 0)
            file[file_len - ending_len] = '\0';
    }
    return true;
}

static bool forget_folder(DIR *dir, const char *folder, const char *name,
                          void (*removed)(const char *path), struct linnet_error *error)
{
    struct dirent *entry;
    struct memory m;
    bool good = true;
    while (good && (entry = readdir(dir))) {
        bool left = faccessat(dirfd(dir), entry->d_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        if (left && is_of(entry->d_name, name) &&
            snprintf(m.path, sizeof m.path, "%s/%s", folder, entry->d_name) < (int)sizeof m.path)
            good = forget(&m, removed, error);
    }
    return good;
}

bool memory_forget(const struct options *o, const char *bare, void (*removed)(const char *path),
                   struct linnet_error *error)
{
    char folder[PATH_MAX], name[4 * 3072];
    if (is_off(o))
        return true;
    if (o->memory)
        return forget_named(o->memory, bare, removed, error);
    DIR *dir = folder_path(folder, sizeof folder) ? opendir(folder) : NULL;
    if (!dir)
        return true;
    account_name(bare, name, sizeof name);
    bool good = forget_folder(dir, folder, name, removed, error);
    closedir(dir);
    return good;
}
