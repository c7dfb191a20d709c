/*
 * store_tokens.h - the rules of XEP-0484 about the two slots of a client, for all back ends. Pure;
 * any thread.
 */
#ifndef SERVER_STORE_STORE_TOKENS_H
#define SERVER_STORE_STORE_TOKENS_H

#include "server/store/store.h"

/* Puts the tokens of one client, as read, where their slots are; the others have the id "". */
void store_tokens_lay_out(const struct store_token *tokens, size_t count,
                          struct store_token slots[STORE_SLOTS]);

/* Makes of the slots what `change` wants, and fills in what is out in it. `account` is that of the
 * client. STORE_REFUSED: nothing may be written. */
enum store_result store_tokens_change(const struct store_tokens *account,
                                      struct store_token_change *change, int64_t now_s,
                                      struct store_token slots[STORE_SLOTS]) MUST_USE;

#endif
