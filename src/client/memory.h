/*
 * memory.h - what a client remembers of one account between logins, and its text form, which the
 * application keeps. It holds secrets (a token, a TLS session) and is wiped. Pure; any thread.
 *
 * The text is lines of ASCII, each a name and its values:
 *
 *     linnet-memory 1
 *     address juliet@example.org
 *     agent 3f2504e0-4f89-41d3-9a0c-0305e82c3301     of this installation (XEP-0388)
 *     scram yes                                       it has signed in with SCRAM
 *     binding yes                                     ... bound to its connection
 *     certificate SHA256 SPKI-SHA256                  hexadecimal, of the last server
 *     token MECHANISM EXPIRES COUNT BASE64            FAST (XEP-0484); Unix time, 0: not known
 *     features BASE64                                 <stream:features/> (XEP-0509)
 *     tls-session BASE64
 *     end
 *
 * The reader is strict: it takes all of a text or nothing, so that no half of a memory can stand
 * for a weaker one. A line that is not there says that there is no such thing.
 */
#ifndef CLIENT_MEMORY_H
#define CLIENT_MEMORY_H

#include "base/buf.h"
#include "base/tls_facts.h"

#include <linnet/error.h>

enum {
    MEMORY_TEXT_BYTES = 65536,
    /* Multiples of three, which base64 shows to be kept before it is decoded. */
    MEMORY_FEATURES_BYTES = 16383,
    MEMORY_SESSION_BYTES = 16383,
    MEMORY_TOKEN_BYTES = 4095,
    MEMORY_AGENT_BYTES = 37, /* a UUID and its NUL */
    MEMORY_REASON_BYTES = 96
};

struct account_memory {
    char agent_id[MEMORY_AGENT_BYTES]; /* "": none yet */
    bool had_scram, had_binding;
    bool has_certificate;
    uint8_t certificate_sha256[32], spki_sha256[32];

    char token_mechanism[24];
    struct buf token;       /* empty: none */
    int64_t token_expiry_s; /* 0: not known */
    uint64_t token_count;   /* of its last use */

    struct buf features;    /* empty: none */
    struct buf tls_session; /* empty: none */
};

void memory_init(struct account_memory *m);

/* Wipes and frees; `m` is then as memory_init leaves it. */
void memory_finish(struct account_memory *m);

/* Reads `text` into an empty memory; an empty text is one of nothing. `address` is the bare address
 * that it must be of. LINNET_ERROR_USAGE: `m` stays empty, and `reason` is a clause that says what
 * is wrong with the text. LINNET_ERROR_NO_MEMORY. */
enum linnet_error_code memory_read(struct account_memory *m, struct str text, struct str address,
                                   char reason[MEMORY_REASON_BYTES]) MUST_USE;

/* Appends the text; check out->failed, which is also set past MEMORY_TEXT_BYTES if that is its
 * limit. */
void memory_write(const struct account_memory *m, struct str address, struct buf *out);

/* A random UUID, version 4 (RFC 9562 §5.4), unless there is one. */
void memory_make_agent(struct account_memory *m, const struct random_source *random);

/* ---- the parts; what does not fit is forgotten, and false returned only when out of memory ----
 */

/* A new token: it has not been used. */
bool memory_set_token(struct account_memory *m, struct str mechanism, struct str token,
                      int64_t expiry_s) MUST_USE;
bool memory_set_features(struct account_memory *m, struct str xml) MUST_USE;
bool memory_set_session(struct account_memory *m, struct str session) MUST_USE;
void memory_set_certificate(struct account_memory *m, const struct tls_certificate *certificate);

/* Whether there is a token that has not expired. */
bool memory_has_token(const struct account_memory *m, int64_t now_s);

void memory_forget_token(struct account_memory *m);
void memory_forget_features(struct account_memory *m);
void memory_forget_session(struct account_memory *m);

/* Forgets what only one client at a time may use: the agent, the token and the TLS session. */
void memory_leave_to_other(struct account_memory *m);

/* Forgets all that a server could contradict: everything but the agent. */
void memory_forget_server(struct account_memory *m);

#endif
