/*
 * program.h - linnetd as a process: what its files share. main.c reads the command line and the
 * settings and minds signals; program.c starts and stops; host.c answers the control socket;
 * first_run.c makes the first administrator. All on the main thread.
 */
#ifndef SERVER_PROGRAM_H
#define SERVER_PROGRAM_H

#include "server/console.h"
#include "server/control/control.h"
#include "server/data_dir.h"
#include "server/log_output.h"
#include "server/options.h"
#include "server/report.h"
#include "server/server.h"
#include "server/setup.h"

/* All that has to be undone, in the order in which it was done. */
struct program {
    struct options options;
    struct live *first; /* the settings at the start: what is not reloaded is borrowed from them */
    struct live *live;  /* those in force */
    struct log_output log_output;
    struct log_sink log;
    struct log_sink store_log; /* for pool threads, which log errors only: never written to */
    struct data_dir data_dir;
    uv_loop_t loop;
    uv_signal_t hangup, terminate, interrupt;
    bool has_loop, has_signals;
    struct store *store;
    char *own_domain;              /* that the set-up stored; NULL: none */
    struct settings_stored stored; /* until `settings` has them */
    struct setup setup;
    struct control *control;
    struct ops *ops; /* this and the next four: not before the server has a domain */
    struct ops_port *port;
    struct ops_settings *settings;
    struct server *server;
    struct report *report;
    struct console *console;
    bool is_quiet;             /* `ready` waits for first_run.c */
    struct linnet_error error; /* why it ends, if that is no signal */
    struct loop_timer *leave;  /* ends it, once that was said; or NULL */
};

/* --- program.c --- */

/* All that settings are read from but the store; borrowed from `p`. */
struct settings_layers program_layers(const struct program *p);

/* With the first settings in `p->live`: takes the data directory, opens the store, makes the
 * loop. */
enum linnet_error_code program_open(struct program *p, struct linnet_error *error) MUST_USE;

/* Then, the control socket and the console; and the server, if it has a domain. */
enum linnet_error_code program_start(struct program *p, struct linnet_error *error) MUST_USE;

/* Undoes what was done, however little. */
void program_stop(struct program *p);

/* The accounts of the domain in force. */
enum linnet_error_code program_open_accounts(struct program *p,
                                             struct linnet_error *error) MUST_USE;
void program_close_accounts(struct program *p);

/* With the accounts: clients may come. */
enum linnet_error_code program_serve(struct program *p, struct linnet_error *error) MUST_USE;

/* Says so, on standard output. */
void program_say_ready(struct program *p);

/* --- host.c --- */

struct control_host host_of(struct program *p);

/* For ops: an account changed; a row of the audit trail is on disk. */
void host_account_changed(void *ctx, const struct ops_event *event);
void host_audited(void *ctx, const struct store_audit *row);

/* For the settings that are changed while the server runs. */
struct ops_settings_host host_of_settings(struct program *p);

/* --- first_run.c --- */

/* Ends the waiting for an administrator when the change made one who can sign in. */
void first_run_changed(struct program *p, const struct ops_event *event);

/* What the control socket needs for the request `setup`. */
struct control_setup first_run_setup(struct program *p);

/* When there is no administrator: makes the one that the settings name, or prints the link that
 * makes one. */
enum linnet_error_code first_run(struct program *p, struct linnet_error *error) MUST_USE;

#endif
