/*
 * sign_in.h - what a login takes from a person and from earlier logins: the password, and the
 * memory of the account. The part of a session that is about secrets. One thread.
 */
#ifndef CLI_SIGN_IN_H
#define CLI_SIGN_IN_H

#include "memory.h"
#include "password.h"

struct session;

struct sign_in {
    struct memory memory;
    struct password typed; /* at the prompt, and not given yet (secret); empty: none */
    unsigned prompts;      /* that were answered */
    bool given;            /* a password came from elsewhere than the prompt */
    bool token_refused;    /* the one that was remembered, by the server */
    bool begins_anew;      /* a person was asked in the midst of a login, which was given up */
    int unsaved;           /* errno: what is remembered could not be saved; 0 */
    bool no_password;      /* one was wanted and could not be had; the session's error says why */
};

void sign_in_init(struct sign_in *in);

/* Reads the memory, and the password where its source was given, into `config`. `bare` is the
 * prepared address. On failure the session's error is filled, here and below. */
enum linnet_error_code sign_in_prepare(struct session *s, struct linnet_config *config,
                                       const char *bare);

/* No client could be made, with the session's error: says more of it if it was the memory. */
void sign_in_blame_memory(struct session *s);

/* Asks a person, if there is neither another source nor a token that may do. */
enum linnet_error_code sign_in_ask(struct session *s, const struct linnet_config *config);

/* MEMORY, PASSWORD and CERTIFICATE_CHANGED: true, and it is done with. */
bool sign_in_serve(struct session *s, const struct linnet_event *e);

/* The login failed with the session's error: whether another is worth it, because it was given up for
 * a person to type, or a typed password was wrong and another was typed now. False after the third,
 * and after Ctrl-C, which is then the error. */
bool sign_in_again(struct session *s);

/* Whether a password was given, and a token signed in instead of it. */
bool sign_in_left_password(const struct session *s);

void sign_in_finish(struct sign_in *in);

#endif
