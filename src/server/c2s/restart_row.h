/*
 * restart_row.h - whether a session that the store has kept (restart.h) can be one: a database may
 * be damaged, or somebody else's work, and what it says is taken at its word by all that comes
 * after. Pure; any thread. Running out of memory ends the server.
 */
#ifndef SERVER_C2S_RESTART_ROW_H
#define SERVER_C2S_RESTART_ROW_H

#include "core/jid.h"
#include "server/store/store.h"

/* Why it cannot, as the end of a sentence; NULL when it can, and then *ret_jid is its address, to
 * be finished by the caller. */
const char *restart_row_fault(const struct store_session *row, const char *domain,
                              struct jid *ret_jid) MUST_USE;

#endif
