/* status: figures that every thread may read. */
#include "base/base64.h"
#include "server/c2s/listener.h"
#include "server/report_private.h"
#include "server/report_warnings.h"
#include "server/worker.h"

#include <linnet/linnet.h>

#include <stdio.h>
#include <time.h>

static json_t *loop_status(const struct worker *w, uint64_t now_ms)
{
    json_t *o = object_new();
    put(o, "connections", json_integer(w->shown_conns));
    put(o, "signing_in", json_integer(w->shown_young));
    put(o, "sessions", json_integer(w->shown_sessions));
    put(o, "memory_bytes", json_integer((json_int_t)w->shown_memory));
    put(o, "lag_ms", json_integer((json_int_t)lag_worst_ms(&w->lag, now_ms)));
    return o;
}

static json_t *loops_of(const struct server *server, uint64_t now_ms)
{
    json_t *loops = array_new();
    for (unsigned i = 0; i < server->worker_count; i++)
        add(loops, loop_status(&server->workers[i], now_ms));
    return loops;
}

/* As clients print it: "07:A8:...". */
static void print_fingerprint(const uint8_t sha256[32], char out[96])
{
    for (size_t i = 0; i < 32; i++)
        snprintf(out + 3 * i, 4, "%02X%s", sha256[i], i < 31 ? ":" : "");
}

/* What a client's --pin takes. */
static json_t *pin_of(const struct tls_certificate *cert)
{
    struct buf pin = {0};
    buf_cstr(&pin, "sha256//");
    base64_encode(&pin, str_of(cert->spki_sha256, sizeof cert->spki_sha256));
    if (pin.failed)
        memory_exhausted();
    json_t *text = json_stringn(buf_peek(&pin).ptr, buf_len(&pin));
    buf_finish(&pin);
    return text;
}

/* Of the certificate in force, whatever the files hold by now. */
json_t *report_certificate(const struct report *r)
{
    const struct tls_certificate *cert = &r->server->certificate;
    char sha256[96];
    json_t *o = object_new();
    print_fingerprint(cert->sha256, sha256);
    put(o, "subject", json_string(cert->subject));
    put(o, "names", json_string(cert->names));
    put(o, "not_after_s", json_integer(cert->not_after_s));
    put(o, "sha256", json_string(sha256));
    put(o, "pin", pin_of(cert));
    return o;
}

static json_t *listening_of(const struct server *server)
{
    json_t *list = array_new();
    const char *text;
    for (size_t i = 0; (text = listeners_text(server->listeners, i)); i++)
        add(list, json_string(text));
    return list;
}

static json_t *commit_of(const struct ops_commits *c)
{
    json_t *o = object_new();
    put(o, "total", json_integer((json_int_t)c->total));
    put(o, "count", json_integer((json_int_t)c->recent.count));
    put(o, "mean_ms", json_real((double)c->recent.mean_us / 1000));
    put(o, "worst_ms", json_real((double)c->recent.worst_us / 1000));
    return o;
}

/* Of all loops together. */
struct sums {
    unsigned connections, signing_in, sessions;
    uint64_t figures[FIGURES];
    uint64_t lag_worst_ms;
    size_t memory_most_bytes;
};

static void add_loop(struct sums *sums, const struct worker *w, uint64_t now_ms)
{
    uint64_t lag_ms = lag_worst_ms(&w->lag, now_ms);
    sums->connections += w->shown_conns;
    sums->signing_in += w->shown_young;
    sums->sessions += w->shown_sessions;
    for (int i = 0; i < FIGURES; i++)
        sums->figures[i] += figures_shown(&w->figures, (enum figure)i);
    if (lag_ms > sums->lag_worst_ms)
        sums->lag_worst_ms = lag_ms;
    if (w->shown_memory > sums->memory_most_bytes)
        sums->memory_most_bytes = w->shown_memory;
}

static json_t *warnings_of(const struct server *server, const struct sums *sums,
                           const struct ops_commits *commits)
{
    const struct settings *set = &server->live->settings;
    size_t most_bytes = (size_t)set->limits_memory_per_loop_bytes;
    struct warning_facts facts = {
        .now_s = (int64_t)time(NULL),
        .domain = server->domain,
        .certificate = &server->certificate,
        .certificate_fits = server->certificate_fits,
        .legacy = set->login_legacy,
        .throttled = set->login_throttle,
        .commit_worst_ms = commits->recent.worst_us / 1000,
        .lag_worst_ms = sums->lag_worst_ms,
        .memory_percent = (unsigned)((double)sums->memory_most_bytes / (double)most_bytes * 100),
    };
    return report_warnings(&facts);
}

static void put_counts(json_t *o, const struct sums *sums)
{
    static const char *const names[FIGURES] = {
        [FIGURE_MESSAGES] = "messages",
        [FIGURE_STANZAS_IN] = "stanzas_in",
        [FIGURE_STANZAS_OUT] = "stanzas_out",
        [FIGURE_CHANGES] = "changes",
    };
    put(o, "connections", json_integer(sums->connections));
    put(o, "signing_in", json_integer(sums->signing_in));
    put(o, "sessions", json_integer(sums->sessions));
    for (int i = 0; i < FIGURES; i++)
        put(o, names[i], json_integer((json_int_t)sums->figures[i]));
}

void report_status(struct report *r, struct control_call *call)
{
    const struct server *server = r->server;
    uint64_t now_ms = loop_now_ms();
    struct ops_commits commits = ops_commits(server->ops);
    struct sums sums = {0};
    json_t *o = object_new();
    for (unsigned i = 0; i < server->worker_count; i++)
        add_loop(&sums, &server->workers[i], now_ms);
    put(o, "version", json_string(LINNET_VERSION));
    put(o, "domain", json_string(server->domain));
    put(o, "uptime_s", json_integer((json_int_t)((now_ms - server->started_ms) / 1000)));
    put(o, "listening", listening_of(server));
    put_counts(o, &sums);
    put(o, "lag_ms", json_integer((json_int_t)sums.lag_worst_ms));
    put(o, "commit", commit_of(&commits));
    put(o, "loops", loops_of(server, now_ms));
    put(o, "certificate", report_certificate(r));
    put(o, "warnings", warnings_of(server, &sums, &commits));
    control_call_reply(call, o);
}
