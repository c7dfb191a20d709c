/*
 * login_record.h - how one connection came to its session, or why it did not: the stages it passed
 * and when, who it wanted to be, what failed, what was said.
 *
 * It belongs to its connection until that has a session or is over (conn_login.c), then to the ring
 * (server/logins.h), where it does not change any more and is shared by counting. Times are passed
 * in; strings that are not said to be owned are static. It never holds a secret.
 */
#ifndef SERVER_C2S_LOGIN_RECORD_H
#define SERVER_C2S_LOGIN_RECORD_H

#include "base/list.h"
#include "core/stream.h"
#include "server/c2s/addresses.h"
#include "server/c2s/login_trace.h"

enum login_stage { LOGIN_CONNECT, LOGIN_HEADER, LOGIN_SECURE, LOGIN_SIGN_IN, LOGIN_BIND };

/* "connect", "header", "secure", "sign in", "bind" */
const char *login_stage_name(enum login_stage stage);

struct login_step {
    enum login_stage stage;
    uint32_t at_ms;   /* since the connection was accepted: when the stage was through */
    uint32_t held_ms; /* sign in: how long it was made to wait (throttle.h) */
    bool refused;
    const char *mechanism; /* sign in; or NULL */
    const char *binding;   /* "tls-exporter"; or NULL */
    const char *condition; /* refused: the XMPP condition */
    const char *reason;    /* refused: why, for the operator; or NULL */
};

enum { LOGIN_STEPS_MAX = 16 };

struct login_words;

struct login_record {
    _Atomic unsigned refs;
    struct list link; /* in the ring */
    uint64_t id;      /* given by the ring; rises */

    uint64_t connection; /* as in the log */
    int64_t unix_ms;     /* when it was accepted */
    uint64_t began_ms;   /* the same on the clock of the loops */
    struct peer peer;
    bool direct_tls;
    const char *domain; /* that is served; outlives the record */

    char tls_version[16]; /* "" without TLS */
    char tls_cipher[64];
    bool tls_resumed;

    char *user;       /* prepared localpart; owned; NULL when it said none that could be one */
    char *jid;        /* bound; owned; or NULL */
    char *software;   /* of the client, when it says; owned; or NULL */
    const char *path; /* how it signed in: "classic", "sasl2", "fast", "early", "resumed" */
    bool no_account;  /* the last it asked for has no account, or none for that mechanism */

    struct login_step *steps; /* owned; at most LOGIN_STEPS_MAX */
    unsigned step_count;
    uint32_t held_ms; /* of the attempt that runs */

    bool done;
    uint32_t total_ms;
    struct linnet_error *failure;    /* once done: what failed, in the operator's words; or NULL */
    enum login_stage failed_stage;   /* that it did not get through */
    const struct login_words *words; /* the row it is from */
    struct login_trace trace;
};

/* A record with its first step and one reference. Never NULL. */
struct login_record *login_record_new(uint64_t now_ms, int64_t unix_ms);
struct login_record *login_record_ref(struct login_record *r);
void login_record_unref(struct login_record *r); /* NULL is fine */

void login_record_wire(struct login_record *r, uint64_t now_ms, bool sent, struct str xml);
void login_record_header(struct login_record *r, uint64_t now_ms);
void login_record_tls(struct login_record *r, uint64_t now_ms, const struct tls_facts *facts);

/* Whose credential an attempt needs, prepared, and whether there is one. */
void login_record_user(struct login_record *r, struct str user);
void login_record_no_account(struct login_record *r);

/* The attempt that runs was made to wait. */
void login_record_held(struct login_record *r, uint32_t held_ms);

/* An attempt failed, or (failure SASL_ERROR_NONE) proved who it is. */
void login_record_attempt(struct login_record *r, uint64_t now_ms,
                          const struct stream_auth_info *auth);
void login_record_bind_refused(struct login_record *r, uint64_t now_ms, const char *condition);

/* What the client says it is; `path` is static. */
void login_record_software(struct login_record *r, struct str software);
void login_record_path(struct login_record *r, const char *path);

/* The end: bound, or over. `error` says how the stream or the channel ended (LINNET_OK: in order);
 * an attempt that was refused last is what failed, whatever ended the connection later. */
void login_record_bound(struct login_record *r, uint64_t now_ms, const char *jid);
void login_record_over(struct login_record *r, uint64_t now_ms, const struct linnet_error *error);

/* Memory held. */
size_t login_record_bytes(const struct login_record *r);

#endif
