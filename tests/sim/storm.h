/*
 * storm.h - one login of the storm (storm.c): both halves of the protocol core, from header to
 * binding, in no time.
 */
#ifndef TESTS_STORM_H
#define TESTS_STORM_H

#include "tests/sim/sim.h"

#define STORM_PASSWORD "pencil"

struct storm_accounts {
    struct random_source random;
    struct sasl_credential right, changed; /* of STORM_PASSWORD; of another */
};

bool storm_accounts_init(struct storm_accounts *a, struct random_source random);

/* A login at a server that knows the password, or, with `changed`, another one. The code is
 * LINNET_OK when the client was bound, else what its core says. Adds to *proofs how often the
 * client used its password. */
struct linnet_error storm_login(const struct storm_accounts *a, bool changed, uint64_t now_ms,
                                unsigned *proofs);

#endif
