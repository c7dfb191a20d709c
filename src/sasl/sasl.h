/*
 * sasl.h - one SASL exchange, either half (RFC 4422), without I/O, clock or randomness of its own.
 *
 * A mechanism is one file with both halves and one row of a table in sasl.c. It never fetches a
 * password and never runs PBKDF2: it says what it wants (SASL_WANT_SECRET, SASL_WANT_DERIVE) and
 * waits for the answer.
 *
 *     status = sasl_step(s, challenge or STR_NONE, &out)
 *     while status is a WANT: get it, then status = sasl_answer_...(s, ..., &out)
 *
 * A client whose mechanism proves the server (all but PLAIN) reaches SASL_DONE only through
 * the step that verified that proof. sasl_conclude is the only way to turn the peer's <success/>
 * into SASL_DONE, and it fails when the proof is missing. There is no setter for it: sasl_mech.h
 * tells how that is built.
 *
 * All memory of an exchange is wiped when it is freed. One thread at a time.
 */
#ifndef SASL_SASL_H
#define SASL_SASL_H

#include "base/buf.h"
#include "base/hash.h"

enum sasl_side { SASL_CLIENT, SASL_SERVER };

/* RFC 6120 §6.5, in its order. */
enum sasl_error {
    SASL_ERROR_NONE = 0,
    SASL_ERROR_ABORTED,
    SASL_ERROR_ACCOUNT_DISABLED,
    SASL_ERROR_CREDENTIALS_EXPIRED,
    SASL_ERROR_ENCRYPTION_REQUIRED,
    SASL_ERROR_INCORRECT_ENCODING,
    SASL_ERROR_INVALID_AUTHZID,
    SASL_ERROR_INVALID_MECHANISM,
    SASL_ERROR_MALFORMED_REQUEST,
    SASL_ERROR_MECHANISM_TOO_WEAK,
    SASL_ERROR_NOT_AUTHORIZED,
    SASL_ERROR_TEMPORARY_AUTH_FAILURE
};

/* "not-authorized" and back; an unknown condition is NOT_AUTHORIZED (RFC 6120 §6.5). */
const char *sasl_error_name(enum sasl_error error);
enum sasl_error sasl_error_from_name(const char *name);

enum sasl_status {
    SASL_MORE,        /* `out` (if has_output) goes to the peer; its answer to sasl_step */
    SASL_WANT_SECRET, /* sasl_want says for whom; sasl_answer_secret */
    SASL_WANT_DERIVE, /* sasl_want says what to compute; sasl_answer_derived */
    SASL_DONE,        /* server: credentials verified, `out` goes into <success/>.
                         client: the peer's success was verified */
    SASL_FAILED       /* sasl_failure says why */
};

/* How the client failed, beyond the RFC's conditions: decides the row of the catalogue. */
enum sasl_fault {
    SASL_FAULT_NONE = 0,
    SASL_FAULT_CREDENTIALS,  /* wrong or unusable user name or password */
    SASL_FAULT_SERVER_PROOF, /* the server's proof is missing or wrong */
    SASL_FAULT_PROTOCOL,     /* the peer broke the mechanism's grammar or rules */
    SASL_FAULT_POLICY,       /* iteration count outside the bounds, and the like */
    SASL_FAULT_PREPARE,      /* our own user name or password cannot be prepared (SASLprep) */
    SASL_FAULT_MEMORY,
    SASL_FAULT_DOWNGRADE /* someone between changed what the other end offered or bound to */
};

enum {
    SASL_BINDING_MAX_BYTES = 64,
    SASL_OTHER_BINDINGS_MAX = 2,
    SASL_TOKENS_MAX = 2,           /* of one client: the new one and the one before it */
    SASL_MESSAGE_MAX_BYTES = 8192, /* a longer message fails the exchange */
    SASL_SALT_BYTES = 16           /* of new credentials: fake salts must be as long as real ones */
};

/* A channel binding (RFC 5056): its registered type and its bytes. */
struct sasl_binding {
    const char *type; /* "tls-exporter", "tls-server-end-point", "tls-unique"; NULL for none */
    uint8_t data[SASL_BINDING_MAX_BYTES];
    size_t len;
};

/* The first field of a GS2 header (RFC 5801 §4). */
enum sasl_gs2 {
    SASL_GS2_CANNOT, /* n: we cannot bind */
    SASL_GS2_CAN,    /* y: we could, but the peer offered no -PLUS */
    SASL_GS2_BINDS   /* p: bound by `binding` */
};

/* Properties of a mechanism that the login policy decides by. */
enum {
    SASL_MECH_BINDS = 1,        /* needs a channel binding: any (-PLUS), or sasl_mech_binding */
    SASL_MECH_PLAINTEXT = 2,    /* the server sees the password: verified TLS only */
    SASL_MECH_LEGACY = 4,       /* weak: in the `legacy` profile only, off by default */
    SASL_MECH_CLIENT_FIRST = 8, /* sends an initial response */
    SASL_MECH_PROVES_SERVER = 16,
    SASL_MECH_TOKEN = 32 /* takes a token (XEP-0484) in the place of a password */
};

struct sasl_mech; /* a row of the table */

const char *sasl_mech_name(const struct sasl_mech *m);
unsigned sasl_mech_flags(const struct sasl_mech *m);
/* The scheme of the stored credential the server half wants: "SCRAM-SHA-256", "DIGEST-MD5", or ""
 * for a mechanism that works with any SCRAM row (PLAIN). Of a token mechanism, its own name: a
 * token is good for the mechanism that it was issued for and for no other. */
const char *sasl_mech_scheme(const struct sasl_mech *m);

/* The type of channel binding that the mechanism's name stands for: "tls-exporter", "tls-unique" or
 * "tls-server-end-point". NULL for one without binding, or (-PLUS) with whichever the client says.
 */
const char *sasl_mech_binding(const struct sasl_mech *m);

/* The row called `name` (exact, upper case), or NULL. Token mechanisms are not among these. */
const struct sasl_mech *sasl_mech_find(struct str name);

/* All rows, strongest first: the client's order of preference. NULL past the end. */
const struct sasl_mech *sasl_mech_at(size_t index);

/* The same for the mechanisms that take a token: HT-SHA-256-EXPR, -UNIQ, -ENDP, -NONE. They have a
 * table of their own so that nothing which offers or chooses by password can come across them. */
const struct sasl_mech *sasl_token_mech_find(struct str name);
const struct sasl_mech *sasl_token_mech_at(size_t index);

struct sasl_config {
    const struct sasl_mech *mech;
    enum sasl_side side;
    struct random_source random;

    /* both */
    struct sasl_binding binding; /* type NULL when the connection cannot bind */
    struct str service;          /* "xmpp" */
    struct str host;             /* the XMPP domain: digest-uri and default realm */
    struct str offered;          /* XEP-0474: what the server offers, made by sasl_offered: SCRAM
                                    then finds out when someone changed the list. STR_NONE: off */
    unsigned tls_version;        /* XEP-0515: of the connection, as TLS writes it: 0x0304 is 1.3.
                                    SCRAM then finds out when the two ends have not the same one. A
                                    server says it only where it has `offered`. 0: not known, off */

    /* client */
    struct str username; /* as typed; the mechanism prepares it */
    struct str authzid;  /* only when acting for another; usually STR_NONE. Token mechanisms cannot:
                            they fail (SASL_FAULT_POLICY) */
    enum sasl_gs2 gs2;
    unsigned iterations_min, iterations_max; /* 0: 4096 and 1,000,000 */

    /* server */
    struct str bare_domain; /* authzid may be the user's own bare JID in this domain */
    struct str client_id;   /* token mechanisms: the id of the client's user agent (XEP-0388), which
                               sasl_want then tells: tokens are given to one client each */
    /* `binding` is one that the client may choose; these are others. */
    struct sasl_binding other_bindings[SASL_OTHER_BINDINGS_MAX];
    bool offers_binding;      /* some -PLUS is on offer, so a `y` flag is a downgrade */
    uint8_t fake_key[32];     /* makes stable salts for unknown users */
    unsigned fake_iterations; /* what real users have */
};

/* What a WANT asks for; borrowed until the answer. PLAIN's DERIVE is for the SCRAM row that the
 * store gave; for a user it does not know, for a SCRAM-SHA-256 row: give that one if there is a
 * choice, so that both take the same time. */
struct sasl_want {
    /* SECRET. Server: the prepared user name and the scheme wanted ("" any SCRAM row).
     * Client: the salt and count, so that a cached key may be given instead of the password. */
    struct str username;
    struct str realm; /* DIGEST-MD5 */
    const char *scheme;
    struct str client_id; /* token mechanisms: that of the configuration */

    /* DERIVE, and SECRET on a SCRAM client */
    enum hash_alg alg;
    struct str password; /* DERIVE only: prepared */
    struct str salt;
    unsigned iterations;
};

/* A stored credential, as the server's store keeps it. */
struct sasl_credential {
    char scheme[24]; /* "SCRAM-SHA-256", "DIGEST-MD5" */
    unsigned iterations;
    uint8_t salt[64];
    size_t salt_len;
    uint8_t stored_key[HASH_MAX_BYTES]; /* SCRAM StoredKey, or H(user:realm:password) */
    uint8_t server_key[HASH_MAX_BYTES]; /* SCRAM */
    size_t key_len;
};

enum sasl_secret_kind {
    SASL_SECRET_NONE,       /* server: no such user (never told apart). client: cannot say */
    SASL_SECRET_PASSWORD,   /* client: the password as typed, UTF-8 */
    SASL_SECRET_SALTED,     /* client, SCRAM: SaltedPassword for the wanted salt and count */
    SASL_SECRET_CREDENTIAL, /* server */
    SASL_SECRET_TOKEN,      /* token mechanisms: a client gives one, a server those that are valid
                               for want's user, scheme and client. A server may give none, which is
                               as good as SASL_SECRET_NONE: a wrong token */
    SASL_SECRET_UNAVAILABLE /* server: the store is down: temporary-auth-failure */
};

struct sasl_secret {
    enum sasl_secret_kind kind;
    struct str password;
    uint8_t salted[HASH_MAX_BYTES];
    size_t salted_len;
    struct sasl_credential credential;
    struct str tokens[SASL_TOKENS_MAX]; /* UTF-8, never empty; a server's, newest first. Read while
                                           sasl_answer_secret runs, never kept */
    size_t token_count;
};

struct sasl;

/* Copies what it needs of `config`. NULL when out of memory. */
struct sasl *sasl_new(const struct sasl_config *config);
void sasl_free(struct sasl *s);

/* Takes the peer's message (decoded; STR_NONE when there is none, which differs from empty) and
 * appends ours to `out`. A client begins with STR_NONE; a server with the initial response or, if
 * the client sent none, STR_NONE. After SASL_MORE, sasl_has_output tells an empty message from
 * none at all. */
enum sasl_status sasl_step(struct sasl *s, struct str in, struct buf *out) MUST_USE;
enum sasl_status sasl_answer_secret(struct sasl *s, const struct sasl_secret *secret,
                                    struct buf *out) MUST_USE;
/* `key` is hash_size(want.alg) bytes, or NULL when it could not be computed. */
enum sasl_status sasl_answer_derived(struct sasl *s, const uint8_t *key, struct buf *out) MUST_USE;

/* Client: the peer said success, with this additional data (STR_NONE if none). SASL_DONE or
 * SASL_FAILED, never anything else. */
enum sasl_status sasl_conclude(struct sasl *s, struct str additional) MUST_USE;

bool sasl_has_output(const struct sasl *s);
const struct sasl_want *sasl_want(const struct sasl *s);
const struct sasl_mech *sasl_used(const struct sasl *s);

/* The type of the channel binding in use, NULL for none; lives as long as `s`. */
const char *sasl_bound_to(const struct sasl *s);

/* Server, after SASL_DONE or any WANT_SECRET: the prepared user name (no domain). Borrowed. */
struct str sasl_username(const struct sasl *s);

/* Server, token mechanisms, after SASL_DONE: which of the answer's tokens the client has, as an
 * index into sasl_secret.tokens. Otherwise -1. A `new` token that was used makes the older one void
 * (XEP-0484 §3.5). */
int sasl_token_used(const struct sasl *s);

/* After SASL_FAILED. The condition is what a server sends; the text, which is static, is for logs.
 * Either place may be NULL. */
enum sasl_error sasl_failure(const struct sasl *s, enum sasl_fault *ret_fault,
                             const char **ret_text);

/* Client, SCRAM, after DERIVE was answered: the key that may be cached for this salt and count.
 * Returns false when the mechanism has none. */
bool sasl_salted_key(const struct sasl *s, struct sasl_want *ret_for, struct str *ret_key);

/* The text that XEP-0474 hashes: mechanisms, then channel-binding types if there are any, each
 * list sorted (in place) and joined. Both ends put it into sasl_config.offered. */
void sasl_offered(struct str *mechanisms, size_t mechanism_count, struct str *types,
                  size_t type_count, struct buf *out);

/* --- for accounts: making what the server stores --- */

/* The prepared form of `password` (SASLprep, RFC 4013, as a stored string): what PBKDF2 takes.
 * False when it has none, or is empty, and so cannot be used. Check out->failed for memory. */
bool sasl_prepare_password(struct str password, struct buf *out) MUST_USE;

/* A SCRAM row from SaltedPassword. The salt has 1 to 64 bytes. */
bool sasl_scram_credential(enum hash_alg alg, const uint8_t *salted, struct str salt,
                           unsigned iterations, struct sasl_credential *ret) MUST_USE;

/* H(user:realm:password) of RFC 2831 §2.1.2.1, for the legacy profile. Prepares the user name and
 * the password; false when that cannot be done, or when out of memory. */
bool sasl_digest_credential(struct str username, struct str realm, struct str password,
                            struct sasl_credential *ret) MUST_USE;

/* "SCRAM-SHA-256$4096:salt$StoredKey:ServerKey" (RFC 5803 shape) and back; and
 * "DIGEST-MD5$hex". Reading is strict: a row has one spelling. */
void sasl_credential_write(const struct sasl_credential *c, struct buf *out);
bool sasl_credential_read(struct str row, struct sasl_credential *ret) MUST_USE;

/* --- XEP-0480: a client that knows the password helps the server to a row of a better hash --- */

/* The name of the task: "UPGR-SCRAM-SHA-256" or "UPGR-SCRAM-SHA-512"; NULL for a hash that nobody
 * should move to. And back, exactly. */
const char *sasl_upgrade_name(enum hash_alg alg);
bool sasl_upgrade_alg(struct str name, enum hash_alg *ret) MUST_USE;

/* The row to store, from the SaltedPassword that the client computed for the salt and count it was
 * told. False when it has not the size of the hash, the salt not 1 to 64 bytes, or there is no such
 * task. Nothing here shows that it was made of the user's password, and it is worth as much as the
 * password. So a server takes it, and a client gives it, only right after a login by password over
 * a bound channel (XEP-0480 §5); whoever holds it wipes it. */
bool sasl_upgrade_credential(enum hash_alg alg, struct str salted, struct str salt,
                             unsigned iterations, struct sasl_credential *ret) MUST_USE;

/* Client, once its exchange is SASL_DONE: what the server asks for in a task, held against the
 * bounds that SCRAM holds server-first against. SASL_WANT_SECRET, with what is wanted in *ret, or
 * SASL_FAILED, and sasl_failure says why. `iterations` is text as it came. */
enum sasl_status sasl_upgrade_want(struct sasl *s, enum hash_alg alg, struct str salt,
                                   struct str iterations, struct sasl_want *ret) MUST_USE;

/* The answer, a password: SASL_WANT_DERIVE, with the prepared one in `want`, or SASL_FAILED. What
 * `want` points to lives as long as the exchange. */
enum sasl_status sasl_upgrade_secret(struct sasl *s, const struct sasl_secret *secret,
                                     struct sasl_want *want) MUST_USE;

#endif
