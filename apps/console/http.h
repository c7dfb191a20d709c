/*
 * http.h - a request from its first byte to its answer, over libmicrohttpd. One connection carries
 * one request and is closed; each has a thread of its own, so a handler may block. A request is
 * refused as early as its head allows, its body is then read and dropped.
 */
#ifndef CONSOLE_HTTP_H
#define CONSOLE_HTTP_H

#include "address.h"
#include "console.h"
#include "guard.h"
#include "session.h"

#include "base/error.h"

#include <jansson.h>
#include <microhttpd.h>

enum { HTTP_BODY_MAX_BYTES = 64 * 1024, HTTP_HEAD_MAX_BYTES = 16 * 1024, HTTP_DEPTH_MAX = 16 };

struct route;

/* One listening socket, and what it goes by. */
struct listener {
    struct console *console;
    struct guard_names names;
    const char *certificate, *key; /* PEM, for TLS; NULL: HTTP in the clear. The key is used by
                                      http_start alone */
};

struct request {
    struct console *console;
    const struct listener *listener;
    struct MHD_Connection *connection;
    const char *method, *path;
    const struct route *route;
    struct address address;          /* of the browser */
    const char *cookie;              /* its session's, or NULL; borrowed */
    struct session who;              /* when its route is for those who are signed in */
    char token[SESSION_TOKEN_BYTES]; /* a new value of the cookie */
    struct buf body;                 /* wiped */
    bool too_large;
    bool unclear;           /* where it ends: nothing more of it is read */
    const char *new_cookie; /* to be set; "" takes it away */

    /* The answer, once there is one. */
    struct MHD_Response *response;
    unsigned status;
};

/* Serves connections of the listening socket `fd`, which stays the caller's; borrows the listener.
 * NULL when that cannot be: the key may not be that of the certificate. */
struct MHD_Daemon *http_start(struct listener *listener, int fd) MUST_USE;

/* The descriptor of its connection, which is not the caller's. */
int http_socket(const struct request *r);

/* A request that goes on as long as it likes: its connection is closed when it says nothing. */
void http_no_deadline(struct request *r);

/* --- answers: the first one counts --- */

/* Takes `body`; NULL for none. */
void http_answer(struct request *r, unsigned status, json_t *body);
/* Takes `response`, NULL when out of memory. */
void http_answer_with(struct request *r, unsigned status, struct MHD_Response *response);
/* {"error":{code, sentence, remedy}} */
void http_refuse(struct request *r, unsigned status, const char *code, const char *sentence,
                 const char *remedy);
/* The same for a failure of linnetd, with the status that is its. */
void http_fail(struct request *r, const struct linnet_error *error);
void http_header(struct request *r, const char *name, const char *value);

/* --- questions --- */

/* Whether its heads leave no doubt where it ends (guard_frame_take). */
bool http_ends_clearly(struct request *r);

/* A header that must not be there twice: NULL when it is not there, "" when it is there twice. */
const char *http_head(struct request *r, const char *name);

/* A parameter of the query, decoded; its memory is the caller's to free. False when it is not
 * what it should be, and the request was refused. *ret is NULL when it is not there. */
bool http_text(struct request *r, const char *name, size_t max_bytes, char **ret) MUST_USE;
bool http_number(struct request *r, const char *name, json_int_t min, json_int_t max,
                 json_int_t fallback, json_int_t *ret) MUST_USE;
bool http_flag(struct request *r, const char *name, bool *ret) MUST_USE;

/* The body: an object of exactly these members, strings. The caller's (json_decref); NULL after the
 * request was refused. */
json_t *http_body(struct request *r, const char *const *members, size_t count) MUST_USE;

#endif
