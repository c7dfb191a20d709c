#include "client/probe_private.h"

#include "client/tls_public.h"

#include <stdlib.h>
#include <time.h>

/* One run: a loop of its own, a dial without user name, and the report that grows. */
struct run {
    uv_loop_t loop;
    struct entropy entropy;
    struct linnet_config *config;
    struct linnet_probe *probe;
    struct dial *dial;
    struct loop_timer *deadline;
    uint64_t start_ms;
    bool over;
};

/* ---- what the stream says ---- */

static enum linnet_probe_phase phase_of(const struct run *r)
{
    return r->probe->has_tls ? LINNET_PROBE_SECURED : LINNET_PROBE_IN_CLEAR;
}

static const char *keep(struct linnet_probe *p, const char *s)
{
    const char *copy = arena_dup(&p->arena, str_from(s ? s : ""));
    return copy ? copy : "";
}

static bool same_domain(const char *from, struct str domain)
{
    char prepared[JID_PART_MAX_BYTES + 1];
    size_t len;
    return jid_prepare_domain(str_from(from), prepared, &len) == JID_OK &&
           str_eq(str_of(prepared, len), domain);
}

static void on_header(struct run *r, const struct stream_header_info *h)
{
    struct linnet_probe *p = r->probe;
    struct probe_phase *phase = &p->phases[phase_of(r)];
    phase->seen_header = true;
    phase->header = (struct linnet_probe_header){
        .to = p->domain,
        .from = keep(p, h->from),
        .id = keep(p, h->id),
        .lang = keep(p, h->lang),
        .mismatch = h->from && !same_domain(h->from, r->config->address.domain),
    };
}

static size_t list_texts(const struct element *parent, const char *ns, const char *name,
                         const char *attr, struct str *to, size_t max)
{
    size_t n = 0;
    const struct element *e = NULL;
    while (parent && n < max && (e = element_next(parent, e)))
        if (element_is(e, ns, name))
            to[n++] = attr ? str_from(element_attr(e, attr)) : element_text(e);
    return n;
}

/* The verdicts that a login would come to, from the same function. */
static void judge_mechanisms(struct run *r, struct probe_phase *phase)
{
    struct str names[32], types[POLICY_BINDINGS_MAX];
    struct linnet_probe *p = r->probe;
    struct login_policy policy;
    struct policy_choice choice;
    dial_policy(r->config, &policy);
    struct policy_offer offer = {
        .mechanisms = names,
        .mechanism_count = list_texts(element_child(phase->features, NS_SASL, "mechanisms"),
                                      NS_SASL, "mechanism", NULL, names, ARRAY_LEN(names)),
        .binding_types = types,
        .binding_type_count =
            list_texts(element_child(phase->features, "urn:xmpp:sasl-cb:0", "sasl-channel-binding"),
                       "urn:xmpp:sasl-cb:0", "channel-binding", "type", types, ARRAY_LEN(types)),
        .tls = p->has_tls ? &p->facts : NULL,
        .verified = p->has_tls && p->facts.verdict == TLS_VERDICT_OK,
    };
    policy_choose(&policy, &offer, &choice);
    phase->has_choice = choice.mech != NULL;
    for (size_t i = 0; i < choice.row_count && i < ARRAY_LEN(phase->mechanisms); i++) {
        const struct policy_row *row = &choice.rows[i];
        phase->mechanisms[phase->mechanism_count++] = (struct linnet_probe_mechanism){
            .name = keep(p, row->name),
            .offered = row->offered,
            .known = row->mech != NULL,
            .chosen = row->verdict == POLICY_CHOSEN,
            .weak = row->mech && (sasl_mech_flags(row->mech) & SASL_MECH_LEGACY),
            .reason = policy_verdict_text(row->verdict),
        };
    }
}

static void on_features(struct run *r, const struct element *features)
{
    struct linnet_probe *p = r->probe;
    struct probe_phase *phase = &p->phases[phase_of(r)];
    phase->features = element_copy(&p->arena, features);
    phase->mechanism_count = 0;
    judge_mechanisms(r, phase);
}

static void on_event(void *ctx, const struct stream_event *event)
{
    struct run *r = ctx;
    struct stream *s = pump_stream(dial_pump(r->dial));
    switch (event->kind) {
    case STREAM_EVENT_STAGE:
        r->probe->stage = event->stage;
        break;
    case STREAM_EVENT_HEADER:
        on_header(r, event->header);
        break;
    case STREAM_EVENT_FEATURES:
        on_features(r, event->element);
        break;
    case STREAM_WANT_VERIFY:
        /* Nothing secret follows, and the report tells what a login would make of it. */
        stream_answer_verify(s, loop_now_ms(), event->id, true);
        break;
    case STREAM_EVENT_MECHANISM:
        stream_close(s, loop_now_ms(), STREAM_OK, STR_NONE); /* this is what it came for */
        break;
    default:
        break;
    }
}

static void on_secured(void *ctx, const struct tls_facts *facts)
{
    struct run *r = ctx;
    struct linnet_probe *p = r->probe;
    p->facts = *facts;
    p->has_tls = true;
    tls_public(&p->facts, &p->tls);
}

/* ---- what connecting says ---- */

static void on_stage(void *ctx, enum linnet_stage stage)
{
    struct run *r = ctx;
    r->probe->stage = stage;
}

static void on_connected(void *ctx, const struct connect_target *target)
{
    struct run *r = ctx;
    (void)target;
    /* A target before this one may have left its words. */
    memset(r->probe->phases, 0, sizeof r->probe->phases);
    r->probe->has_tls = false;
}

static void on_target_failed(void *ctx, const struct linnet_error *error)
{
    (void)ctx;
    (void)error; /* the attempt carries the reason */
}

static struct linnet_probe_target *targets_new(struct linnet_probe *p, size_t count)
{
    p->targets = arena_alloc(&p->arena, count * sizeof *p->targets);
    p->target_count = p->targets ? count : 0;
    return p->targets;
}

static void keep_records(struct linnet_probe *p, const struct connect_report *report)
{
    struct linnet_probe_target *to = targets_new(p, report->record_count);
    for (size_t i = 0; to && i < report->record_count; i++) {
        const struct srv_record *record = &report->records[i];
        to[i] = (struct linnet_probe_target){
            .host = keep(p, record->target),
            .port = record->port,
            .priority = record->priority,
            .weight = record->weight,
            .direct_tls = record->direct_tls,
            .source = LINNET_PROBE_SRV,
        };
    }
}

/* Without records there is one place: what was configured, or the domain itself. */
static void keep_single_target(struct linnet_probe *p, const struct linnet_config *c)
{
    bool direct = c->direct_tls || c->port == 5223;
    bool configured = c->texts[CONFIG_HOST] || c->port;
    struct linnet_probe_target *to = targets_new(p, 1);
    if (!to)
        return;
    *to = (struct linnet_probe_target){
        .host = c->texts[CONFIG_HOST] ? keep(p, c->texts[CONFIG_HOST]) : p->domain,
        .port = c->port  ? c->port
                : direct ? 5223
                         : 5222,
        .direct_tls = direct,
        .source = configured ? LINNET_PROBE_CONFIGURED : LINNET_PROBE_FALLBACK,
    };
}

static const char *attempt_fault(const struct connect_attempt *a)
{
    if (a->outcome == CONNECT_CONNECTED || a->outcome == CONNECT_LOST_RACE ||
        a->outcome == CONNECT_TRYING)
        return "";
    return a->reason[0] ? a->reason : connect_outcome_name(a->outcome);
}

static void keep_attempts(struct linnet_probe *p, const struct connect_report *report)
{
    p->attempts = arena_alloc(&p->arena, report->attempt_count * sizeof *p->attempts);
    for (size_t i = 0; p->attempts && i < report->attempt_count; i++) {
        const struct connect_attempt *a = &report->attempts[i];
        char address[CONNECT_ADDRESS_BYTES + 16] = "";
        if (a->target.address[0])
            dial_format_address(a->target.address, a->target.port, address, sizeof address);
        p->attempts[p->attempt_count++] = (struct linnet_probe_attempt){
            .address = keep(p, address),
            .host = keep(p, a->target.host),
            .connected = a->outcome == CONNECT_CONNECTED,
            .fault = keep(p, attempt_fault(a)),
            .ms = a->took_ms,
        };
    }
}

static void keep_report(struct run *r)
{
    const struct connect_report *report = r->dial ? dial_report(r->dial) : NULL;
    if (report && report->record_count > 0)
        keep_records(r->probe, report);
    else
        keep_single_target(r->probe, r->config);
    if (report)
        keep_attempts(r->probe, report);
}

/* ---- the run ---- */

static void end(struct run *r, const struct linnet_error *error)
{
    if (r->over)
        return;
    r->over = true;
    r->probe->error = *error;
    r->probe->elapsed_ms = loop_now_ms() - r->start_ms;
    keep_report(r);
    dial_free(r->dial);
    r->dial = NULL;
    loop_timer_stop(r->deadline);
}

static void on_ended(void *ctx, const struct linnet_error *error)
{
    end(ctx, error);
}

static void on_deadline(void *ctx)
{
    struct run *r = ctx;
    struct linnet_error error = {.stage = r->probe->stage};
    error_set(&error, LINNET_ERROR_TIMEOUT, LINNET_ORIGIN_NETWORK, "stage",
              linnet_stage_name(r->probe->stage), NULL);
    end(r, &error);
}

static const struct dial_hooks hooks = {
    .stage = on_stage,
    .connected = on_connected,
    .target_failed = on_target_failed,
    .event = on_event,
    .secured = on_secured,
    .ended = on_ended,
};

static void trace(void *ctx, enum stream_direction direction, struct str xml)
{
    const struct config_trace *t = ctx;
    t->sink(t->ctx, direction == STREAM_SENT ? LINNET_SENT : LINNET_RECEIVED, xml.ptr, xml.len);
}

static void run_loop(struct run *r)
{
    struct linnet_error error = {0};
    struct tls_ctx *tls = dial_tls_new(r->config, &error);
    struct dial_settings settings = {
        .loop = &r->loop,
        .config = r->config,
        .tls = tls,
        .random = entropy_source(&r->entropy),
        .deadline_ms = r->start_ms + r->config->login_ms,
        .anonymous = true,
        .trace = {r->config->trace.sink ? trace : NULL, &r->config->trace, false},
        .hooks = &hooks,
        .ctx = r,
    };
    loop_timer_set(r->deadline, r->config->login_ms);
    r->dial = tls ? dial_start(&settings, &error) : NULL;
    if (!r->dial)
        end(r, &error);
    while (!r->over)
        uv_run(&r->loop, UV_RUN_ONCE);
    tls_ctx_unref(tls);
}

static struct linnet_probe *report_new(const struct linnet_config *config)
{
    struct linnet_probe *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    arena_init(&p->arena, 0, false);
    p->domain = arena_dup(&p->arena, config->address.domain);
    if (!p->domain) {
        linnet_probe_free(p);
        return NULL;
    }
    return p;
}

/* Runs on a loop of its own; false when out of memory. */
static bool run(struct linnet_config *config, struct linnet_probe *probe)
{
    struct run r = {.config = config, .probe = probe, .start_ms = loop_now_ms()};
    if (!loop_init(&r.loop))
        return false;
    entropy_init(&r.entropy);
    r.deadline = loop_timer_new(&r.loop, on_deadline, &r);
    if (r.deadline)
        run_loop(&r);
    loop_timer_free(r.deadline);
    loop_finish(&r.loop);
    entropy_finish(&r.entropy);
    return r.over && !probe->arena.failed;
}

enum linnet_error_code linnet_probe_run(const struct linnet_config *config,
                                        struct linnet_probe **ret_probe, struct linnet_error *error)
{
    struct linnet_error found = {0};
    *ret_probe = NULL;
    struct linnet_config *copy = config_dup(config, false, &found);
    struct linnet_probe *p = copy ? report_new(copy) : NULL;
    bool done = p && run(copy, p);
    if (copy && !done)
        error_set(&found, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    /* What failed here, before anything was looked at, is no report on a server. */
    if (done &&
        (p->error.code == LINNET_ERROR_SETTINGS || p->error.code == LINNET_ERROR_NO_MEMORY ||
         p->error.code == LINNET_ERROR_BAD_ADDRESS))
        found = p->error;
    if (found.code == LINNET_OK)
        probe_find(p, copy, time(NULL));
    linnet_config_free(copy);
    if (found.code != LINNET_OK) {
        linnet_probe_free(p);
        if (error)
            *error = found;
        return found.code;
    }
    *ret_probe = p;
    return LINNET_OK;
}

void linnet_probe_free(struct linnet_probe *p)
{
    if (p)
        arena_finish(&p->arena);
    free(p);
}

/* ---- reading the report ---- */

const char *linnet_probe_domain(const struct linnet_probe *p)
{
    return p->domain;
}

const struct linnet_error *linnet_probe_error(const struct linnet_probe *p)
{
    return &p->error;
}

enum linnet_stage linnet_probe_stage(const struct linnet_probe *p)
{
    return p->stage;
}

uint32_t linnet_probe_elapsed_ms(const struct linnet_probe *p)
{
    return (uint32_t)p->elapsed_ms;
}

const struct linnet_probe_target *linnet_probe_target_at(const struct linnet_probe *p, size_t index)
{
    return index < p->target_count ? &p->targets[index] : NULL;
}

const struct linnet_probe_attempt *linnet_probe_attempt_at(const struct linnet_probe *p,
                                                           size_t index)
{
    return index < p->attempt_count ? &p->attempts[index] : NULL;
}

const struct linnet_tls *linnet_probe_tls(const struct linnet_probe *p)
{
    return p->has_tls ? &p->tls : NULL;
}

static const struct probe_phase *phase_at(const struct linnet_probe *p,
                                          enum linnet_probe_phase phase)
{
    static const struct probe_phase none;
    return (unsigned)phase < PROBE_PHASES ? &p->phases[phase] : &none;
}

const struct linnet_probe_header *linnet_probe_header(const struct linnet_probe *p,
                                                      enum linnet_probe_phase phase)
{
    return phase_at(p, phase)->seen_header ? &phase_at(p, phase)->header : NULL;
}

const struct linnet_element *linnet_probe_features(const struct linnet_probe *p,
                                                   enum linnet_probe_phase phase)
{
    return element_public(phase_at(p, phase)->features);
}

const struct linnet_probe_mechanism *
linnet_probe_mechanism_at(const struct linnet_probe *p, enum linnet_probe_phase phase, size_t index)
{
    const struct probe_phase *at = phase_at(p, phase);
    return index < at->mechanism_count ? &at->mechanisms[index] : NULL;
}

const struct linnet_probe_finding *linnet_probe_finding_at(const struct linnet_probe *p,
                                                           size_t index)
{
    return index < p->finding_count ? &p->findings[index] : NULL;
}
