#include "core/policy.h"

#include "base/error.h"

const char *policy_verdict_text(enum policy_verdict v)
{
    static const char *const texts[] = {
        [POLICY_CHOSEN] = "this one would be used",
        [POLICY_LESS_PREFERRED] = "would do, but a stronger one is on offer",
        [POLICY_NOT_OFFERED] = "the server does not offer it",
        [POLICY_UNKNOWN_MECHANISM] = "not known to Linnet",
        [POLICY_NEEDS_TLS] = "shows the password to the server: only over verified TLS",
        [POLICY_NO_BINDING] = "no channel binding that both ends can use on this connection",
        [POLICY_IS_LEGACY] = "weak: belongs to the legacy profile, which is off",
        [POLICY_NOT_ASKED_FOR] = "another mechanism was asked for by name",
        [POLICY_WEAKER] = "weaker than what this account has used before",
    };
    return texts[v];
}

/* ---- channel bindings ---- */

unsigned policy_tls_version(const struct tls_facts *tls)
{
    static const struct {
        const char *name;
        unsigned number;
    } versions[] = {
        {"TLSv1.3", 0x0304}, {"TLSv1.2", 0x0303}, {"TLSv1.1", 0x0302}, {"TLSv1", 0x0301}};
    for (size_t i = 0; tls && i < ARRAY_LEN(versions); i++)
        if (strcmp(tls->version, versions[i].name) == 0)
            return versions[i].number;
    return 0;
}

static bool binding_from(const char *type, const uint8_t *data, size_t len,
                         struct sasl_binding *ret)
{
    if (len == 0 || len > sizeof ret->data)
        return false;
    ret->type = type;
    ret->len = len;
    memcpy(ret->data, data, len);
    return true;
}

const char *const policy_binding_types[] = {"tls-exporter", "tls-unique", "tls-server-end-point",
                                            NULL};

const char *policy_binding_type(const char *type)
{
    for (size_t i = 0; type && policy_binding_types[i]; i++)
        if (strcmp(type, policy_binding_types[i]) == 0)
            return policy_binding_types[i];
    return NULL;
}

bool policy_binding(const struct tls_facts *tls, const char *type, struct sasl_binding *ret)
{
    *ret = (struct sasl_binding){0};
    if (!tls || !type)
        return false;
    if (strcmp(type, "tls-exporter") == 0)
        return binding_from("tls-exporter", tls->exporter, tls->exporter_len, ret);
    if (strcmp(type, "tls-server-end-point") == 0)
        return binding_from("tls-server-end-point", tls->end_point, tls->end_point_len, ret);
    if (strcmp(type, "tls-unique") == 0)
        return binding_from("tls-unique", tls->unique, tls->unique_len, ret);
    return false;
}

bool policy_will_bind(const struct tls_facts *tls, const char *type)
{
    struct sasl_binding binding;
    return policy_binding(tls, type, &binding) ||
           (tls && tls->unfinished && cstr_eq(type, "tls-exporter"));
}

static bool will_bind_any(const struct tls_facts *tls)
{
    for (size_t i = 0; policy_binding_types[i]; i++)
        if (policy_will_bind(tls, policy_binding_types[i]))
            return true;
    return false;
}

static bool lists(const struct policy_offer *offer, const char *type)
{
    for (size_t i = 0; i < offer->binding_type_count; i++)
        if (str_is(offer->binding_types[i], type))
            return true;
    return false;
}

/* The binding both ends can use. Where the server says nothing of types (XEP-0440 absent) only the
 * default of RFC 5802 can be meant, which TLS 1.3 does not have: some servers bind the wrong bytes
 * there, and a guess would fail a good login. */
static bool common_binding(const struct policy_offer *offer, struct sasl_binding *ret)
{
    if (offer->binding_type_count == 0)
        return policy_binding(offer->tls, "tls-unique", ret);
    for (size_t i = 0; policy_binding_types[i]; i++)
        if (lists(offer, policy_binding_types[i]) &&
            policy_binding(offer->tls, policy_binding_types[i], ret))
            return true;
    *ret = (struct sasl_binding){0};
    return false;
}

/* ---- the client's choice ---- */

static bool is_offered(const struct policy_offer *offer, const char *name)
{
    for (size_t i = 0; i < offer->mechanism_count; i++)
        if (str_is(offer->mechanisms[i], name))
            return true;
    return false;
}

static bool offers_binding(const struct policy_offer *offer)
{
    for (size_t i = 0; i < offer->mechanism_count; i++) {
        const struct sasl_mech *m = sasl_mech_find(offer->mechanisms[i]);
        if (m && (sasl_mech_flags(m) & SASL_MECH_BINDS))
            return true;
    }
    return false;
}

/* Once SCRAM has worked the server has no need of the password; once a binding has, nobody who
 * has none can be the same server. */
static bool is_weaker(const struct login_policy *policy, unsigned flags)
{
    if (policy->had_scram && (!(flags & SASL_MECH_PROVES_SERVER) || (flags & SASL_MECH_LEGACY)))
        return true;
    return policy->had_binding && !policy->no_channel_binding && !(flags & SASL_MECH_BINDS);
}

static enum policy_verdict judge(const struct login_policy *policy,
                                 const struct policy_offer *offer, const struct sasl_mech *m,
                                 bool can_bind)
{
    unsigned flags = sasl_mech_flags(m);
    bool asked_for = cstr_eq(policy->mechanism, sasl_mech_name(m));
    if (!is_offered(offer, sasl_mech_name(m)))
        return POLICY_NOT_OFFERED;
    if (policy->mechanism[0] && !asked_for)
        return POLICY_NOT_ASKED_FOR;
    if ((flags & SASL_MECH_PLAINTEXT) && !offer->verified)
        return POLICY_NEEDS_TLS;
    if ((flags & SASL_MECH_BINDS) && !can_bind)
        return POLICY_NO_BINDING;
    if ((flags & SASL_MECH_LEGACY) && !policy->legacy && !asked_for)
        return POLICY_IS_LEGACY;
    if (!asked_for && is_weaker(policy, flags))
        return POLICY_WEAKER;
    return POLICY_LESS_PREFERRED;
}

static struct policy_row *add_row(struct policy_choice *c, struct str name)
{
    if (c->row_count == ARRAY_LEN(c->rows))
        return NULL;
    struct policy_row *row = &c->rows[c->row_count++];
    *row = (struct policy_row){.offered = true, .verdict = POLICY_UNKNOWN_MECHANISM};
    error_copy_text(row->name, sizeof row->name, name);
    return row;
}

/* GS2 flag (RFC 5801 §5, RFC 5802 §6): `y` says "I could bind and saw no offer", which a server
 * that did offer will recognise as a downgrade; where it did offer but no binding is common, only
 * `n` is true. */
static enum sasl_gs2 gs2_flag(const struct policy_offer *offer, bool mech_binds, bool able)
{
    if (mech_binds)
        return SASL_GS2_BINDS;
    bool offered = offers_binding(offer) || offer->binding_type_count > 0;
    return able && !offered ? SASL_GS2_CAN : SASL_GS2_CANNOT;
}

void policy_choose(const struct login_policy *policy, const struct policy_offer *offer,
                   struct policy_choice *ret)
{
    const struct sasl_mech *m;
    struct sasl_binding binding;
    *ret = (struct policy_choice){0};
    bool can_bind = !policy->no_channel_binding && common_binding(offer, &binding);
    for (size_t i = 0; (m = sasl_mech_at(i)); i++) {
        struct policy_row *row = add_row(ret, str_from(sasl_mech_name(m)));
        if (!row)
            break;
        row->mech = m;
        row->verdict = judge(policy, offer, m, can_bind);
        row->offered = row->verdict != POLICY_NOT_OFFERED;
        ret->downgrade |= row->verdict == POLICY_WEAKER;
        if (row->verdict == POLICY_LESS_PREFERRED && !ret->mech) {
            row->verdict = POLICY_CHOSEN;
            ret->mech = m;
        }
    }
    for (size_t i = 0; i < offer->mechanism_count; i++)
        if (!sasl_mech_find(offer->mechanisms[i]))
            add_row(ret, offer->mechanisms[i]);
    ret->downgrade = ret->downgrade && !ret->mech;
    bool binds = ret->mech && (sasl_mech_flags(ret->mech) & SASL_MECH_BINDS);
    bool able = offer->tls && !policy->no_channel_binding &&
                (offer->tls->exporter_len || offer->tls->unique_len || offer->tls->end_point_len);
    ret->gs2 = gs2_flag(offer, binds, able);
    if (binds)
        ret->binding = binding;
}

/* ---- the server's offer ---- */

static bool is_listed(const struct login_policy *policy, const char *name)
{
    if (!policy->mechanisms[0][0])
        return true;
    for (size_t i = 0; i < POLICY_MECHANISMS_MAX; i++)
        if (cstr_eq(policy->mechanisms[i], name))
            return true;
    return false;
}

bool policy_offers(const struct login_policy *policy, const struct sasl_mech *m,
                   const struct tls_facts *tls)
{
    unsigned flags = sasl_mech_flags(m);
    if (!is_listed(policy, sasl_mech_name(m)))
        return false;
    if (!tls && (policy->tls == POLICY_TLS_REQUIRE || (flags & SASL_MECH_PLAINTEXT)))
        return false;
    if ((flags & SASL_MECH_BINDS) && (!tls || policy->no_channel_binding || !will_bind_any(tls)))
        return false;
    return policy->legacy || !(flags & SASL_MECH_LEGACY);
}
