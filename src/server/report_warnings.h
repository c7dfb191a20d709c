/*
 * report_warnings.h - what whoever runs the server should know of and may want to mend, for
 * status. Pure: it judges facts that are passed in. Programs that speak another language render
 * their own sentence from `id` and `params`.
 */
#ifndef SERVER_REPORT_WARNINGS_H
#define SERVER_REPORT_WARNINGS_H

#include "base/tls_facts.h"

#include <jansson.h>

enum {
    WARN_EXPIRES_S = 14 * 86400,
    WARN_COMMIT_MS = 500,
    WARN_LAG_MS = 200,
    WARN_MEMORY_PERCENT = 90
};

struct warning_facts {
    int64_t now_s;
    const char *domain;
    const struct tls_certificate *certificate;
    bool certificate_fits; /* it is for the domain */
    bool legacy;           /* login.legacy */
    bool throttled;        /* login.throttle */
    uint64_t commit_worst_ms, lag_worst_ms;
    unsigned memory_percent; /* of its limit, of the loop that is nearest to it */
};

/* An array of {"id", "severity", "params", "sentence", "remedy"}, the gravest first. */
json_t *report_warnings(const struct warning_facts *facts);

#endif
