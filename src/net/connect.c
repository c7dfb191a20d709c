#include "net/connect.h"

#include "net/connect_race.h"
#include "net/loop.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

/* How long the answer for one kind of SRV waits for the other: there are resolvers that never
 * answer questions they do not know. */
enum { SRV_GRACE_MS = 1000, ATTEMPT_TIMEOUT_MS = 10000 };

/* One SRV question. */
struct connect_lookup {
    struct connect *connect;
    struct dns_query *query;
    struct dns_srv_answer answer;
    struct srv_record records[SRV_MAX_RECORDS];
    bool asked, answered;
};

struct connect {
    uv_loop_t *loop;
    struct connect_events events;
    void *ctx;

    /* settings */
    char domain[CONNECT_TARGET_BYTES];
    enum connect_tls tls;
    uint16_t port_starttls, port_direct;
    unsigned attempt_timeout_ms;
    struct random_source random;

    struct dns *dns; /* NULL when there is nothing to ask */
    struct connect_lookup direct, starttls;
    struct loop_timer *step; /* ends the wait for SRV; or begins */
    struct loop_timer *deadline;
    uint64_t began_ms, deadline_ms;

    /* What to try: races of records [from, to) of equal priority. */
    struct srv_record records[2 * SRV_MAX_RECORDS];
    size_t count, from, to;
    struct connect_race *race;
    bool from_srv;
    size_t winner; /* entry in the log of the last one given to the owner */

    struct connect_log log;
    struct connect_report report;
};

static bool is_ip(const char *text)
{
    uint8_t ip[16];
    return inet_pton(AF_INET, text, ip) == 1 || inet_pton(AF_INET6, text, ip) == 1;
}

const char *connect_outcome_name(enum connect_outcome outcome)
{
    static const char *const names[] = {
        [CONNECT_TRYING] = "trying",       [CONNECT_CONNECTED] = "connected",
        [CONNECT_REFUSED] = "refused",     [CONNECT_UNREACHABLE] = "unreachable",
        [CONNECT_TIMED_OUT] = "timed-out", [CONNECT_UNRESOLVED] = "unresolved",
        [CONNECT_LOST_RACE] = "lost-race", [CONNECT_REJECTED] = "rejected",
        [CONNECT_FAILED] = "failed",
    };
    return (size_t)outcome < ARRAY_LEN(names) ? names[outcome] : "";
}

/* ---- the end ---- */

/* Stops whatever is under way; the log stays. */
static void connect_stop(struct connect *c)
{
    connect_race_free(c->race);
    c->race = NULL;
    dns_cancel(c->direct.query);
    dns_cancel(c->starttls.query);
    c->direct.query = c->starttls.query = NULL;
    loop_timer_stop(c->step);
    loop_timer_stop(c->deadline);
}

static void connect_fail(struct connect *c, const struct linnet_error *error)
{
    connect_stop(c);
    c->events.done(c->ctx, NULL, NULL, error); /* may free c */
}

static void fail_no_memory(struct connect *c)
{
    struct linnet_error error = {.stage = LINNET_STAGE_CONNECT};
    error_set(&error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    connect_fail(c, &error);
}

/* "chat.example.org:5222 at 192.0.2.1 (connection refused)" */
static void attempt_describe(const struct connect_attempt *a, char *out, size_t out_size)
{
    const struct connect_target *t = &a->target;
    bool is_v6 = strchr(t->host, ':');
    int n = snprintf(out, out_size, is_v6 ? "[%s]:%u" : "%s:%u", t->host, t->port);
    size_t used = n > 0 ? (size_t)n : 0;
    if (t->address[0] && !is_ip(t->host) && used < out_size) {
        n = snprintf(out + used, out_size - used, " at %s", t->address);
        used += n > 0 ? (size_t)n : 0;
    }
    if (a->reason[0] && used < out_size)
        snprintf(out + used, out_size - used, " (%s)", a->reason);
}

static void log_describe(const struct connect_log *log, char *out, size_t out_size)
{
    size_t used = 0;
    out[0] = 0;
    for (size_t i = 0; i < log->count && used < out_size; i++) {
        char text[420];
        attempt_describe(&log->attempts[i], text, sizeof(text));
        int n = snprintf(out + used, out_size - used, "%s%s", used ? ", " : "", text);
        used += n > 0 ? (size_t)n : 0;
    }
}

static size_t log_count(const struct connect_log *log, enum connect_outcome outcome)
{
    size_t count = 0;
    for (size_t i = 0; i < log->count; i++)
        count += log->attempts[i].outcome == outcome;
    return count;
}

static void fail_timeout(struct connect *c)
{
    char seconds[24];
    struct linnet_error error = {.stage = LINNET_STAGE_RESOLVE};
    for (size_t i = 0; i < c->log.count; i++)
        if (c->log.attempts[i].target.address[0])
            error.stage = LINNET_STAGE_CONNECT;
    snprintf(seconds, sizeof(seconds), "%.0f", (double)(loop_now_ms() - c->began_ms) / 1000);
    error_set(&error, LINNET_ERROR_TIMEOUT, LINNET_ORIGIN_NETWORK, "seconds", seconds, "stage",
              linnet_stage_name(error.stage), NULL);
    connect_fail(c, &error);
}

/* No name of any target has an address. */
static void fail_unresolved(struct connect *c, enum dns_status status, const char *host)
{
    char answer[400];
    struct linnet_error error = {.stage = LINNET_STAGE_RESOLVE};
    if (strcmp(host, c->domain) == 0)
        snprintf(answer, sizeof(answer), "%s", dns_status_text(status));
    else
        snprintf(answer, sizeof(answer), "its server is %s, and %s", host, dns_status_text(status));
    error_set(&error,
              status == DNS_NO_MEMORY      ? LINNET_ERROR_NO_MEMORY
              : dns_status_is_none(status) ? LINNET_ERROR_DNS_NONE
                                           : LINNET_ERROR_DNS_FAILED,
              LINNET_ORIGIN_NETWORK, "domain", c->domain, "answer", answer, NULL);
    connect_fail(c, &error);
}

static void fail_not_offered(struct connect *c)
{
    struct linnet_error error = {.stage = LINNET_STAGE_RESOLVE};
    error_set(&error, LINNET_ERROR_DNS_NONE, LINNET_ORIGIN_PEER, "domain", c->domain, "answer",
              "the domain says that it does not offer this service", NULL);
    connect_fail(c, &error);
}

/* Everything was tried. */
static void fail_exhausted(struct connect *c)
{
    char targets[700];
    struct linnet_error error = {.stage = LINNET_STAGE_CONNECT};
    size_t unresolved = log_count(&c->log, CONNECT_UNRESOLVED);
    size_t tried = c->log.count - unresolved;
    if (log_count(&c->log, CONNECT_TIMED_OUT) == tried) {
        fail_timeout(c);
        return;
    }
    log_describe(&c->log, targets, sizeof(targets));
    error_set(&error,
              log_count(&c->log, CONNECT_UNREACHABLE) == tried ? LINNET_ERROR_OFFLINE
                                                               : LINNET_ERROR_REFUSED,
              LINNET_ORIGIN_NETWORK, "targets", targets, NULL);
    connect_fail(c, &error);
}

static void deadline_passed(void *ctx)
{
    struct connect *c = ctx;
    for (size_t i = 0; i < c->log.count; i++) {
        struct connect_attempt *a = &c->log.attempts[i];
        if (a->outcome != CONNECT_TRYING)
            continue;
        a->outcome = CONNECT_TIMED_OUT;
        a->took_ms = (unsigned)(loop_now_ms() - c->log.began_ms[i]);
        snprintf(a->reason, sizeof(a->reason), "no answer");
    }
    fail_timeout(c);
}

/* ---- races ---- */

static bool race_begin(struct connect *c);

static void race_progress(void *ctx, enum connect_step step, const struct connect_target *target,
                          const char *reason)
{
    struct connect *c = ctx;
    if (c->events.progress)
        c->events.progress(c->ctx, step, target, reason);
}

static void race_won(struct connect *c, int fd, size_t attempt)
{
    struct chan *chan = chan_tcp_new(fd);
    if (!chan) {
        fail_no_memory(c);
        return;
    }
    c->winner = attempt;
    loop_timer_stop(c->deadline);
    const struct connect_target target = c->log.attempts[attempt].target;
    c->events.done(c->ctx, chan, &target, NULL); /* may free c */
}

static void race_done(void *ctx, int fd, size_t attempt)
{
    struct connect *c = ctx;
    if (fd >= 0) {
        race_won(c, fd, attempt);
        return;
    }
    if (c->to < c->count) {
        if (!race_begin(c))
            fail_no_memory(c);
        return;
    }
    if (log_count(&c->log, CONNECT_UNRESOLVED) == c->log.count) {
        const char *host;
        enum dns_status status = connect_race_dns(c->race, &host);
        char copy[CONNECT_TARGET_BYTES]; /* the race is freed before it is said */
        snprintf(copy, sizeof(copy), "%s", host);
        fail_unresolved(c, status, copy);
        return;
    }
    fail_exhausted(c);
}

/* Races the next records of equal priority. */
static bool race_begin(struct connect *c)
{
    connect_race_free(c->race);
    c->from = c->to;
    while (c->to < c->count && c->records[c->to].priority == c->records[c->from].priority)
        c->to++;
    const struct connect_race_settings s = {
        .loop = c->loop,
        .dns = c->dns,
        .log = &c->log,
        .attempt_timeout_ms = c->attempt_timeout_ms,
        .from_srv = c->from_srv,
        .progress = race_progress,
        .done = race_done,
        .ctx = c,
    };
    c->race = connect_race_new(&s, c->records + c->from, c->to - c->from);
    return c->race;
}

/* ---- SRV ---- */

static void use_one_target(struct connect *c, const char *host, uint16_t port, bool direct_tls)
{
    c->count = 1;
    c->records[0] = (struct srv_record){.port = port, .direct_tls = direct_tls};
    snprintf(c->records[0].target, sizeof(c->records[0].target), "%s", host);
}

static void use_fallback(struct connect *c)
{
    bool direct = c->tls == CONNECT_TLS_DIRECT;
    use_one_target(c, c->domain, direct ? c->port_direct : c->port_starttls, direct);
}

static void use_records(struct connect *c)
{
    const struct connect_lookup *lookups[] = {&c->direct, &c->starttls};
    for (size_t i = 0; i < ARRAY_LEN(lookups); i++) {
        memcpy(c->records + c->count, lookups[i]->records,
               lookups[i]->answer.count * sizeof(c->records[0]));
        c->count += lookups[i]->answer.count;
    }
    srv_order(c->records, c->count, &c->random);
    c->from_srv = true;
    c->report.records = c->records;
    c->report.record_count = c->count;
}

/* Both answers are there, or one that we will not wait for. */
static void srv_decided(struct connect *c)
{
    loop_timer_stop(c->step);
    dns_cancel(c->direct.query);
    dns_cancel(c->starttls.query);
    c->direct.query = c->starttls.query = NULL;
    switch (srv_decide(c->direct.answer.answer, c->starttls.answer.answer)) {
    case SRV_PLAN_NOT_OFFERED:
        fail_not_offered(c);
        return;
    case SRV_PLAN_FALLBACK:
        use_fallback(c);
        break;
    case SRV_PLAN_RECORDS:
        use_records(c);
        break;
    }
    if (!race_begin(c))
        fail_no_memory(c);
}

static bool lookup_waits(const struct connect_lookup *l)
{
    return l->asked && !l->answered;
}

static void lookup_answered(void *ctx, const struct dns_srv_answer *answer)
{
    struct connect_lookup *l = ctx;
    struct connect *c = l->connect;
    l->query = NULL;
    l->answered = true;
    l->answer = *answer;
    l->answer.records = NULL;
    if (answer->count > 0)
        memcpy(l->records, answer->records, answer->count * sizeof(l->records[0]));
    c->report.srv_direct = c->direct.answer;
    c->report.srv_starttls = c->starttls.answer;
    if (!lookup_waits(&c->direct) && !lookup_waits(&c->starttls))
        srv_decided(c);
    else if (answer->answer == SRV_RECORDS)
        loop_timer_set(c->step, SRV_GRACE_MS);
}

static bool lookup_begin(struct connect *c, struct connect_lookup *l, const char *service,
                         bool direct_tls)
{
    char name[2 * CONNECT_TARGET_BYTES];
    snprintf(name, sizeof(name), "%s.%s", service, c->domain);
    l->connect = c;
    l->asked = true;
    l->answer.status = DNS_TIMEOUT; /* until it is known */
    l->query = dns_query_srv(c->dns, name, direct_tls, lookup_answered, l);
    return l->query;
}

/* ---- the beginning ---- */

/* The first turn of the loop, or the end of the wait for a second SRV answer. */
static void connect_step(void *ctx)
{
    struct connect *c = ctx;
    if (c->report.asked_srv && (c->direct.answered || c->starttls.answered)) {
        srv_decided(c);
        return;
    }
    race_progress(c, CONNECT_STEP_RESOLVING, NULL, NULL);
}

/* The user's host or port, or an IP literal, leave nothing to ask SRV for (RFC 6120 §3.2.3). */
static bool use_given_target(struct connect *c, const struct connect_settings *s)
{
    if (!s->host && !s->port && !is_ip(s->domain))
        return false;
    bool direct = s->tls == CONNECT_TLS_DIRECT ||
                  (s->tls == CONNECT_TLS_ANY && s->port != 0 && s->port == s->port_direct);
    uint16_t port = s->port ? s->port : direct ? s->port_direct : s->port_starttls;
    use_one_target(c, s->host ? s->host : s->domain, port, direct);
    return true;
}

static bool connect_begin(struct connect *c, const struct connect_settings *s)
{
    bool given = use_given_target(c, s);
    if (!given || !is_ip(c->records[0].target)) {
        c->dns = dns_new(c->loop, s->dns);
        if (!c->dns)
            return false;
    }
    if (given)
        return race_begin(c);
    c->report.asked_srv = true;
    if (s->tls != CONNECT_TLS_STARTTLS && !lookup_begin(c, &c->direct, s->srv_direct, true))
        return false;
    if (s->tls != CONNECT_TLS_DIRECT && !lookup_begin(c, &c->starttls, s->srv_starttls, false))
        return false;
    c->report.srv_direct = c->direct.answer;
    c->report.srv_starttls = c->starttls.answer;
    loop_timer_set(c->step, 0);
    return true;
}

struct connect *connect_start(uv_loop_t *loop, const struct connect_settings *s,
                              const struct connect_events *events, void *ctx)
{
    struct connect *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->loop = loop;
    c->events = *events;
    c->ctx = ctx;
    snprintf(c->domain, sizeof(c->domain), "%s", s->domain);
    c->tls = s->tls;
    c->port_starttls = s->port_starttls;
    c->port_direct = s->port_direct;
    c->attempt_timeout_ms = s->attempt_timeout_ms ? s->attempt_timeout_ms : ATTEMPT_TIMEOUT_MS;
    c->random = s->random;
    c->began_ms = loop_now_ms();
    c->step = loop_timer_new(loop, connect_step, c);
    c->deadline = loop_timer_new(loop, deadline_passed, c);
    if (!c->step || !c->deadline || !connect_begin(c, s)) {
        connect_free(c);
        return NULL;
    }
    connect_set_deadline(c, s->deadline_ms);
    return c;
}

bool connect_next(struct connect *c, const char *reason)
{
    if (!c->race)
        return false;
    struct connect_attempt *a = &c->log.attempts[c->winner];
    a->outcome = CONNECT_REJECTED;
    snprintf(a->reason, sizeof(a->reason), "%s", reason);
    if (!connect_race_next(c->race) && (c->to >= c->count || !race_begin(c)))
        return false;
    connect_set_deadline(c, c->deadline_ms);
    return true;
}

void connect_set_deadline(struct connect *c, uint64_t deadline_ms)
{
    c->deadline_ms = deadline_ms;
    if (deadline_ms)
        loop_timer_set_at(c->deadline, deadline_ms);
    else
        loop_timer_stop(c->deadline);
}

const struct connect_report *connect_report(struct connect *c)
{
    c->report.attempts = c->log.attempts;
    c->report.attempt_count = c->log.count;
    return &c->report;
}

void connect_free(struct connect *c)
{
    if (!c)
        return;
    connect_race_free(c->race);
    dns_free(c->dns);
    loop_timer_free(c->step);
    loop_timer_free(c->deadline);
    free(c);
}
