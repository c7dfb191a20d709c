#include "client/probe_private.h"

#include "client/tls_public.h"

#include <stdio.h>

/* What a person should know about a server, each a finding of its own. */

enum { SOON_DAYS = 14 };

static void add(struct linnet_probe *p, enum linnet_probe_level level, const char *id,
                const char *text, const char *remedy)
{
    if (text && p->finding_count < PROBE_FINDINGS_MAX)
        p->findings[p->finding_count++] = (struct linnet_probe_finding){level, id, text, remedy};
}

static const struct probe_phase *clear_phase(const struct linnet_probe *p)
{
    return &p->phases[LINNET_PROBE_IN_CLEAR];
}

/* The last thing the server said about what it offers. */
static const struct probe_phase *last_phase(const struct linnet_probe *p)
{
    return &p->phases[p->has_tls ? LINNET_PROBE_SECURED : LINNET_PROBE_IN_CLEAR];
}

static const struct linnet_probe_mechanism *find_mechanism(const struct probe_phase *phase,
                                                           const char *prefix, const char *suffix)
{
    for (size_t i = 0; i < phase->mechanism_count; i++) {
        const struct linnet_probe_mechanism *m = &phase->mechanisms[i];
        size_t len = strlen(m->name), tail = strlen(suffix);
        if (m->offered && strncmp(m->name, prefix, strlen(prefix)) == 0 && len >= tail &&
            strcmp(m->name + len - tail, suffix) == 0)
            return m;
    }
    return NULL;
}

/* "PLAIN, DIGEST-MD5" */
static const char *offered_names(struct linnet_probe *p, const struct probe_phase *phase,
                                 bool weak_only)
{
    const char *names = NULL;
    for (size_t i = 0; i < phase->mechanism_count; i++) {
        const struct linnet_probe_mechanism *m = &phase->mechanisms[i];
        bool weak = m->weak || strcmp(m->name, "CRAM-MD5") == 0 ||
                    strcmp(m->name, "JIVE-SHAREDSECRET") == 0;
        if (m->offered && (weak || !weak_only))
            names = names ? arena_printf(&p->arena, "%s, %s", names, m->name)
                          : arena_printf(&p->arena, "%s", m->name);
    }
    return names;
}

/* ---- names: the tutorial's trap ---- */

/* What the server calls itself, when that is not what it was asked for. */
static const char *other_name(const struct linnet_probe *p)
{
    for (int i = PROBE_PHASES - 1; i >= 0; i--)
        if (p->phases[i].seen_header && p->phases[i].header.mismatch)
            return p->phases[i].header.from;
    return p->error.code == LINNET_ERROR_HOST_UNKNOWN ? linnet_error_param(&p->error, "server")
                                                      : NULL;
}

static void find_names(struct linnet_probe *p)
{
    const char *from = other_name(p);
    if (from)
        add(p, LINNET_PROBE_FAULT, "host-mismatch",
            arena_printf(&p->arena,
                         "You asked for %s, but the server calls itself %s; a login as "
                         "name@%s fails.",
                         p->domain, from, p->domain),
            arena_printf(&p->arena,
                         "Log in as name@%s and set the host to the address you used, or give the "
                         "server the domain %s.",
                         from, p->domain));
}

/* ---- what is offered before TLS ---- */

/* An offer of STARTTLS that is none, as the tutorial's server makes it. */
static bool find_misspelt(struct linnet_probe *p, const struct element *features)
{
    const struct element *e = NULL;
    while ((e = element_next(features, e)))
        if (cstr_eq(e->name, "starttls") && !cstr_eq(e->ns, NS_TLS)) {
            add(p, LINNET_PROBE_WARNING, "starttls-misspelt",
                arena_printf(&p->arena,
                             "STARTTLS is offered in the unknown namespace \"%s\", which no client "
                             "recognises.",
                             e->ns),
                "Correct the server or the proxy: the namespace is " NS_TLS ".");
            return true;
        }
    return false;
}

static void find_clear(struct linnet_probe *p, const struct linnet_config *config)
{
    const struct probe_phase *clear = clear_phase(p);
    if (!clear->features || config->tls == LINNET_TLS_OFF)
        return;
    const struct element *starttls = element_child(clear->features, NS_TLS, "starttls");
    const char *names = offered_names(p, clear, false);
    bool misspelt = find_misspelt(p, clear->features);
    if (!starttls && !misspelt)
        add(p, LINNET_PROBE_FAULT, "no-starttls",
            "The server does not say that it can encrypt (STARTTLS is not offered).",
            "Switch TLS on at the server; if it is on, someone on the way removed the offer.");
    else if (starttls && !element_child(starttls, NS_TLS, "required"))
        add(p, LINNET_PROBE_NOTE, "starttls-optional",
            "The server offers encryption but does not require it.",
            "Require STARTTLS for clients at the server.");
    if (names)
        add(p, find_mechanism(clear, "PLAIN", "") ? LINNET_PROBE_FAULT : LINNET_PROBE_WARNING,
            "mechanisms-in-clear",
            arena_printf(&p->arena, "Before encryption the server offers to sign in with %s.",
                         names),
            "Require STARTTLS for clients at the server; Linnet signs in after it only.");
    if (element_child(clear->features, "http://jabber.org/features/iq-register", "register"))
        add(p, LINNET_PROBE_WARNING, "registration-in-clear",
            "The server offers registration before encryption, so that new passwords travel "
            "in clear.",
            "Require STARTTLS for clients at the server.");
}

static void find_compression(struct linnet_probe *p)
{
    for (int i = 0; i < PROBE_PHASES; i++)
        if (element_child(p->phases[i].features, "http://jabber.org/features/compress",
                          "compression")) {
            add(p, LINNET_PROBE_NOTE, "compression",
                "The server offers compression before sign-in, which XEP-0170 forbids and which "
                "can leak secrets by their length.",
                "Switch stream compression off at the server.");
            return;
        }
}

/* ---- TLS ---- */

static void find_certificate(struct linnet_probe *p, const struct linnet_config *config,
                             int64_t now_s)
{
    const struct linnet_certificate *c = &p->tls.certificate;
    int64_t days = (c->not_after_s - now_s) / 86400;
    if (c->fault != LINNET_OK) {
        const struct linnet_error_info *info = linnet_error_info(c->fault);
        add(p, LINNET_PROBE_FAULT, "certificate",
            arena_printf(&p->arena, "%s: %s.", info->heading,
                         c->reason[0] ? c->reason : "a login refuses it"),
            info->remedy);
    } else if (config->pin_count == 0 && days < SOON_DAYS) {
        add(p, LINNET_PROBE_WARNING, "certificate-ends-soon",
            arena_printf(&p->arena, "The certificate ends in %lld days.", (long long)days),
            "Renew it.");
    }
}

static void find_tls(struct linnet_probe *p, const struct linnet_config *config, int64_t now_s)
{
    if (!p->has_tls)
        return;
    find_certificate(p, config, now_s);
    if (strcmp(p->facts.version, "TLSv1.3") != 0)
        add(p, LINNET_PROBE_NOTE, "tls-old",
            arena_printf(&p->arena, "The server speaks %s; TLS 1.3 is better and quicker.",
                         p->facts.version),
            "Switch TLS 1.3 on at the server.");
}

/* ---- mechanisms ---- */

static void find_mechanisms(struct linnet_probe *p)
{
    const struct probe_phase *phase = last_phase(p);
    if (!phase->features)
        return;
    if (!find_mechanism(phase, "SCRAM-", ""))
        add(p, LINNET_PROBE_WARNING, "no-scram",
            "The server offers no SCRAM mechanism, so it sees the password at each sign-in or uses "
            "a weak method.",
            "Switch SCRAM-SHA-256 on at the server.");
    else if (p->has_tls && !find_mechanism(phase, "SCRAM-", "-PLUS"))
        add(p, LINNET_PROBE_NOTE, "no-binding",
            "The server offers no channel binding (-PLUS), so a sign-in is not tied to the "
            "encrypted connection.",
            "Switch a -PLUS mechanism on at the server.");
    const char *weak = offered_names(p, phase, true);
    if (weak)
        add(p, LINNET_PROBE_WARNING, "weak-mechanisms",
            arena_printf(&p->arena, "The server offers weak, obsolete mechanisms: %s.", weak),
            "Switch them off at the server.");
}

/* ---- the verdict ---- */

static void find_verdict(struct linnet_probe *p)
{
    const struct probe_phase *phase = last_phase(p);
    enum linnet_error_code cert = p->has_tls ? p->tls.certificate.fault : LINNET_OK;
    if (p->error.code != LINNET_OK)
        return;
    if (cert != LINNET_OK) {
        tls_public_error(&p->facts, p->domain, NULL, &p->error);
    } else if (!phase->has_choice) {
        p->error.stage = LINNET_STAGE_SIGN_IN;
        error_set(&p->error, LINNET_ERROR_NO_MECHANISM, LINNET_ORIGIN_HERE, "offered",
                  offered_names(p, phase, false), NULL);
    } else if (phase->header.mismatch) {
        p->error.stage = LINNET_STAGE_SIGN_IN;
        error_set(&p->error, LINNET_ERROR_HOST_UNKNOWN, LINNET_ORIGIN_PEER, "domain", p->domain,
                  "server", phase->header.from, NULL);
    }
}

static void sort_worst_first(struct linnet_probe *p)
{
    for (size_t i = 1; i < p->finding_count; i++) {
        struct linnet_probe_finding f = p->findings[i];
        size_t at = i;
        for (; at > 0 && p->findings[at - 1].level > f.level; at--)
            p->findings[at] = p->findings[at - 1];
        p->findings[at] = f;
    }
}

void probe_find(struct linnet_probe *p, const struct linnet_config *config, int64_t now_s)
{
    find_names(p);
    find_clear(p, config);
    find_tls(p, config, now_s);
    find_mechanisms(p);
    find_compression(p);
    find_verdict(p);
    sort_worst_first(p);
}
