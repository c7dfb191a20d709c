/*
 * password.h - a new password from where the person said: a private file, a descriptor, a prompt
 * without echo, or made here; and its way to the server. Never from the command line. Blocks; one
 * thread.
 */
#ifndef CTL_PASSWORD_H
#define CTL_PASSWORD_H

#include "ctl.h"

/* Appends it to `out`, a secret buf. */
enum linnet_error_code password_get(const struct ctl_options *options, struct buf *out,
                                    struct linnet_error *error) MUST_USE;

/* As ask_and_tell, of the account; `args`, taken, hold that password. One that was made here is
 * printed, now that it holds. */
enum linnet_error_code password_send(struct ctl *ctl, const char *op, json_t *args,
                                     struct str password, const char *done) MUST_USE;

#endif
