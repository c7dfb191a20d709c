/*
 * linnet/probe.h - looks at a server as a login would see it, without credentials.
 *
 * A probe resolves, connects, negotiates TLS and reads what the server offers, then closes. A
 * certificate that does not verify is reported and does not end it, since nothing secret is sent.
 * The report is plain data lent by struct linnet_probe until linnet_probe_free; later versions may
 * add fields at the end of its structs.
 */
#ifndef LINNET_PROBE_H
#define LINNET_PROBE_H

#include <linnet/config.h>
#include <linnet/element.h>
#include <linnet/error.h>
#include <linnet/tls.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct linnet_probe;

/* Probes the domain of the address in `config`, with its host, port, TLS, trust, timeout and
 * trace settings; a password is ignored, a mechanism and the legacy switch decide the verdicts.
 * Blocks until done, for the login timeout at most. LINNET_OK means that there is a report, which
 * may tell of a failure (linnet_probe_error); *ret_probe is then the caller's. Otherwise it is
 * NULL: LINNET_ERROR_USAGE, LINNET_ERROR_BAD_ADDRESS, LINNET_ERROR_SETTINGS,
 * LINNET_ERROR_NO_MEMORY. */
LINNET_API enum linnet_error_code linnet_probe_run(const struct linnet_config *config,
                                                   struct linnet_probe **ret_probe,
                                                   struct linnet_error *error) LINNET_MUST_USE;
LINNET_API void linnet_probe_free(struct linnet_probe *probe);

/* The prepared domain that was asked for. */
LINNET_API const char *linnet_probe_domain(const struct linnet_probe *probe);

/* What keeps a login from coming as far as its credentials, in the words of the catalogue: the
 * failure that ended the probe, else a certificate that a login would refuse, else that no
 * mechanism is usable. Code LINNET_OK: a login would work. */
LINNET_API const struct linnet_error *linnet_probe_error(const struct linnet_probe *probe);

/* How far it came, and how long that took in all. */
LINNET_API enum linnet_stage linnet_probe_stage(const struct linnet_probe *probe);
LINNET_API uint32_t linnet_probe_elapsed_ms(const struct linnet_probe *probe);

/* ---- where ---- */

enum linnet_probe_source {
    LINNET_PROBE_CONFIGURED = 0, /* host and port were given */
    LINNET_PROBE_SRV,            /* DNS SRV (RFC 6120 §3.2.1, XEP-0368) */
    LINNET_PROBE_FALLBACK        /* no SRV answer: the domain itself, port 5222 (§3.2.2) */
};

/* A place where the service may be, in the order of trying. */
struct linnet_probe_target {
    const char *host;
    uint16_t port;
    uint16_t priority, weight; /* of the SRV record; 0 otherwise */
    bool direct_tls;           /* an _xmpps-client record, or configured so */
    enum linnet_probe_source source;
};

/* NULL past the end. */
LINNET_API const struct linnet_probe_target *
linnet_probe_target_at(const struct linnet_probe *probe, size_t index);

/* An address that was tried. */
struct linnet_probe_attempt {
    const char *address; /* "[::1]:5222" */
    const char *host;    /* the target it came from */
    bool connected;      /* this is the one in use */
    const char *fault;   /* "Connection refused"; "" when connected or given up for another */
    uint32_t ms;         /* how long the attempt took */
};

LINNET_API const struct linnet_probe_attempt *
linnet_probe_attempt_at(const struct linnet_probe *probe, size_t index);

/* ---- TLS ---- */

/* NULL when TLS did not come about. */
LINNET_API const struct linnet_tls *linnet_probe_tls(const struct linnet_probe *probe);

/* ---- what the server said; before TLS, and after it ---- */

enum linnet_probe_phase { LINNET_PROBE_IN_CLEAR = 0, LINNET_PROBE_SECURED };

/* The stream header in a phase (RFC 6120 §4.7). */
struct linnet_probe_header {
    const char *to;   /* whom we addressed */
    const char *from; /* who answered; "" when it did not say */
    const char *id;
    const char *lang;
    bool mismatch; /* `from` is another domain than `to`: the server calls itself something else */
};

/* NULL when that phase did not take place. */
LINNET_API const struct linnet_probe_header *linnet_probe_header(const struct linnet_probe *probe,
                                                                 enum linnet_probe_phase phase);

/* The <stream:features/> of a phase, or NULL. */
LINNET_API const struct linnet_element *linnet_probe_features(const struct linnet_probe *probe,
                                                              enum linnet_probe_phase phase);

/* ---- mechanisms: a row for each that the server offers or this library has, best first ---- */

struct linnet_probe_mechanism {
    const char *name;
    bool offered;
    bool known;         /* this library implements it */
    bool chosen;        /* the one a login would use */
    bool weak;          /* belongs to the legacy profile */
    const char *reason; /* why it is chosen or skipped: "needs TLS with a verified server" */
};

/* NULL past the end, and when that phase did not take place. The verdicts are those of a login: a
 * certificate that did not verify counts as none. */
LINNET_API const struct linnet_probe_mechanism *
linnet_probe_mechanism_at(const struct linnet_probe *probe, enum linnet_probe_phase phase,
                          size_t index);

/* ---- findings: what a person should know, worst first ---- */

enum linnet_probe_level { LINNET_PROBE_FAULT = 0, LINNET_PROBE_WARNING, LINNET_PROBE_NOTE };

struct linnet_probe_finding {
    enum linnet_probe_level level;
    const char *id;     /* "host-mismatch": stable, for programs and translations */
    const char *text;   /* one sentence */
    const char *remedy; /* one sentence, or "" */
};

/* NULL past the end. Ids: host-mismatch, mechanisms-in-clear, registration-in-clear, no-starttls,
 * starttls-optional, starttls-misspelt, certificate, certificate-ends-soon, tls-old, no-scram,
 * no-binding, weak-mechanisms, compression. */
LINNET_API const struct linnet_probe_finding *
linnet_probe_finding_at(const struct linnet_probe *probe, size_t index);

#ifdef __cplusplus
}
#endif
#endif
