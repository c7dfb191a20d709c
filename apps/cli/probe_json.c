#include "failure.h"
#include "fingerprint.h"
#include "output.h"
#include "probe_report.h"

static void set_number(json_t *object, const char *key, int64_t number)
{
    json_object_set_new(object, key, json_integer(number));
}

static void set_bool(json_t *object, const char *key, bool value)
{
    json_object_set_new(object, key, json_boolean(value));
}

static json_t *targets(const struct linnet_probe *p)
{
    static const char *const sources[] = {"configured", "srv", "fallback"};
    const struct linnet_probe_target *t;
    json_t *list = json_array();
    for (size_t i = 0; (t = linnet_probe_target_at(p, i)); i++) {
        json_t *o = json_object();
        output_set(o, "host", t->host);
        set_number(o, "port", t->port);
        set_bool(o, "direct_tls", t->direct_tls);
        output_set(o, "source", sources[t->source]);
        if (t->source == LINNET_PROBE_SRV) {
            set_number(o, "priority", t->priority);
            set_number(o, "weight", t->weight);
        }
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *attempts(const struct linnet_probe *p)
{
    const struct linnet_probe_attempt *a;
    json_t *list = json_array();
    for (size_t i = 0; (a = linnet_probe_attempt_at(p, i)); i++) {
        json_t *o = json_object();
        output_set(o, "address", a->address);
        output_set(o, "host", a->host);
        set_bool(o, "connected", a->connected);
        output_set(o, "fault", a->fault);
        set_number(o, "ms", a->ms);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *certificate(const struct linnet_certificate *c)
{
    char sha256[LINNET_FINGERPRINT_SIZE], pin[PIN_SIZE];
    const struct linnet_error_info *fault = linnet_error_info(c->fault);
    json_t *o = json_object();
    linnet_fingerprint(c->sha256, sha256);
    fingerprint_pin(c->spki_sha256, pin);
    set_bool(o, "trusted", c->fault == LINNET_OK);
    output_set(o, "fault", fault ? fault->id : NULL);
    output_set(o, "reason", c->reason);
    output_set(o, "subject", c->subject);
    output_set(o, "issuer", c->issuer);
    output_set(o, "names", c->names);
    set_number(o, "not_before", c->not_before_s);
    set_number(o, "not_after", c->not_after_s);
    output_set(o, "sha256", sha256);
    output_set(o, "pin", pin);
    return o;
}

static json_t *tls_json(const struct linnet_tls *tls)
{
    if (!tls)
        return json_null();
    json_t *o = json_object();
    output_set(o, "version", tls->version);
    output_set(o, "cipher", tls->cipher);
    output_set(o, "group", tls->group);
    output_set(o, "alpn", tls->alpn);
    json_object_set_new(o, "certificate", certificate(&tls->certificate));
    return o;
}

static json_t *mechanisms(const struct linnet_probe *p, enum linnet_probe_phase phase)
{
    const struct linnet_probe_mechanism *m;
    json_t *list = json_array();
    for (size_t i = 0; (m = linnet_probe_mechanism_at(p, phase, i)); i++) {
        if (!m->offered && !m->chosen)
            continue;
        json_t *o = json_object();
        output_set(o, "name", m->name);
        set_bool(o, "offered", m->offered);
        set_bool(o, "known", m->known);
        set_bool(o, "chosen", m->chosen);
        set_bool(o, "weak", m->weak);
        output_set(o, "reason", m->reason);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *phase_json(const struct linnet_probe *p, enum linnet_probe_phase phase)
{
    const struct linnet_probe_header *h = linnet_probe_header(p, phase);
    const struct linnet_element *features = linnet_probe_features(p, phase), *f = NULL;
    if (!h)
        return json_null();
    json_t *o = json_object(), *names = json_array();
    while (features && (f = linnet_element_next(features, f)))
        json_array_append_new(names, json_string(linnet_element_name(f)));
    output_set(o, "to", h->to);
    output_set(o, "from", h->from);
    set_bool(o, "mismatch", h->mismatch);
    json_object_set_new(o, "features", names);
    json_object_set_new(o, "mechanisms", mechanisms(p, phase));
    return o;
}

static json_t *findings(const struct linnet_probe *p)
{
    static const char *const levels[] = {"fault", "warning", "note"};
    const struct linnet_probe_finding *f;
    json_t *list = json_array();
    for (size_t i = 0; (f = linnet_probe_finding_at(p, i)); i++) {
        json_t *o = json_object();
        output_set(o, "level", levels[f->level]);
        output_set(o, "id", f->id);
        output_set(o, "text", f->text);
        output_set(o, "remedy", f->remedy);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *error_json(const struct options *options, const struct linnet_error *error)
{
    json_t *o = json_object();
    failure_json(o, options, error);
    return o;
}

json_t *probe_json(const struct options *options, const struct linnet_probe *p)
{
    const struct linnet_error *error = linnet_probe_error(p);
    json_t *o = output_event("probe");
    output_set(o, "domain", linnet_probe_domain(p));
    set_number(o, "ms", linnet_probe_elapsed_ms(p));
    json_object_set_new(o, "targets", targets(p));
    json_object_set_new(o, "attempts", attempts(p));
    json_object_set_new(o, "tls", tls_json(linnet_probe_tls(p)));
    json_object_set_new(o, "in_clear", phase_json(p, LINNET_PROBE_IN_CLEAR));
    json_object_set_new(o, "secured", phase_json(p, LINNET_PROBE_SECURED));
    json_object_set_new(o, "findings", findings(p));
    set_bool(o, "usable", error->code == LINNET_OK);
    if (error->code != LINNET_OK)
        json_object_set_new(o, "error", error_json(options, error));
    return o;
}
