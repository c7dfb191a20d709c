#include "commands.h"
#include "output.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- the page ---- */

static void heading(const char *title)
{
    printf("\n%s%s%s\n", output_bold(stdout), title, output_plain(stdout));
}

static void field(const char *name, const char *value)
{
    if (!value || !*value)
        return;
    printf("  %-11s ", name);
    output_printable(stdout, value);
    putchar('\n');
}

static void date(int64_t unix_s, char out[16])
{
    time_t t = (time_t)unix_s;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
        strcpy(out, "?");
}

static void show_targets(const struct linnet_probe *p)
{
    static const char *const sources[] = {"as given", "DNS SRV", "the domain itself"};
    const struct linnet_probe_target *t;
    heading("Where");
    for (size_t i = 0; (t = linnet_probe_target_at(p, i)); i++) {
        printf("  %-11s ", t->direct_tls ? "direct TLS" : "STARTTLS");
        output_printable(stdout, t->host);
        printf(":%u  (%s", t->port, sources[t->source]);
        if (t->source == LINNET_PROBE_SRV)
            printf(", priority %u, weight %u", t->priority, t->weight);
        puts(")");
    }
    const struct linnet_probe_attempt *a;
    for (size_t i = 0; (a = linnet_probe_attempt_at(p, i)); i++) {
        printf("  %-11s ", i == 0 ? "tried" : "");
        output_printable(stdout, a->address);
        fputs(a->connected ? "  connected" : *a->fault ? "  " : "  given up for another", stdout);
        output_printable(stdout, a->connected ? "" : a->fault);
        printf(", %u ms\n", a->ms);
    }
}

static void show_header(const struct linnet_probe *p, enum linnet_probe_phase phase)
{
    const struct linnet_probe_header *h = linnet_probe_header(p, phase);
    if (!h)
        return;
    printf("  %-11s asked for ", phase == LINNET_PROBE_SECURED ? "after TLS" : "before TLS");
    output_printable(stdout, h->to);
    fputs(*h->from ? ", answered as " : ", answered without a name", stdout);
    output_printable(stdout, h->from);
    if (h->mismatch)
        printf("  %s<- not the same%s", output_red(stdout), output_plain(stdout));
    putchar('\n');
}

static void show_tls(const struct linnet_probe *p)
{
    const struct linnet_tls *tls = linnet_probe_tls(p);
    char from[16], until[16], print[LINNET_FINGERPRINT_SIZE];
    if (!tls)
        return;
    const struct linnet_certificate *c = &tls->certificate;
    heading("Encryption");
    field("version", tls->version);
    field("cipher", tls->cipher);
    field("key", tls->group);
    field("ALPN", tls->alpn);
    heading("Certificate");
    printf("  %-11s ", "verdict");
    if (c->fault == LINNET_OK)
        printf("%strusted%s\n", output_green(stdout), output_plain(stdout));
    else {
        const struct linnet_error_info *info = linnet_error_info(c->fault);
        printf("%s%s%s: ", output_red(stdout), info ? info->heading : "refused",
               output_plain(stdout));
        output_printable(stdout, c->reason);
        putchar('\n');
    }
    field("for", c->names);
    field("issuer", c->issuer);
    date(c->not_before_s, from);
    date(c->not_after_s, until);
    printf("  %-11s %s to %s\n", "valid", from, until);
    linnet_fingerprint(c->sha256, print);
    field("SHA-256", print);
    linnet_fingerprint(c->spki_sha256, print);
    field("pin", print);
}

static void show_features(const struct linnet_probe *p, enum linnet_probe_phase phase)
{
    const struct linnet_element *features = linnet_probe_features(p, phase);
    const struct linnet_element *f = NULL;
    if (!features)
        return;
    printf("  %-11s ", phase == LINNET_PROBE_SECURED ? "after TLS" : "before TLS");
    bool any = false;
    while ((f = linnet_element_next(features, f))) {
        fputs(any ? ", " : "", stdout);
        output_printable(stdout, linnet_element_name(f));
        any = true;
    }
    puts(any ? "" : "nothing");
}

static void show_mechanisms(const struct linnet_probe *p)
{
    bool secured = linnet_probe_mechanism_at(p, LINNET_PROBE_SECURED, 0) != NULL;
    enum linnet_probe_phase phase = secured ? LINNET_PROBE_SECURED : LINNET_PROBE_IN_CLEAR;
    const struct linnet_probe_mechanism *m;
    if (!linnet_probe_mechanism_at(p, phase, 0))
        return;
    heading("Sign-in");
    for (size_t i = 0; (m = linnet_probe_mechanism_at(p, phase, i)); i++) {
        if (!m->offered)
            continue;
        printf("  %s%-1s %-18s%s  ", m->chosen ? output_green(stdout) : "", m->chosen ? "*" : " ",
               m->name, m->chosen ? output_plain(stdout) : "");
        output_printable(stdout, m->reason);
        putchar('\n');
    }
}

static void show_findings(const struct linnet_probe *p)
{
    static const char *const words[] = {"fault", "warning", "note"};
    const struct linnet_probe_finding *f;
    for (size_t i = 0; (f = linnet_probe_finding_at(p, i)); i++) {
        if (i == 0)
            heading("Findings");
        const char *colour = f->level == LINNET_PROBE_FAULT     ? output_red(stdout)
                             : f->level == LINNET_PROBE_WARNING ? output_yellow(stdout)
                                                                : "";
        printf("  %s%-8s%s ", colour, words[f->level], *colour ? output_plain(stdout) : "");
        output_printable(stdout, f->text);
        putchar('\n');
        if (*f->remedy) {
            printf("           %s", output_dim(stdout));
            output_printable(stdout, f->remedy);
            printf("%s\n", output_plain(stdout));
        }
    }
}

static void show_page(const struct linnet_probe *p)
{
    printf("%s%s%s, looked at in %u ms\n", output_bold(stdout), linnet_probe_domain(p),
           output_plain(stdout), linnet_probe_elapsed_ms(p));
    show_targets(p);
    show_tls(p);
    if (linnet_probe_header(p, LINNET_PROBE_IN_CLEAR) ||
        linnet_probe_header(p, LINNET_PROBE_SECURED)) {
        heading("Server");
        show_header(p, LINNET_PROBE_IN_CLEAR);
        show_header(p, LINNET_PROBE_SECURED);
        heading("Features");
        show_features(p, LINNET_PROBE_IN_CLEAR);
        show_features(p, LINNET_PROBE_SECURED);
    }
    show_mechanisms(p);
    show_findings(p);
    putchar('\n');
    if (linnet_probe_error(p)->code == LINNET_OK)
        printf("%sVerdict: a login can begin here.%s\n", output_green(stdout),
               output_plain(stdout));
    else
        printf("%sVerdict: a login would fail.%s\n", output_red(stdout), output_plain(stdout));
    fflush(stdout);
}

/* ---- JSON ---- */

static json_t *json_targets(const struct linnet_probe *p)
{
    static const char *const sources[] = {"configured", "srv", "fallback"};
    const struct linnet_probe_target *t;
    json_t *list = json_array();
    for (size_t i = 0; (t = linnet_probe_target_at(p, i)); i++)
        json_array_append_new(list, json_pack("{ss*,si,si,si,sb,ss}", "host", t->host, "port",
                                              (int)t->port, "priority", (int)t->priority, "weight",
                                              (int)t->weight, "direct_tls", (int)t->direct_tls,
                                              "source", sources[t->source]));
    return list;
}

static json_t *json_attempts(const struct linnet_probe *p)
{
    const struct linnet_probe_attempt *a;
    json_t *list = json_array();
    for (size_t i = 0; (a = linnet_probe_attempt_at(p, i)); i++)
        json_array_append_new(list, json_pack("{ss*,ss*,sb,ss*,si}", "address", a->address, "host",
                                              a->host, "connected", (int)a->connected, "fault",
                                              a->fault, "ms", (int)a->ms));
    return list;
}

static json_t *json_tls(const struct linnet_probe *p)
{
    const struct linnet_tls *tls = linnet_probe_tls(p);
    char sha256[LINNET_FINGERPRINT_SIZE], pin[LINNET_FINGERPRINT_SIZE];
    if (!tls)
        return json_null();
    const struct linnet_certificate *c = &tls->certificate;
    linnet_fingerprint(c->sha256, sha256);
    linnet_fingerprint(c->spki_sha256, pin);
    const struct linnet_error_info *fault = linnet_error_info(c->fault);
    return json_pack("{ss*,ss*,ss*,s:{ss*,ss*,ss*,sI,sI,ss,ss,ss?,ss*}}", "version", tls->version,
                     "cipher", tls->cipher, "group", tls->group, "certificate", "subject",
                     c->subject, "issuer", c->issuer, "names", c->names, "not_before",
                     (json_int_t)c->not_before_s, "not_after", (json_int_t)c->not_after_s, "sha256",
                     sha256, "spki_sha256", pin, "fault", fault ? fault->id : NULL, "reason",
                     c->reason);
}

static json_t *json_phase(const struct linnet_probe *p, enum linnet_probe_phase phase)
{
    const struct linnet_probe_header *h = linnet_probe_header(p, phase);
    const struct linnet_element *features = linnet_probe_features(p, phase), *f = NULL;
    const struct linnet_probe_mechanism *m;
    if (!h)
        return json_null();
    json_t *names = json_array(), *mechanisms = json_array();
    while (features && (f = linnet_element_next(features, f)))
        json_array_append_new(names, json_string(linnet_element_name(f)));
    for (size_t i = 0; (m = linnet_probe_mechanism_at(p, phase, i)); i++)
        json_array_append_new(mechanisms,
                              json_pack("{ss*,sb,sb,sb,sb,ss*}", "name", m->name, "offered",
                                        (int)m->offered, "known", (int)m->known, "chosen",
                                        (int)m->chosen, "weak", (int)m->weak, "reason", m->reason));
    return json_pack("{ss*,ss*,sb,so,so}", "to", h->to, "from", h->from, "mismatch",
                     (int)h->mismatch, "features", names, "mechanisms", mechanisms);
}

static json_t *json_findings(const struct linnet_probe *p)
{
    static const char *const levels[] = {"fault", "warning", "note"};
    const struct linnet_probe_finding *f;
    json_t *list = json_array();
    for (size_t i = 0; (f = linnet_probe_finding_at(p, i)); i++)
        json_array_append_new(list, json_pack("{ss,ss,ss*,ss*}", "level", levels[f->level], "id",
                                              f->id, "text", f->text, "remedy", f->remedy));
    return list;
}

static void show_json(const struct linnet_probe *p)
{
    json_t *object = output_event("probe");
    output_set(object, "domain", linnet_probe_domain(p));
    json_object_set_new(object, "ms", json_integer(linnet_probe_elapsed_ms(p)));
    json_object_set_new(object, "targets", json_targets(p));
    json_object_set_new(object, "attempts", json_attempts(p));
    json_object_set_new(object, "tls", json_tls(p));
    json_object_set_new(object, "in_clear", json_phase(p, LINNET_PROBE_IN_CLEAR));
    json_object_set_new(object, "secured", json_phase(p, LINNET_PROBE_SECURED));
    json_object_set_new(object, "findings", json_findings(p));
    json_object_set_new(object, "usable", json_boolean(linnet_probe_error(p)->code == LINNET_OK));
    output_json(object);
}

int cmd_probe(const struct options *o)
{
    struct session s = {.options = o, .signals = -1};
    struct linnet_probe *probe = NULL;
    struct linnet_config *config = session_config(&s);
    enum linnet_error_code code = s.error.code;
    if (code == LINNET_OK)
        code = linnet_probe_run(config, &probe, &s.error);
    linnet_config_free(config);
    if (code == LINNET_OK) {
        if (o->json)
            show_json(probe);
        else
            show_page(probe);
        s.error = *linnet_probe_error(probe);
        code = s.error.code;
    }
    if (code != LINNET_OK)
        output_failure(o, &s.error);
    linnet_probe_free(probe);
    session_finish(&s, LINNET_OK);
    return code;
}
