/*
 * settings_listen.h - whether addresses that listen are in each other's way. Any thread.
 */
#ifndef SERVER_SETTINGS_LISTEN_H
#define SERVER_SETTINGS_LISTEN_H

#include "server/settings.h"

/* Whether addresses of c2s.listen, c2s.listen_tls, console.listen and console.listen_tls overlap in
 * a way that is refused; `reason` then says which. Whoever sets one from the console could keep the
 * next start from having another, or clients' ports, which are opened first, could take the
 * console's place: there would be nothing to take that back with. So nothing set there may overlap
 * anything. What a machine's own settings say may do so where a start can bear it. */
bool settings_listen_overlaps(const struct settings *s, char reason[SETTINGS_REASON_BYTES]);

#endif
