/*
 * settings.h - what an operator of linnetd may set. One table (settings_table.c) of name, type,
 * default, bounds, check and help yields the parser, the defaults, LINNETD_* in the environment,
 * --set, --print-config, --check-config and the manual's section.
 *
 * A struct settings is a snapshot that owns its strings: settings_load makes it whole or refuses
 * with file, line and reason; afterwards nobody writes to it, so every thread may read it. SIGHUP
 * makes a second snapshot. Nothing here touches a network or a store.
 */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include "base/buf.h"
#include "base/error.h"

enum { SETTINGS_ROWS_MAX = 64, SETTINGS_ITEMS_MAX = 64, SETTINGS_CONSOLE_ADDRESSES_MAX = 4 };

/* NUL-terminated strings. */
struct settings_texts {
    char **items;
    size_t count;
};

struct settings_address {
    char host[48]; /* an IP literal without brackets; "*" for every address, both families */
    uint16_t port; /* 0: any free port */
};

struct settings_listen {
    struct settings_address *items;
    size_t count;
};

enum settings_log_format { SETTINGS_LOG_TEXT, SETTINGS_LOG_JSON };

/* Where a value came from, for --print-config and for reasons. */
enum settings_source {
    SETTINGS_DEFAULT,
    SETTINGS_CONSOLE, /* set while the server ran, and stored */
    SETTINGS_FILE,
    SETTINGS_ENVIRONMENT,
    SETTINGS_ARGUMENT
};

struct settings_origin {
    enum settings_source source;
    unsigned line; /* of the file */
};

struct settings {
    char *domain; /* prepared (core/jid) */
    char *data;
    int64_t loops; /* 0: as many as cores */

    struct settings_listen c2s_listen, c2s_listen_tls;
    int64_t c2s_resume_s; /* 0: sessions cannot be resumed */

    char *tls_certificate, *tls_key; /* both "" or both set */
    bool tls_early_data;

    struct settings_texts login_mechanisms; /* names of the SASL table */
    bool login_legacy;
    int64_t login_iterations;
    int64_t login_token_days;   /* 0: no tokens */
    char *login_token_key_file; /* "": DATA/token.key; see settings_value_in_force */
    bool login_throttle;

    int64_t logins_keep, audit_keep;

    int64_t limits_max_stanza_bytes, limits_max_stanza_bytes_before_auth;
    int64_t limits_auth_timeout_s, limits_idle_timeout_s;
    int64_t limits_sessions_per_account, limits_connections_per_address;
    int64_t limits_handshakes_per_turn;
    int64_t limits_memory_per_loop_bytes, limits_send_queue_bytes;

    int log_level;  /* enum log_level */
    int log_format; /* enum settings_log_format */

    struct settings_listen console_listen; /* loopback addresses */
    struct settings_listen console_listen_tls;
    char *console_certificate, *console_key; /* both "" or both set */
    char *console_program;                   /* "": beside linnetd */

    char *setup_user, *setup_password_file; /* both "" or both set */

    char *control_socket; /* "": DATA/control.sock; see settings_value_in_force */

    char *file; /* the file read, or NULL */
    struct settings_origin origin[SETTINGS_ROWS_MAX];

    /* What the next start would make of it, where that differs (settings_keep_fixed). */
    struct settings_origin next_origin[SETTINGS_ROWS_MAX];
    char *pending[SETTINGS_ROWS_MAX]; /* as text; NULL: what is in force */
};

/* A setting that is stored: its name and value as text. */
struct settings_pair {
    const char *name, *value;
};

/* The layers, weakest first; each may be absent. */
struct settings_layers {
    const char *own_domain; /* that the server was set up for and the store keeps (setup.h) */
    const struct settings_pair *stored; /* each must be good; see settings_stored.h */
    size_t stored_count;
    const char *file;        /* libconfig syntax */
    char *const *environ;    /* "LINNETD_C2S_LISTEN=..."; other names are ignored */
    const char *const *sets; /* "c2s.listen=127.0.0.1:5222", in the order of the command line */
    size_t set_count;
    bool draft; /* the domain may be missing */
};

/* Fills *ret (and settings_finish frees it), or zeroes it and says why in `error`. */
enum linnet_error_code settings_load(struct settings *ret, const struct settings_layers *layers,
                                     struct linnet_error *error) MUST_USE;
void settings_finish(struct settings *s);

/* For SIGHUP: gives `fresh` the values that `running` has in every row that is not live-reloadable,
 * and names those that differed (to be logged: they wait for a restart, and are `pending`). False
 * when out of memory. */
bool settings_keep_fixed(struct settings *fresh, const struct settings *running,
                         void (*differs)(void *ctx, const char *name), void *ctx) MUST_USE;

/* Whether settings that are good each for itself are so together. `draft` as in struct
 * settings_layers. */
enum linnet_error_code settings_fit_together(const struct settings *s, bool draft,
                                             struct linnet_error *error) MUST_USE;

/* Whether what settings_keep_fixed would make of both fits together: settings that take effect at
 * once, and the running ones that wait for a restart. Else LINNET_ERROR_SETTINGS, and why. */
enum linnet_error_code settings_fit_now(const struct settings *fresh,
                                        const struct settings *running,
                                        struct linnet_error *error) MUST_USE;

/* "default", "console", "file", "environment" or "argument". */
const char *settings_source_name(enum settings_source source);

/* Why the row at `index` cannot be set while the server runs, in a word: appends "machine", or what
 * goes before a stored value ("/etc/linnet.conf:12", "LINNETD_LOG_LEVEL", "--set"). False when it
 * can be set. */
bool settings_fixed_by(const struct settings *s, size_t index, struct buf *out);

/* Appends all settings with help and origin, as a file that settings_load reads back equal. */
void settings_print_config(const struct settings *s, struct buf *out);

/* Appends the settings as a section of a manual page in scdoc. */
void settings_print_manual(struct buf *out);

/* --- the table --- */

enum settings_type {
    SETTINGS_PATH,   /* char * */
    SETTINGS_DOMAIN, /* char *, prepared */
    SETTINGS_WORDS,  /* struct settings_texts */
    SETTINGS_LISTEN, /* struct settings_listen */
    SETTINGS_BOOL,   /* bool */
    SETTINGS_INT,    /* int64_t */
    SETTINGS_CHOICE  /* int: index into `choices` */
};

enum settings_unit { SETTINGS_COUNT, SETTINGS_BYTES, SETTINGS_MS, SETTINGS_S };

struct settings_row {
    const char *name; /* "c2s.listen": one group at most */
    enum settings_type type;
    enum settings_unit unit;    /* INT */
    int64_t min, max;           /* INT */
    const char *const *choices; /* CHOICE; ended by NULL */
    const char *fallback;       /* the default as text; "" for none */
    size_t offset;              /* in struct settings */
    bool live;                  /* taken over by SIGHUP */
    bool machine;               /* names a program or file, or bounds the console: never stored */
    /* What is wrong with one item, or NULL. */
    const char *(*check)(struct str item);
    const char *(*choice)(
        size_t index); /* the items of WORDS that `check` takes; NULL at the end */
    const char *help;  /* a sentence or two */
};

/* The row at `index`, or NULL past the end. The index is that of settings.origin. */
const struct settings_row *settings_row_at(size_t index);

/* The row of that name, or NULL. *ret_index may be NULL. */
const struct settings_row *settings_row_find(const char *name, size_t *ret_index);

/* "words", "integer": the type, for programs. */
const char *settings_type_name(enum settings_type type);

enum { SETTINGS_REASON_BYTES = 200 };

/* Replaces the value at `at` by `text`, or leaves it and says why. */
bool settings_value_parse(const struct settings_row *row, struct str text, void *at,
                          char reason[SETTINGS_REASON_BYTES]) MUST_USE;

/* The value as text that settings_value_parse reads back equal; lists separated by ", ". */
void settings_value_print(const struct settings_row *row, const void *at, struct buf *out);

/* The value of `row` in `s` as it takes effect: for control.socket and login.token_key_file never
 * "". */
void settings_value_in_force(const struct settings *s, const struct settings_row *row,
                             struct buf *out);

/* Where the control socket is: what control.socket says, or DATA/control.sock; NUL-terminated. */
void settings_control_path(const struct settings *s, struct buf *out);

/* The same for the key of tokens: what login.token_key_file says, or DATA/token.key. */
void settings_token_key_path(const struct settings *s, struct buf *out);

/* Frees what the value holds and zeroes it. */
void settings_value_finish(const struct settings_row *row, void *at);

/* "a whole number of bytes": what the type wants, for reasons and the manual. */
const char *settings_value_kind(const struct settings_row *row);

static inline bool settings_is_list(const struct settings_row *row)
{
    return row->type == SETTINGS_WORDS || row->type == SETTINGS_LISTEN;
}

#endif
