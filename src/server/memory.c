#include "server/memory.h"

#include <stdlib.h>
#include <unistd.h>

_Noreturn void memory_exhausted(void)
{
    static const char text[] = "linnetd: out of memory; stopping\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored;
    abort();
}

void *memory_alloc(size_t len)
{
    void *p = calloc(1, len ? len : 1);
    if (!p)
        memory_exhausted();
    return p;
}
