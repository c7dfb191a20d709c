/*
 * config.h - what the setters of linnet/config.h gathered. Owns all it points to; the password is
 * wiped. Plain data for one thread. Setters keep the first fault; config_dup copies the rest.
 */
#ifndef CLIENT_CONFIG_H
#define CLIENT_CONFIG_H

#include "base/error.h"
#include "core/jid.h"
#include "net/chan_tls.h"
#include "sasl/sasl.h"

#include <linnet/config.h>

/* Settings that are a string each; NULL when not set. */
enum config_text {
    CONFIG_RESOURCE = 0, /* prepared */
    CONFIG_LANG,
    CONFIG_HOST, /* A-label form or IP literal without brackets */
    CONFIG_CA_FILE,
    CONFIG_MECHANISM,
    CONFIG_SOFTWARE,
    CONFIG_VERSION,
    CONFIG_CLIENT_TYPE,
    CONFIG_DEVICE,
    CONFIG_TEXTS
};

enum { CONFIG_FEATURES_MAX = 32 };

struct config_trace {
    void (*sink)(void *ctx, enum linnet_direction direction, const char *xml, size_t len);
    void *ctx;
    bool secrets;
};

struct linnet_config {
    struct linnet_error fault; /* the first that a setter met; code LINNET_OK when none */
    struct jid address;        /* full NULL: not set */
    char *password;            /* NULL: none */
    size_t password_len;
    char *texts[CONFIG_TEXTS];
    char *features[CONFIG_FEATURES_MAX];
    size_t feature_count;
    uint8_t pins[TLS_PINS_MAX][32];
    size_t pin_count;
    enum linnet_tls_policy tls;
    uint16_t port;
    bool direct_tls, ask_certificate, legacy, reconnect, no_stream_management;
    uint32_t reconnect_cap_ms; /* 0: the default */
    uint32_t login_ms, stage_ms, keepalive_ms, ping_interval_ms, ping_timeout_ms;
    struct config_trace trace;

    /* What was remembered (config_memory.c); `text` NULL: the application keeps nothing. */
    struct config_memory {
        char *text;
        size_t len;
        bool no_sasl2, accept_change, early_data, alongside;
        bool fast_set, fast; /* not set: as there is a memory */
    } memory;
};

/* Wipes the password: the server refused it. */
void config_forget_password(struct linnet_config *config);

/* --- config_memory.c: for config.c --- */

void config_memory_free(struct config_memory *m);
/* Makes `to` the owner of a copy of what `from` holds; false when out of memory. */
bool config_memory_copy(struct config_memory *to, const struct config_memory *from) MUST_USE;
/* Whether tokens are to be used and asked for. */
bool config_wants_token(const struct linnet_config *c);

enum { CONFIG_JID_REASON_BYTES = 96 };

/* What is wrong with an address, as it follows a colon. Returns `out`. */
const char *config_jid_reason(enum jid_fault fault, char out[CONFIG_JID_REASON_BYTES]);

/* A copy that is complete and without fault: else NULL, and `error` says why: the fault of a
 * setter, a missing address (or, with `needs_account`, user name), or memory. `from` may be NULL.
 */
struct linnet_config *config_dup(const struct linnet_config *from, bool needs_account,
                                 struct linnet_error *error) MUST_USE;

#endif
