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

/* From what was given. Reads it, or says in `error` why not. LINNET_PASSWORD is taken out of the
 * environment, and out of the memory that it had there. */
enum linnet_error_code password_get(const struct options *o, struct password *ret,
                                    struct linnet_error *error);

/* Whether there is a terminal to ask at. */
bool password_can_ask(void);

/* At the terminal, without echo. `before` is said in front of the prompt. */
enum linnet_error_code password_ask(const char *address, const char *before, struct password *ret,
                                    struct linnet_error *error);

void password_wipe(struct password *p);

#endif
