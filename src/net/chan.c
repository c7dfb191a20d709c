#include "net/chan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void chan_explain(struct chan *c, const char *fmt, ...)
{
    char text[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    free(c->fault);
    c->fault = strdup(text);
}

void chan_free(struct chan *c)
{
    while (c) {
        struct chan *below = c->below;
        free(c->fault);
        c->ops->free(c);
        c = below;
    }
}
