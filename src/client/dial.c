#include "client/dial.h"

#include "client/network.h"
#include "client/redirect.h"

#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_ATTEMPT_MS = 10000, PEER_BYTES = CONNECT_TARGET_BYTES + 16 };

struct dial {
    struct dial_settings set;
    struct connect *connect;
    struct pump *pump;
    struct chan *held; /* connected, until dial_go_on; NULL */
    struct loop_timer *go_on;
    enum linnet_stage stage;
    bool committed;  /* a mechanism was chosen: credentials may have been sent */
    bool direct_tls; /* of the present target */
    bool session_offered;
    struct redirects redirects;
    struct linnet_error best; /* of the target that came furthest; LINNET_OK: none failed yet */
    char domain[256];         /* A-label form or IP literal: the name that must be proven */
    char peer[PEER_BYTES];
};

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void dial_format_address(const char *address, uint16_t port, char *out, size_t out_size)
{
    snprintf(out, out_size, strchr(address, ':') ? "[%s]:%u" : "%s:%u", address, port);
}

void dial_policy(const struct linnet_config *config, struct login_policy *ret)
{
    static const enum policy_tls tls[] = {
        [LINNET_TLS_REQUIRE] = POLICY_TLS_REQUIRE,
        [LINNET_TLS_PREFER] = POLICY_TLS_PREFER,
        [LINNET_TLS_OFF] = POLICY_TLS_OFF,
    };
    *ret = (struct login_policy){.tls = tls[config->tls], .legacy = config->legacy};
    const char *mechanism = config->texts[CONFIG_MECHANISM];
    if (mechanism)
        snprintf(ret->mechanism, sizeof ret->mechanism, "%s", mechanism);
}

static void enter(struct dial *d, enum linnet_stage stage)
{
    if (d->stage == stage)
        return;
    d->stage = stage;
    d->set.hooks->stage(d->set.ctx, stage);
}

/* ---- one target ---- */

static void on_pump_event(void *ctx, const struct stream_event *event)
{
    struct dial *d = ctx;
    if (event->kind == STREAM_EVENT_STAGE)
        d->stage = event->stage;
    else if (event->kind == STREAM_EVENT_MECHANISM)
        d->committed = true;
    d->set.hooks->event(d->set.ctx, event);
}

static void on_secured(void *ctx, const struct tls_facts *facts)
{
    struct dial *d = ctx;
    d->set.hooks->secured(d->set.ctx, facts);
}

/* Whether another server of the same domain may do better. Never once a credential may have been
 * sent, and never where the fault is ours. */
static bool may_go_on(const struct dial *d, const struct linnet_error *error)
{
    if (d->committed)
        return false;
    switch (error->code) {
    case LINNET_ERROR_TIMEOUT:
    case LINNET_ERROR_NOT_XMPP:
    case LINNET_ERROR_CONNECTION_LOST:
    case LINNET_ERROR_TLS_FAILED:
    case LINNET_ERROR_TLS_MISSING:
    case LINNET_ERROR_CERT_UNTRUSTED:
    case LINNET_ERROR_CERT_NAME:
    case LINNET_ERROR_CERT_EXPIRED:
    case LINNET_ERROR_HOST_UNKNOWN:
    case LINNET_ERROR_SHUTDOWN:
        return true;
    default:
        return false;
    }
}

/* The failure that came furthest tells most. */
static void keep_best(struct dial *d, const struct linnet_error *error)
{
    if (d->best.code == LINNET_OK || error->stage > d->best.stage)
        d->best = *error;
}

/* A ticket serves once (RFC 8446 §C.4): no second target may see it. */
static void drop_pump(struct dial *d)
{
    d->session_offered = dial_session_offered(d);
    if (d->session_offered)
        d->set.tls_session = STR_NONE;
    pump_free(d->pump);
    d->pump = NULL;
}

static struct connect *start_connect(struct dial *d);

/* The stream gives this code to a redirect that may be believed, with the value it came with. */
static bool is_redirect(const struct linnet_error *error)
{
    return error->code == LINNET_ERROR_REDIRECT_LOOP;
}

/* Begins anew at the host that `error` names. False: `error` then says why not. */
static bool follow(struct dial *d, struct linnet_error *error)
{
    struct redirect to;
    struct linnet_error why = {.stage = error->stage};
    const char *value = linnet_error_param(error, "redirect");
    if (!redirect_parse(str_from(value), &to)) {
        error_set(&why, LINNET_ERROR_PROTOCOL, LINNET_ORIGIN_PEER, "domain", d->domain, "reason",
                  "it sends the login to another host, but names none that could be used", NULL);
    } else if (!redirects_follow(&d->redirects, d->peer, &to)) {
        error_set(&why, LINNET_ERROR_REDIRECT_LOOP, LINNET_ORIGIN_PEER, "hosts",
                  d->redirects.visited, NULL);
    } else {
        connect_free(d->connect);
        d->connect = start_connect(d);
        if (d->connect)
            return true;
        error_set(&why, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    }
    error_set_peer(&why, error->condition, str_from(error->peer_text));
    *error = why;
    return false;
}

/* The server sent us on. What was of the target before is forgotten: its TLS session is not for
 * another host, and nothing was sent to the new one. */
static void redirected(struct dial *d, struct linnet_error *error)
{
    struct linnet_error said = *error;
    drop_pump(d);
    if (!follow(d, error)) {
        d->set.hooks->ended(d->set.ctx, error);
        return;
    }
    d->committed = false;
    d->best = (struct linnet_error){0};
    d->set.tls_session = STR_NONE;
    d->set.hooks->target_failed(d->set.ctx, &said);
    enter(d, LINNET_STAGE_CONNECT);
}

static void on_pump_ended(void *ctx, const struct linnet_error *error)
{
    struct dial *d = ctx;
    struct linnet_error copy = *error;
    if (is_redirect(&copy)) {
        redirected(d, &copy);
        return;
    }
    if (may_go_on(d, &copy)) {
        drop_pump(d);
        keep_best(d, &copy);
        const struct linnet_error_info *info = linnet_error_info(copy.code);
        if (connect_next(d->connect, info ? info->heading : "failed")) {
            d->set.hooks->target_failed(d->set.ctx, &copy);
            connect_set_deadline(
                d->connect, min_u64(d->set.deadline_ms, loop_now_ms() + d->set.config->stage_ms));
            enter(d, LINNET_STAGE_CONNECT);
            return;
        }
        copy = d->best;
    }
    d->set.hooks->ended(d->set.ctx, &copy);
}

static const struct pump_hooks pump_hooks = {on_pump_event, on_secured, on_pump_ended};

static struct stream *new_stream(const struct dial *d, bool direct_tls)
{
    const struct linnet_config *c = d->set.config;
    const char *resource = c->texts[CONFIG_RESOURCE];
    uint64_t now_ms = loop_now_ms();
    uint64_t left_ms = d->set.deadline_ms > now_ms ? d->set.deadline_ms - now_ms : 1;
    struct stream_config config = {
        .side = STREAM_CLIENT,
        .kind = STREAM_C2S,
        .framing = STREAM_FRAMING_TCP,
        .direct_tls = direct_tls,
        .random = d->set.random,
        .trace = d->set.trace,
        .lang = c->texts[CONFIG_LANG],
        .login_timeout_ms = (uint32_t)min_u64(left_ms, UINT32_MAX),
        .stage_timeout_ms = c->stage_ms,
        .keepalive_ms = c->keepalive_ms,
        .domain = c->address.domain,
        .username = d->set.anonymous ? STR_NONE : c->address.local,
        .resource = resource ? str_from(resource) : c->address.resource,
        .upgrade = d->set.upgrade,
    };
    dial_policy(c, &config.policy);
    if (d->set.hooks->prepare)
        d->set.hooks->prepare(d->set.ctx, &config);
    return stream_new(&config, now_ms);
}

static void fail_memory(struct dial *d)
{
    struct linnet_error error = {.stage = d->stage};
    error_set(&error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    d->set.hooks->ended(d->set.ctx, &error);
}

static void run(struct dial *d, struct chan *chan)
{
    struct stream *stream = new_stream(d, d->direct_tls);
    if (!stream) {
        chan_free(chan);
        fail_memory(d);
        return;
    }
    struct pump_settings settings = {
        .stream = stream,
        .chan = chan,
        .tls = d->set.tls,
        .tls_host = d->domain,
        .target = d->peer,
        .direct_tls = d->direct_tls,
        .tls_timeout_ms = d->set.config->stage_ms,
        .tls_session = d->set.tls_session,
        .early_data = d->set.config->memory.early_data,
        .hooks = &pump_hooks,
        .ctx = d,
    };
    d->pump = pump_new(d->set.loop, &settings);
    if (!d->pump)
        fail_memory(d);
}

static void on_go_on(void *ctx)
{
    struct dial *d = ctx;
    struct chan *chan = d->held;
    d->held = NULL;
    if (chan)
        run(d, chan);
}

void dial_go_on(struct dial *d)
{
    if (d && d->held)
        loop_timer_set(d->go_on, 0);
}

/* ---- connecting ---- */

static void on_progress(void *ctx, enum connect_step step, const struct connect_target *target,
                        const char *reason)
{
    struct dial *d = ctx;
    (void)reason;
    (void)target;
    if (step != CONNECT_STEP_CONNECTING || d->stage == LINNET_STAGE_CONNECT)
        return;
    connect_set_deadline(d->connect,
                         min_u64(d->set.deadline_ms, loop_now_ms() + d->set.config->stage_ms));
    enter(d, LINNET_STAGE_CONNECT);
}

/* The host that was set, or that a redirect named, is at fault, not the domain. */
static void blame_host(const struct dial *d, struct linnet_error *error)
{
    const char *host = d->set.config->texts[CONFIG_HOST];
    bool redirected = d->redirects.count > 0;
    struct linnet_error copy = {.stage = error->stage};
    if ((!host && !redirected) || error->code != LINNET_ERROR_DNS_NONE)
        return;
    error_set(&copy, error->code, error->origin, "domain", d->domain,
              redirected ? "redirect" : "host", redirected ? d->redirects.to.host : host, NULL);
    *error = copy;
}

static void on_connected(void *ctx, struct chan *chan, const struct connect_target *target,
                         const struct linnet_error *error)
{
    struct dial *d = ctx;
    if (chan) {
        enter(d, LINNET_STAGE_CONNECT);
        d->direct_tls = target->direct_tls;
        dial_format_address(target->address, target->port, d->peer, sizeof d->peer);
        d->set.hooks->connected(d->set.ctx, target);
        if (d->set.hooks->holds && d->set.hooks->holds(d->set.ctx))
            d->held = chan;
        else
            run(d, chan);
        return;
    }
    keep_best(d, error);
    struct linnet_error copy = d->best;
    network_judge(&copy, network_is_up());
    blame_host(d, &copy);
    d->set.hooks->ended(d->set.ctx, &copy);
}

static const struct connect_events connect_events = {on_progress, on_connected};

static enum connect_tls wanted_tls(const struct linnet_config *c)
{
    if (c->direct_tls)
        return CONNECT_TLS_DIRECT;
    return c->tls == LINNET_TLS_OFF ? CONNECT_TLS_STARTTLS : CONNECT_TLS_ANY;
}

/* Where to: as configured, or as the last redirect says. That is a domain to be resolved anew, by
 * SRV too (RFC 6120 §4.9.3.19), or a host and a port, which speak TLS as those did who named them.
 */
static void set_target(const struct dial *d, struct connect_settings *settings)
{
    const struct linnet_config *c = d->set.config;
    const struct redirect *to = &d->redirects.to;
    settings->tls = wanted_tls(c);
    settings->domain = to->host[0] ? to->host : d->domain;
    settings->host = to->host[0] ? NULL : c->texts[CONFIG_HOST];
    settings->port = to->host[0] ? to->port : c->port;
    if (to->port && d->direct_tls)
        settings->tls = CONNECT_TLS_DIRECT;
}

static struct connect *start_connect(struct dial *d)
{
    const struct linnet_config *c = d->set.config;
    struct connect_settings settings = {
        .srv_starttls = "_xmpp-client._tcp",
        .srv_direct = "_xmpps-client._tcp",
        .port_starttls = 5222,
        .port_direct = 5223,
        .deadline_ms = min_u64(d->set.deadline_ms, loop_now_ms() + c->stage_ms),
        .attempt_timeout_ms = (unsigned)min_u64(c->stage_ms, CONNECT_ATTEMPT_MS),
        .random = d->set.random,
        .dns = d->set.dns,
    };
    set_target(d, &settings);
    return connect_start(d->set.loop, &settings, &connect_events, d);
}

struct tls_ctx *dial_tls_new(const struct linnet_config *c, struct linnet_error *error)
{
    char reason[TLS_REASON_BYTES] = "";
    struct tls_client_settings settings = {
        .ca_file = c->texts[CONFIG_CA_FILE],
        .pin_count = c->pin_count,
        .srv_service = "xmpp-client",
        .xmpp_addr = true,
    };
    memcpy(settings.pins, c->pins, sizeof settings.pins);
    struct tls_ctx *ctx = tls_ctx_new_client(&settings, reason);
    if (!ctx)
        error_set(error, settings.ca_file ? LINNET_ERROR_SETTINGS : LINNET_ERROR_NO_MEMORY,
                  LINNET_ORIGIN_HERE, "reason", reason, NULL);
    return ctx;
}

struct dial *dial_start(const struct dial_settings *settings, struct linnet_error *error)
{
    struct dial *d = calloc(1, sizeof *d);
    if (!d) {
        error_set(error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
        return NULL;
    }
    d->set = *settings;
    if (!jid_domain_ascii(d->set.config->address.domain, d->domain)) {
        error_set(error, LINNET_ERROR_BAD_ADDRESS, LINNET_ORIGIN_HERE, "address",
                  d->set.config->address.full, "reason", "its domain cannot be looked up", NULL);
        goto fail;
    }
    d->stage = LINNET_STAGE_RESOLVE;
    d->set.hooks->stage(d->set.ctx, LINNET_STAGE_RESOLVE);
    d->go_on = loop_timer_new(d->set.loop, on_go_on, d);
    d->connect = d->go_on ? start_connect(d) : NULL;
    if (d->connect)
        return d;
    error_set(error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
fail:
    dial_free(d);
    return NULL;
}

void dial_free(struct dial *d)
{
    if (!d)
        return;
    pump_free(d->pump);
    chan_free(d->held);
    loop_timer_free(d->go_on);
    connect_free(d->connect);
    free(d);
}

bool dial_session_offered(const struct dial *d)
{
    return d && (d->session_offered || (d->pump && pump_session_offered(d->pump)));
}

void dial_withhold_session(struct dial *d)
{
    if (d)
        d->set.tls_session = STR_NONE;
}

struct pump *dial_pump(const struct dial *d)
{
    return d ? d->pump : NULL;
}

const struct connect_report *dial_report(const struct dial *d)
{
    return d->connect ? connect_report(d->connect) : NULL;
}
