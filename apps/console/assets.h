/* assets.h - the front end's files, in the binary. Written by embed.py from a folder. */
#ifndef CONSOLE_ASSETS_H
#define CONSOLE_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

struct asset {
    const char *path; /* "/index.html" */
    const char *type;
    bool immutable; /* its name changes with its content */
    const unsigned char *data;
    size_t size;
};

extern const struct asset assets[];
extern const size_t asset_count;

/* By its exact path; NULL when there is none. */
const struct asset *assets_find(const char *path);

#endif
