/*
 * probe_private.h - the report of a probe: filled by probe.c, judged by probe_findings.c, read
 * through linnet/probe.h. Owns all of it, in one arena. One thread.
 */
#ifndef CLIENT_PROBE_PRIVATE_H
#define CLIENT_PROBE_PRIVATE_H

#include "client/dial.h"
#include "client/element_public.h"
#include "core/policy.h"
#include "net/entropy.h"

#include <linnet/probe.h>

enum { PROBE_PHASES = 2, PROBE_FINDINGS_MAX = 24 };

struct probe_phase {
    bool seen_header;
    struct linnet_probe_header header;
    const struct element *features; /* NULL: none came */
    struct linnet_probe_mechanism mechanisms[2 * POLICY_MECHANISMS_MAX];
    size_t mechanism_count;
    bool has_choice;
};

struct linnet_probe {
    struct arena arena;
    const char *domain;
    enum linnet_stage stage;
    uint64_t elapsed_ms;
    struct linnet_error error;

    struct linnet_probe_target *targets;
    struct linnet_probe_attempt *attempts;
    size_t target_count, attempt_count;

    bool has_tls;
    struct tls_facts facts;
    struct linnet_tls tls;
    struct probe_phase phases[PROBE_PHASES];

    struct linnet_probe_finding findings[PROBE_FINDINGS_MAX];
    size_t finding_count;
};

/* Judges a finished report. `now_s`: Unix time, for certificates that end soon. */
void probe_find(struct linnet_probe *p, const struct linnet_config *config, int64_t now_s);

#endif
