#include "net/entropy.h"

#include "base/wipe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

static void entropy_draw(void *out, size_t len)
{
    for (uint8_t *p = out; len;) {
        ssize_t got = getrandom(p, len, 0);
        if (got < 0 && errno != EINTR) {
            perror("getrandom");
            abort(); /* without randomness nothing that follows would be safe */
        }
        if (got > 0) {
            p += got;
            len -= (size_t)got;
        }
    }
}

static void entropy_fill(void *ctx, void *out, size_t len)
{
    struct entropy *e = ctx;
    if (len > sizeof(e->bytes)) {
        entropy_draw(out, len);
        return;
    }
    if (e->left < len || e->pid != getpid()) {
        entropy_draw(e->bytes, sizeof(e->bytes));
        e->left = sizeof(e->bytes);
        e->pid = getpid();
    }
    uint8_t *from = e->bytes + sizeof(e->bytes) - e->left;
    memcpy(out, from, len);
    wipe(from, len);
    e->left -= len;
}

void entropy_init(struct entropy *e)
{
    *e = (struct entropy){0};
}

void entropy_finish(struct entropy *e)
{
    wipe(e, sizeof(*e));
}

struct random_source entropy_source(struct entropy *e)
{
    return (struct random_source){entropy_fill, e};
}
