/*
 * login_words.h - what failed sign-ins are told to the operator as. The catalogue's headings,
 * sentences and remedies speak to the person who wants to sign in; these to whoever runs the
 * server. The codes are the same. Pure.
 */
#ifndef SERVER_LOGIN_WORDS_H
#define SERVER_LOGIN_WORDS_H

#include <linnet/error.h>

struct login_record;

struct login_words {
    enum linnet_error_code code;
    /* Whether this row is about that record; NULL: about any of the code. */
    bool (*about)(const struct login_record *r);
    const char *heading;
    const char *sentence; /* as in error_render (base/error.h) */
    const char *remedy;
};

/* The row for a record that has its failure, never NULL. */
const struct login_words *login_words_for(const struct login_record *r);

#endif
