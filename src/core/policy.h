/*
 * policy.h - the login policy: one value that both ends read. Which mechanisms, when PLAIN, whether
 * TLS, iteration bounds, channel binding. Plain data and pure functions; any thread.
 *
 * A client asks policy_choose; a server asks policy_offers for each mechanism; `linnet probe`
 * shows the same verdicts to a person. An explicit `mechanism` overrides the order of preference
 * and the legacy switch, never the need for verified TLS.
 */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include "base/tls_facts.h"
#include "sasl/sasl.h"

enum policy_tls {
    POLICY_TLS_REQUIRE = 0, /* no credential byte without TLS and a verified peer */
    POLICY_TLS_PREFER,      /* TLS when offered; else go on in clear, never with PLAIN */
    POLICY_TLS_OFF          /* no STARTTLS: for links that are private by other means */
};

enum { POLICY_MECHANISMS_MAX = 16, POLICY_BINDINGS_MAX = 8 };

struct login_policy {
    enum policy_tls tls;
    bool legacy;             /* weak mechanisms of the `legacy` profile take part */
    bool no_channel_binding; /* never use nor offer -PLUS */
    char mechanism[24];      /* client: only this one; "" for the best */
    /* client: what this account has done before; weaker is refused, unless asked for by name */
    bool had_scram;          /* the server need never see the password */
    bool had_binding;        /* and nobody between could pass it on */
    unsigned iterations_min; /* 0: 4096 */
    unsigned iterations_max; /* 0: 1,000,000 */
    unsigned auth_tries;     /* server: wrong proofs before policy-violation (§6.4.5); 0: 3 */
    /* server: names on offer; none listed means every mechanism the rest allows */
    char mechanisms[POLICY_MECHANISMS_MAX][24];
};

/* Why a mechanism is used or not; the order is from good to bad. */
enum policy_verdict {
    POLICY_CHOSEN = 0,
    POLICY_LESS_PREFERRED, /* would do, but a stronger one is on offer */
    POLICY_NOT_OFFERED,
    POLICY_UNKNOWN_MECHANISM, /* the peer offers something we do not implement */
    POLICY_NEEDS_TLS,         /* shows the password: only over verified TLS */
    POLICY_NO_BINDING,        /* no channel binding both ends can use */
    POLICY_IS_LEGACY,         /* weak, and the legacy profile is off */
    POLICY_NOT_ASKED_FOR,     /* an explicit mechanism excludes it */
    POLICY_WEAKER             /* than what the account has used before */
};

/* For people: "weak: belongs to the legacy profile, which is off". Static. */
const char *policy_verdict_text(enum policy_verdict v);

/* What a client knows when it chooses. */
struct policy_offer {
    const struct str *mechanisms; /* as the server listed them */
    size_t mechanism_count;
    const struct str *binding_types; /* XEP-0440; count 0 when the server listed none */
    size_t binding_type_count;
    const struct tls_facts *tls; /* NULL without TLS */
    bool verified;               /* TLS, and the peer's certificate was accepted */
};

struct policy_row {
    const struct sasl_mech *mech; /* NULL for a name we do not implement */
    char name[24];
    bool offered;
    enum policy_verdict verdict;
};

struct policy_choice {
    const struct sasl_mech *mech; /* NULL when there is none */
    bool downgrade;               /* there is one only that is weaker than what was used before */
    enum sasl_gs2 gs2;
    struct sasl_binding binding; /* type NULL unless gs2 is SASL_GS2_BINDS */
    struct policy_row rows[2 * POLICY_MECHANISMS_MAX];
    size_t row_count;
};

/* Decides, and says why for every mechanism known or offered. */
void policy_choose(const struct login_policy *policy, const struct policy_offer *offer,
                   struct policy_choice *ret);

/* Server: whether to offer `m` on a connection with these facts (NULL without TLS). */
bool policy_offers(const struct login_policy *policy, const struct sasl_mech *m,
                   const struct tls_facts *tls);

/* The types of channel binding we know, best first; ends with NULL. */
extern const char *const policy_binding_types[];

/* 0x0304 for "TLSv1.3"; 0 when there is no TLS, or it is not known (XEP-0515). */
unsigned policy_tls_version(const struct tls_facts *tls);

/* `type` as one of these strings, or NULL. */
const char *policy_binding_type(const char *type);

/* The binding of `type` that a connection can give; false when it cannot. */
bool policy_binding(const struct tls_facts *tls, const char *type, struct sasl_binding *ret);

/* Whether it can, or will be able to when its handshake is finished: what is on offer must not
 * depend on when it is asked. */
bool policy_will_bind(const struct tls_facts *tls, const char *type);

#endif
