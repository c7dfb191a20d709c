/*
 * connections.h - every connection has a time by which it must have got on; one that has not is
 * shut down. A browser that says a byte now and then is as bounded as one that says none. Any
 * thread.
 */
#ifndef CONSOLE_CONNECTIONS_H
#define CONSOLE_CONNECTIONS_H

#include "base/base.h"

struct connections;

/* Those from anywhere, which have TLS, leave some to the machine's own, and one network's to
 * others.
 */
enum { CONNECTIONS_MAX = 64, CONNECTIONS_TLS_MAX = 48, CONNECTIONS_EACH_MAX = 8 };

/* Starts a thread that watches. NULL when there is no memory or no thread. */
struct connections *connections_new(void);
void connections_free(struct connections *c); /* NULL is fine */

/* Has `fd` watched, and forgotten before it is closed. `network` (struct address) is where one with
 * TLS comes from, NULL for one in the clear. 0 is no limit. Of connections beyond CONNECTIONS_MAX,
 * of those with TLS beyond CONNECTIONS_TLS_MAX, or CONNECTIONS_EACH_MAX of a network, enter says
 * false. */
bool connections_enter(struct connections *c, int fd, const char *network,
                       uint64_t until_ms) MUST_USE;
void connections_extend(struct connections *c, int fd, uint64_t until_ms);
void connections_leave(struct connections *c, int fd);

/* Shuts all down that there are. */
void connections_end(struct connections *c);

#endif
