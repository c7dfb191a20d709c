/*
 * password.h - where the password comes from: --password-fd, --password-file, --password-command,
 * LINNET_PASSWORD, or a prompt on the terminal; never the command line. The first line of what is
 * read, without its end. An option overrides the environment.
 */
#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H

#include "options.h"

struct password {
    char bytes[1024];
    size_t len;
};

/* Reads it, or says in `error` why not. LINNET_PASSWORD is taken out of the environment, and out of
 * the memory that it had there. */
enum linnet_error_code password_get(const struct options *o, struct password *ret,
                                    struct linnet_error *error);

void password_wipe(struct password *p);

#endif
