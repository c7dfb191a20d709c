#include "base/base64.h"
#include "base/wipe.h"
#include "sasl/sasl_mech.h"
#include "sasl/saslprep.h"

#include <limits.h>
#include <stdlib.h>

struct str sasl_keep(struct sasl *s, struct str in)
{
    const char *copy = arena_dup(&s->arena, in);
    return copy ? str_of(copy, in.len) : STR_NONE;
}

struct str sasl_nonce(struct sasl *s)
{
    uint8_t bytes[30];
    struct buf text = {0};
    random_fill(&s->config.random, bytes, sizeof bytes);
    base64_encode(&text, str_of(bytes, sizeof bytes));
    struct str nonce = sasl_keep(s, buf_peek(&text));
    s->arena.failed |= text.failed;
    buf_finish(&text);
    return nonce;
}

/* ---- names and passwords ---- */

bool sasl_prepare(struct sasl *s, struct str in, struct str *ret)
{
    struct buf prepared;
    buf_init(&prepared, 0, true);
    bool ok = saslprep(in, &prepared) && buf_len(&prepared) > 0;
    if (ok)
        *ret = sasl_keep(s, buf_peek(&prepared));
    s->arena.failed |= prepared.failed;
    buf_finish(&prepared);
    return ok && !s->arena.failed;
}

bool sasl_prepare_password(struct str password, struct buf *out)
{
    size_t before = buf_len(out);
    return saslprep(password, out) && buf_len(out) > before;
}

bool sasl_prepare_user(struct sasl *s)
{
    struct str authzid = s->config.authzid;
    bool ok =
        authzid.len == 0 || (!memchr(authzid.ptr, 0, authzid.len) && saslprep_is_utf8(authzid));
    if (ok && sasl_prepare(s, s->config.username, &s->username))
        return true;
    sasl_fail(s, SASL_FAULT_PREPARE, SASL_ERROR_NONE, "the user name has forbidden characters");
    return false;
}

bool sasl_take_password(struct sasl *s, const struct sasl_secret *secret, struct str *ret)
{
    if (secret->kind != SASL_SECRET_PASSWORD) {
        sasl_fail(s, SASL_FAULT_CREDENTIALS, SASL_ERROR_NONE, "no password was given");
        return false;
    }
    if (sasl_prepare(s, secret->password, ret))
        return true;
    sasl_fail(s, SASL_FAULT_PREPARE, SASL_ERROR_NONE,
              "the password is empty or has forbidden characters");
    return false;
}

bool sasl_check_iterations(struct sasl *s, unsigned iterations)
{
    const struct sasl_config *c = &s->config;
    if (iterations < c->iterations_min)
        sasl_fail(s, SASL_FAULT_POLICY, SASL_ERROR_NONE, "the iteration count is too low");
    /* UINT_MAX stands for all that is more, so even that bound is not reached. */
    else if (iterations > c->iterations_max || iterations == UINT_MAX)
        sasl_fail(s, SASL_FAULT_POLICY, SASL_ERROR_NONE, "the iteration count is too high");
    else
        return true;
    return false;
}

bool sasl_check_authzid(struct sasl *s, struct str authzid)
{
    struct str user = s->username, domain = s->config.bare_domain;
    struct str rest = authzid, localpart = sasl_cut(&rest, '@');
    if (str_eq(authzid, user))
        return true;
    if (domain.len > 0 && rest.ptr && str_eq(localpart, user) && str_eq(rest, domain))
        return true;
    sasl_fail(s, SASL_FAULT_CREDENTIALS, SASL_ERROR_INVALID_AUTHZID,
              "the authorization identity is not the user's own");
    return false;
}

/* ---- channel bindings ---- */

const struct sasl_binding *sasl_binding_of(const struct sasl_config *config, struct str type)
{
    if (config->binding.type && config->binding.len > 0 && str_is(type, config->binding.type))
        return &config->binding;
    for (size_t i = 0; i < SASL_OTHER_BINDINGS_MAX; i++) {
        const struct sasl_binding *b = &config->other_bindings[i];
        if (b->type && b->len > 0 && str_is(type, b->type))
            return b;
    }
    return NULL;
}

/* ---- strings ---- */

struct str sasl_cut(struct str *rest, char at)
{
    struct str all = *rest;
    const char *found = all.len > 0 ? memchr(all.ptr, at, all.len) : NULL;
    if (!found) {
        *rest = STR_NONE;
        return all;
    }
    size_t len = (size_t)(found - all.ptr);
    *rest = str_of(found + 1, all.len - len - 1);
    return str_of(all.ptr, len);
}

bool sasl_number(struct str s, unsigned *ret)
{
    uint64_t value = 0;
    if (s.len == 0 || s.ptr[0] == '0')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(s.ptr[i] - '0');
        if (value > UINT_MAX)
            value = UINT_MAX;
    }
    *ret = (unsigned)value;
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

bool sasl_equal_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    }
    return true;
}

/* ---- XEP-0474 ---- */

static int by_octets(const void *a, const void *b)
{
    const struct str *x = a, *y = b;
    int order = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);
    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

static void write_sorted(struct str *list, size_t count, struct buf *out)
{
    if (count > 1)
        qsort(list, count, sizeof *list, by_octets);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_byte(out, 0x1e);
        buf_str(out, list[i]);
    }
}

void sasl_offered(struct str *mechs, size_t mechanism_count, struct str *types, size_t type_count,
                  struct buf *out)
{
    write_sorted(mechs, mechanism_count, out);
    if (type_count > 0)
        buf_byte(out, 0x1f);
    write_sorted(types, type_count, out);
}
