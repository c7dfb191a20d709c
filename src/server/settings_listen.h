/*
 * settings_listen.h - whether addresses that listen are in each other's way. Any thread.
 */
#ifndef SERVER_SETTINGS_LISTEN_H
#define SERVER_SETTINGS_LISTEN_H

#include "server/settings.h"

/* Clients' ports are opened first: who sets them from the console must not take its place with
 * them, for at the next start there would be none to take that back with. A file may say so.
 * True, and says what overlaps, when somebody does. */
bool settings_listen_overlaps(const struct settings *s, char reason[SETTINGS_REASON_BYTES]);

#endif
