#include "tests/wire/wire_upgrade.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    enum hash_alg alg;
} hashes[] = {{"SHA-256", HASH_SHA256}, {"SHA-512", HASH_SHA512}};

enum { ITERATIONS = 4096 };

bool wire_upgrade_setting(struct wire_upgrade *u, const char *key, char *value)
{
    bool on = strcmp(value, "on") == 0;
    if (strcmp(key, "upgrade") == 0)
        u->on = on;
    else if (strcmp(key, "upgrade-unstored") == 0)
        u->unstored = on;
    else if (strcmp(key, "upgrades") == 0)
        u->offered = value;
    else if (strcmp(key, "upgrade-missing") == 0)
        u->missing = value;
    else
        return false;
    return true;
}

static unsigned set_of(const char *names)
{
    unsigned set = 0;
    for (size_t i = 0; names && i < ARRAY_LEN(hashes); i++)
        if (strstr(names, hashes[i].name))
            set |= 1u << hashes[i].alg;
    return set;
}

void wire_upgrade_configure(const struct wire_upgrade *u, struct stream_config *c)
{
    c->upgrade = u->on;
    c->upgrades = set_of(u->offered);
}

static struct stream_upgrade_answer choose(const struct wire_upgrade *u, unsigned algs)
{
    struct stream_upgrade_answer answer = {.iterations = ITERATIONS, .salt = "salt for a test"};
    unsigned lacked = u->missing ? set_of(u->missing) : ~0u;
    for (size_t i = 0; !answer.wanted && i < ARRAY_LEN(hashes); i++)
        if (algs & lacked & 1u << hashes[i].alg) {
            answer.wanted = true;
            answer.alg = hashes[i].alg;
        }
    return answer;
}

/* It must be what the password gives: made here by the server's own way. */
static void note(struct wire_upgrade *u, struct str password, const struct sasl_credential *c)
{
    struct sasl_credential own;
    uint8_t salted[HASH_MAX_BYTES];
    struct str salt = str_of(c->salt, c->salt_len);
    size_t len = strlen(u->stored), i = 0;
    while (i < ARRAY_LEN(hashes) && !strstr(c->scheme, hashes[i].name))
        i++;
    bool good = i < ARRAY_LEN(hashes) && c->iterations == ITERATIONS &&
                hash_pbkdf2(hashes[i].alg, password, salt, ITERATIONS, salted) &&
                sasl_scram_credential(hashes[i].alg, salted, salt, ITERATIONS, &own) &&
                own.key_len == c->key_len &&
                memcmp(own.stored_key, c->stored_key, own.key_len) == 0 &&
                memcmp(own.server_key, c->server_key, own.key_len) == 0;
    assert(good);
    snprintf(u->stored + len, sizeof u->stored - len, " %s", hashes[i].name);
}

bool wire_upgrade_event(struct wire_upgrade *u, struct stream *s, uint64_t now_ms,
                        struct str password, const struct stream_event *ev)
{
    if (ev->kind == STREAM_WANT_UPGRADE) {
        struct stream_upgrade_answer answer = choose(u, ev->upgrade->algs);
        return stream_answer_upgrade(s, now_ms, ev->id, &answer);
    }
    if (ev->kind != STREAM_WANT_UPGRADED)
        return false;
    if (!u->unstored)
        note(u, password, ev->upgrade->credential);
    return stream_answer_upgraded(s, now_ms, ev->id, !u->unstored);
}
