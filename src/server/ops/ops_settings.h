/*
 * ops_settings.h - the only writer of settings while the server runs: set, reset, checked, read
 * again, and the history of it.
 *
 * A change is checked as a start would be: all layers are loaded with it, and what the loader says
 * is why it is refused. Then it is stored together with its row of the history, and when that is on
 * disk the settings are made anew and applied. One change is on its way at a time, the others wait
 * for it in the order in which they came: each is checked against what those before it left, so
 * none is lost, and what is in force is always what the last one that is on disk said.
 *
 * It lives on the loop of its port, as all that it calls. It reads the settings' file and the
 * certificate there, as SIGHUP does; the store is written by the pool of ops.
 */
#ifndef SERVER_OPS_OPS_SETTINGS_H
#define SERVER_OPS_OPS_SETTINGS_H

#include "server/ops/ops_request.h"
#include "server/settings_stored.h"

enum { OPS_SETTINGS_WAITING_MAX = 64, OPS_SETTING_HISTORY_MAX = 1000 };

/* What has become of a change; borrowed. */
struct ops_setting_outcome {
    const struct linnet_error *error; /* code LINNET_OK: it is on disk */
    const char *name;
    const char *value;      /* what holds now, or (not applied) from the next start on */
    bool applied;           /* takes effect now */
    bool changed;           /* else it was so before */
    struct ops_actor actor; /* who asked for it */
};

struct ops_setting_ask {
    struct str name;
    struct str value; /* STR_NONE: what is beneath */
    struct ops_actor actor;
    /* Called exactly once, at once or later. */
    void (*done)(void *ctx, const struct ops_setting_outcome *outcome);
    void *ctx;
};

struct ops_settings_host {
    /* The settings in force. */
    const struct settings *(*in_force)(void *ctx);
    /* What else a start needs of them: a certificate that can be read, say. NULL: nothing. */
    enum linnet_error_code (*check)(void *ctx, const struct settings *fresh,
                                    struct linnet_error *error);
    /* Makes them those in force, but for what waits for a restart (settings_keep_fixed). `fresh` is
     * taken in any case; on failure everything stays as it was. */
    enum linnet_error_code (*apply)(void *ctx, struct settings *fresh, struct linnet_error *error);
    /* A change is on disk, and applied if it can be. Before it is answered. */
    void (*changed)(void *ctx, const struct ops_setting_outcome *outcome);
    void *ctx;
};

struct ops_settings_config {
    struct ops_port *port;         /* borrowed; freed after this */
    struct settings_layers layers; /* beside what is stored; borrowed */
    struct settings_stored stored; /* what the store holds (ops_settings_read); taken */
    struct ops_settings_host host;
    const struct log_sink *log; /* of this thread; borrowed; NULL for none */
};

struct ops_settings;

/* Blocks, so at the start only: reads what the store holds. */
enum linnet_error_code ops_settings_read(struct store *store, struct settings_stored *ret,
                                         struct linnet_error *error) MUST_USE;

/* For settings_skip: warns of a value that is passed over. `log` is a struct log_sink. */
void ops_settings_skipped(void *log, const char *name, const char *reason);

struct ops_settings *ops_settings_new(const struct ops_settings_config *config) MUST_USE;
/* Once no loop runs, and before the port is freed. Answers what waits: it fails, though a change
 * that is being written may still be stored. NULL is fine. */
void ops_settings_free(struct ops_settings *s);

void ops_settings_set(struct ops_settings *s, const struct ops_setting_ask *ask);

/* Whether it could be set: appends the value as it would be kept, or fails with LINNET_ERROR_USAGE
 * and the reason. */
enum linnet_error_code ops_settings_check(struct ops_settings *s, const char *name,
                                          struct str value, struct buf *out,
                                          struct linnet_error *error) MUST_USE;

/* Reads the file and the certificate again, with what is stored, and applies them. */
enum linnet_error_code ops_settings_reload(struct ops_settings *s,
                                           struct linnet_error *error) MUST_USE;

/* ask: setting. The reply has setting_changes. Refuses only with OPS_TEMPORARY. */
enum ops_result ops_setting_history(struct ops_port *port, const struct ops_ask *ask,
                                    struct ops_request **ret) MUST_USE;

#endif
