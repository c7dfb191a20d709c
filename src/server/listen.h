/*
 * listen.h - sockets that listen at an address of the settings, and what to do when one cannot.
 * Any thread.
 */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include "server/settings.h"

/* A descriptor, not blocking; or -1, and errno says why. */
int listen_open(const struct settings_address *a, int backlog);

/* "127.0.0.1:5222", "[::1]:5222": with the port that the socket has. */
enum { LISTEN_TEXT_BYTES = 64 };
const char *listen_text(const struct settings_address *a, uint16_t port,
                        char out[LISTEN_TEXT_BYTES]);

/* The port of a listening socket; 0 when it has none. */
uint16_t listen_port(int fd);

/* What to do about that errno. `settings` names where addresses can be chosen. */
void listen_advice(int error, const char *settings, char *out, size_t out_size);

#endif
