/*
 * server.h - the XMPP side of linnetd: the loops, what they share, start and stop. main.c runs it
 * in a program, tests run it in-process.
 *
 * What is in struct server is fixed from server_start on, or has a lock or atomics of its own; all
 * loops read it. The functions belong to the thread that runs `loop`, where connections are
 * accepted.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/log.h"
#include "net/chan_tls.h"
#include "net/loop.h"
#include "net/tls_once.h"
#include "server/c2s/addresses.h"
#include "server/c2s/blocks.h"
#include "server/c2s/throttle.h"
#include "server/c2s/weak_seen.h"
#include "server/logins.h"
#include "server/ops/ops.h"
#include "server/settings.h"

struct listeners;
struct worker;

enum { SERVER_CHANGE_SLOTS = 1024 };

/* The settings in force: a snapshot that is released when the last loop has the next one. */
struct live {
    _Atomic unsigned refs;
    struct settings settings;
};

/* Takes the settings. */
struct live *live_new(struct settings *settings);
struct live *live_ref(struct live *l);
void live_unref(struct live *l);

struct server {
    uv_loop_t *loop;
    struct live *live;           /* a reference; the loops have their own */
    char *domain;                /* that is served: all accounts are of it */
    const char *domains[2];      /* the same as a list, for streams */
    struct log_sink log;         /* its level is this thread's; a loop goes by its settings */
    struct random_source random; /* without state: every loop may draw */
    uint8_t home_key[16];        /* decides a bare JID's home loop */
    struct ops *ops;
    /* How often accounts lost what a sign-in rests on, by a hash of their names. */
    _Atomic uint32_t account_changes[SERVER_CHANGE_SLOTS];

    struct tls_certificate certificate; /* in force; of the thread of `loop` */
    bool certificate_fits;              /* it names the domain; the same */
    struct tls_tickets *tickets;
    struct tls_once *once;     /* which tickets brought early data; NULL: none may */
    struct loop_timer *rotate; /* of the keys of tickets */
    struct addresses addresses;
    struct blocks blocks; /* what comes into it is ended too */
    struct weak_seen weak_seen;
    struct throttle *throttle;
    struct logins logins;
    struct listeners *listeners;

    struct worker *workers;
    unsigned worker_count;
    _Atomic uint64_t last_conn_id;
    uint64_t started_ms;
};

struct server_config {
    uv_loop_t *loop;   /* borrowed; the caller runs it */
    struct live *live; /* a reference, taken also on failure */
    struct ops *ops;   /* borrowed; freed after the server */
    struct log_sink log;
};

/* Makes a certificate when none is configured, starts the loops and listens. When it returns,
 * connections are accepted. */
enum linnet_error_code server_start(const struct server_config *config, struct server **ret,
                                    struct linnet_error *error) MUST_USE;

/* New settings and certificates, for what begins from now on. The reference is taken. On failure
 * everything stays as it was. */
enum linnet_error_code server_reload(struct server *server, struct live *live,
                                     struct linnet_error *error) MUST_USE;

/* An account changed: sessions that may not go on are ended, and what server_account_changes gives
 * for it differs from before. */
void server_account_changed(struct server *server, const struct ops_event *event);

/* Differs when between two calls an account of this (prepared) name was removed, disabled, given a
 * password or logged out: a sign-in that read its credential before the first call must begin
 * anew. Now and then it differs because another account changed. Any thread. */
uint32_t server_account_changes(const struct server *server, struct str user);

/* Tells every client system-shutdown, waits some seconds at most for their goodbyes, and frees
 * all. NULL is fine. */
void server_stop(struct server *server);

#endif
