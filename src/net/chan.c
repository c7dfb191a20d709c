#include "net/chan.h"

#include <stdlib.h>

void chan_free(struct chan *c)
{
    while (c) {
        struct chan *below = c->below;
        c->ops->free(c);
        c = below;
    }
}
