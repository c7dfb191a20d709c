/* blocks_end.h - the connections that a network holds when it is blocked. */
#ifndef SERVER_C2S_BLOCKS_END_H
#define SERVER_C2S_BLOCKS_END_H

#include "server/c2s/network.h"
#include "server/server.h"

/* Ends them at once, and their sessions, each on its loop. One that is on its way from loop to loop
 * is looked at where it arrives (conn_move.c): the network must be in server->blocks already. On
 * the thread of server->loop. */
void blocks_end(struct server *server, const struct network *network);

#endif
