/*
 * wire_upgrade.h - what a transcript says of upgrade tasks (XEP-0480), and the part of a server
 * that keeps it.
 *
 *     upgrade: on                      the client's host has the password
 *     upgrades: SHA-256 SHA-512        those that the server offers
 *     upgrade-missing: SHA-512         those that the account lacks; else: all
 *     upgrade-unstored: on             what comes is not kept
 *
 *     server: upgraded SHA-256 ...     rows that came, each the one that the password gives
 */
#ifndef TESTS_WIRE_UPGRADE_H
#define TESTS_WIRE_UPGRADE_H

#include "core/stream.h"

struct wire_upgrade {
    /* settings */
    bool on, unstored;
    const char *offered, *missing;
    /* what came */
    char stored[64];
};

/* Whether `key` is one of these settings. */
bool wire_upgrade_setting(struct wire_upgrade *u, const char *key, char *value);

void wire_upgrade_configure(const struct wire_upgrade *u, struct stream_config *c);

/* Answers WANT_UPGRADE and WANT_UPGRADED; false: it is another event. */
bool wire_upgrade_event(struct wire_upgrade *u, struct stream *s, uint64_t now_ms,
                        struct str password, const struct stream_event *ev);

#endif
