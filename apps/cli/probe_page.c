#include "failure.h"
#include "fingerprint.h"
#include "output.h"
#include "probe_report.h"

#include <string.h>
#include <time.h>

enum { VALUES = 14, TEXTS = 11 }; /* columns where the values, and the findings' texts, begin */

static void heading(const char *title)
{
    printf("\n%s%s%s\n", output_bold(stdout), title, output_plain(stdout));
}

static void name(const char *text)
{
    printf("  %-11s ", text);
}

static void field(const char *label, const char *value)
{
    if (!value || !*value)
        return;
    name(label);
    output_wrapped(stdout, VALUES, value);
}

/* ---- where ---- */

static void show_targets(const struct linnet_probe *p)
{
    static const char *const sources[] = {"as given", "DNS SRV", "the domain itself"};
    const struct linnet_probe_target *t;
    for (size_t i = 0; (t = linnet_probe_target_at(p, i)); i++) {
        name(t->direct_tls ? "direct TLS" : "STARTTLS");
        output_printable(stdout, t->host);
        printf(":%u  (%s", t->port, sources[t->source]);
        if (t->source == LINNET_PROBE_SRV)
            printf(", priority %u, weight %u", t->priority, t->weight);
        puts(")");
    }
}

static void show_attempts(const struct linnet_probe *p)
{
    const struct linnet_probe_attempt *a;
    for (size_t i = 0; (a = linnet_probe_attempt_at(p, i)); i++) {
        name(i == 0 ? "tried" : "");
        output_printable(stdout, *a->address ? a->address : a->host);
        fputs("  ", stdout);
        if (a->connected)
            printf("%sconnected%s", output_green(stdout), output_plain(stdout));
        else
            output_printable(stdout, *a->fault ? a->fault : "given up for another");
        printf(", %u ms\n", a->ms);
    }
}

/* ---- TLS ---- */

static void date(int64_t unix_s, char out[16])
{
    time_t t = (time_t)unix_s;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
        strcpy(out, "?");
}

static const char *judgement(enum linnet_error_code fault)
{
    switch (fault) {
    case LINNET_OK:
        return "trusted";
    case LINNET_ERROR_CERT_NAME:
        return "wrong name";
    case LINNET_ERROR_CERT_EXPIRED:
        return "out of date";
    default:
        return "not trusted";
    }
}

static void show_certificate(const struct linnet_certificate *c)
{
    char from[16], until[16], pin[PIN_SIZE];
    const char *colour = c->fault == LINNET_OK ? output_green(stdout) : output_red(stdout);
    heading("Certificate");
    name("verdict");
    printf("%s%s%s", colour, judgement(c->fault), output_plain(stdout));
    if (c->fault != LINNET_OK && *c->reason) {
        fputs(": ", stdout);
        output_printable(stdout, c->reason);
    }
    putchar('\n');
    field("for", c->names);
    field("issuer", c->issuer);
    date(c->not_before_s, from);
    date(c->not_after_s, until);
    name("valid");
    printf("%s to %s\n", from, until);
    name("SHA-256");
    fingerprint_print(stdout, VALUES, c->sha256);
    fingerprint_pin(c->spki_sha256, pin);
    field("pin", pin);
}

static void show_tls(const struct linnet_probe *p)
{
    const struct linnet_tls *tls = linnet_probe_tls(p);
    if (!tls)
        return;
    heading("Encryption");
    field("version", tls->version);
    field("cipher", tls->cipher);
    field("group", tls->group);
    field("ALPN", tls->alpn);
    show_certificate(&tls->certificate);
}

/* ---- what the server says ---- */

static const char *phase_name(enum linnet_probe_phase phase)
{
    return phase == LINNET_PROBE_SECURED ? "after TLS" : "before TLS";
}

static void show_header(const struct linnet_probe *p, enum linnet_probe_phase phase)
{
    const struct linnet_probe_header *h = linnet_probe_header(p, phase);
    if (!h)
        return;
    name(phase_name(phase));
    fputs("asked for ", stdout);
    output_printable(stdout, h->to);
    fputs(*h->from ? ", answered as " : ", answered without a name", stdout);
    output_printable(stdout, h->from);
    if (h->mismatch)
        printf("  %s<- not the same%s", output_red(stdout), output_plain(stdout));
    putchar('\n');
}

static void show_features(const struct linnet_probe *p, enum linnet_probe_phase phase)
{
    const struct linnet_element *features = linnet_probe_features(p, phase), *f = NULL;
    bool any = false;
    if (!features)
        return;
    name("");
    fputs("offers ", stdout);
    while ((f = linnet_element_next(features, f))) {
        fputs(any ? ", " : "", stdout);
        output_printable(stdout, linnet_element_name(f));
        any = true;
    }
    puts(any ? "" : "nothing");
}

static void show_server(const struct linnet_probe *p)
{
    if (!linnet_probe_header(p, LINNET_PROBE_IN_CLEAR) &&
        !linnet_probe_header(p, LINNET_PROBE_SECURED))
        return;
    heading("Server");
    for (int phase = LINNET_PROBE_IN_CLEAR; phase <= LINNET_PROBE_SECURED; phase++) {
        show_header(p, (enum linnet_probe_phase)phase);
        show_features(p, (enum linnet_probe_phase)phase);
    }
}

/* ---- sign-in ---- */

/* The phase in which a login would sign in. */
static enum linnet_probe_phase last_phase(const struct linnet_probe *p)
{
    return linnet_probe_header(p, LINNET_PROBE_SECURED) ? LINNET_PROBE_SECURED
                                                        : LINNET_PROBE_IN_CLEAR;
}

static void show_mechanism(const struct linnet_probe_mechanism *m)
{
    printf("  %s%-1s ", m->chosen ? output_green(stdout) : "", m->chosen ? "*" : " ");
    output_printable(stdout, m->name);
    printf("%*s%s  ", (int)(strlen(m->name) < 18 ? 18 - strlen(m->name) : 0), "",
           m->chosen ? output_plain(stdout) : "");
    output_wrapped(stdout, 24, m->reason);
}

static void show_mechanisms(const struct linnet_probe *p)
{
    const struct linnet_probe_mechanism *m;
    bool any = false;
    for (size_t i = 0; (m = linnet_probe_mechanism_at(p, last_phase(p), i)); i++) {
        if (!m->offered)
            continue;
        if (!any)
            heading("Sign-in");
        any = true;
        show_mechanism(m);
    }
}

static const char *chosen_mechanism(const struct linnet_probe *p)
{
    const struct linnet_probe_mechanism *m;
    for (size_t i = 0; (m = linnet_probe_mechanism_at(p, last_phase(p), i)); i++)
        if (m->chosen)
            return m->name;
    return NULL;
}

/* ---- findings and verdict ---- */

static const char *level_colour(enum linnet_probe_level level)
{
    return level == LINNET_PROBE_FAULT     ? output_red(stdout)
           : level == LINNET_PROBE_WARNING ? output_yellow(stdout)
                                           : output_dim(stdout);
}

static void show_findings(const struct linnet_probe *p)
{
    static const char *const words[] = {"fault", "warning", "note"};
    const struct linnet_probe_finding *f;
    for (size_t i = 0; (f = linnet_probe_finding_at(p, i)); i++) {
        if (i == 0)
            heading("Findings");
        printf("  %s%-8s%s ", level_colour(f->level), words[f->level], output_plain(stdout));
        output_wrapped(stdout, TEXTS, f->text);
        if (*f->remedy) {
            printf("%*s-> ", TEXTS, "");
            output_wrapped(stdout, TEXTS + 3, f->remedy);
        }
    }
}

static bool has_fault(const struct linnet_probe *p)
{
    const struct linnet_probe_finding *worst = linnet_probe_finding_at(p, 0);
    return worst && worst->level == LINNET_PROBE_FAULT;
}

static void show_verdict(const struct options *o, const struct linnet_probe *p)
{
    const struct linnet_error *error = linnet_probe_error(p);
    const struct linnet_error_info *info = linnet_error_info(error->code);
    if (error->code == LINNET_OK) {
        const char *mechanism = chosen_mechanism(p);
        printf("%sVerdict: a login would work%s%s.%s\n", output_green(stdout),
               mechanism ? ", with " : "", mechanism ? mechanism : "", output_plain(stdout));
        return;
    }
    printf("%sVerdict: a login would fail: %s.%s\n", output_red(stdout),
           info ? info->heading : "failure", output_plain(stdout));
    const char *hint = failure_hint(o, error);
    if (!has_fault(p) || o->quiet) {
        failure_body(stdout, o, error);
    } else if (hint) {
        fputs("  ", stdout);
        output_wrapped(stdout, 2, hint);
    }
}

void probe_page(const struct options *o, const struct linnet_probe *p)
{
    if (!o->quiet) {
        fputs(output_bold(stdout), stdout);
        output_printable(stdout, linnet_probe_domain(p));
        printf("%s, looked at in %u ms\n", output_plain(stdout), linnet_probe_elapsed_ms(p));
        heading("Where");
        show_targets(p);
        show_attempts(p);
        show_tls(p);
        show_server(p);
        show_mechanisms(p);
        show_findings(p);
        putchar('\n');
    }
    show_verdict(o, p);
}
