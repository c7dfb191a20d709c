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
