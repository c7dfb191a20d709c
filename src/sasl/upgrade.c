/* XEP-0480: from one hash of a password to a better one, with a client's help. */
#include "sasl/sasl_mech.h"

static const struct {
    const char *name;
    enum hash_alg alg;
} tasks[] = {
    {"UPGR-SCRAM-SHA-256", HASH_SHA256},
    {"UPGR-SCRAM-SHA-512", HASH_SHA512},
};

const char *sasl_upgrade_name(enum hash_alg alg)
{
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++) {
        if (tasks[i].alg == alg)
            return tasks[i].name;
    }
    return NULL;
}

bool sasl_upgrade_alg(struct str name, enum hash_alg *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++) {
        if (str_is(name, tasks[i].name)) {
            *ret = tasks[i].alg;
            return true;
        }
    }
    return false;
}

bool sasl_upgrade_credential(enum hash_alg alg, struct str salted, struct str salt,
                             unsigned iterations, struct sasl_credential *ret)
{
    *ret = (struct sasl_credential){0};
    return sasl_upgrade_name(alg) && salted.len == hash_size(alg) &&
           sasl_scram_credential(alg, (const uint8_t *)salted.ptr, salt, iterations, ret);
}

/* ---- the client's half ---- */

static enum sasl_status failed(struct sasl *s)
{
    if (s->arena.failed)
        sasl_fail_memory(s);
    return s->status = SASL_FAILED;
}

static bool take_task(struct sasl *s, struct str salt, struct str iterations, unsigned *ret)
{
    if (sasl_number(iterations, ret) && salt.len > 0 && salt.len <= SASL_SALT_MAX_BYTES)
        return sasl_check_iterations(s, *ret);
    sasl_malformed(s, "the salt or the iteration count of an upgrade breaks the grammar");
    return false;
}

enum sasl_status sasl_upgrade_want(struct sasl *s, enum hash_alg alg, struct str salt,
                                   struct str iterations, struct sasl_want *ret)
{
    unsigned count = 0;
    *ret = (struct sasl_want){0};
    if (s->status != SASL_DONE || s->config.side != SASL_CLIENT || !sasl_upgrade_name(alg) ||
        !take_task(s, salt, iterations, &count))
        return failed(s);
    *ret = (struct sasl_want){.username = s->username,
                              .scheme = sasl_upgrade_name(alg) + strlen("UPGR-"),
                              .alg = alg,
                              .salt = sasl_keep(s, salt),
                              .iterations = count};
    return s->arena.failed ? failed(s) : SASL_WANT_SECRET;
}

enum sasl_status sasl_upgrade_secret(struct sasl *s, const struct sasl_secret *secret,
                                     struct sasl_want *want)
{
    if (s->status != SASL_DONE || !sasl_take_password(s, secret, &want->password) ||
        s->arena.failed)
        return failed(s);
    return SASL_WANT_DERIVE;
}
