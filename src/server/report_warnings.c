#include "server/report_warnings.h"

#include "base/datetime.h"
#include "base/error.h"
#include "server/report_private.h"

#include <inttypes.h>
#include <stdarg.h>

/* ---- parameters: name, NUL, value, NUL, as error_render takes them ---- */

static void say(struct buf *params, const char *name, const char *fmt, ...) PRINTF(3, 4);

static void say(struct buf *params, const char *name, const char *fmt, ...)
{
    char text[1100], value[640];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    error_copy_text(value, sizeof value, str_from(text)); /* a cut leaves UTF-8 */
    buf_append(params, name, strlen(name) + 1);
    buf_append(params, value, strlen(value) + 1);
}

static void say_day(struct buf *params, int64_t unix_s)
{
    char text[DATETIME_BYTES];
    datetime_format(unix_s, text);
    say(params, "day", "%.10s", text);
}

static json_t *params_json(const char *params)
{
    json_t *o = object_new();
    while (*params) {
        const char *value = params + strlen(params) + 1;
        put(o, params, json_string(value));
        params = value + strlen(value) + 1;
    }
    return o;
}

/* ---- checks ---- */

static bool has_expired(const struct warning_facts *f, struct buf *params)
{
    say_day(params, f->certificate->not_after_s);
    return f->certificate->not_after_s <= f->now_s;
}

static bool expires(const struct warning_facts *f, struct buf *params)
{
    int64_t left_s = f->certificate->not_after_s - f->now_s;
    say_day(params, f->certificate->not_after_s);
    say(params, "days", "%" PRId64, left_s / 86400);
    return left_s > 0 && left_s < WARN_EXPIRES_S;
}

static bool names_another(const struct warning_facts *f, struct buf *params)
{
    const char *names = f->certificate->names;
    say(params, "domain", "%s", f->domain);
    if (names[0])
        say(params, "names", "%s", names);
    return !f->certificate_fits;
}

static bool is_self_signed(const struct warning_facts *f, struct buf *params)
{
    (void)params;
    return cstr_eq(f->certificate->subject, f->certificate->issuer);
}

static bool is_slow_to_commit(const struct warning_facts *f, struct buf *params)
{
    say(params, "worst_ms", "%" PRIu64, f->commit_worst_ms);
    return f->commit_worst_ms > WARN_COMMIT_MS;
}

static bool is_late(const struct warning_facts *f, struct buf *params)
{
    say(params, "worst_ms", "%" PRIu64, f->lag_worst_ms);
    return f->lag_worst_ms > WARN_LAG_MS;
}

static bool has_little_memory(const struct warning_facts *f, struct buf *params)
{
    say(params, "percent", "%u", f->memory_percent);
    return f->memory_percent > WARN_MEMORY_PERCENT;
}

static bool allows_legacy(const struct warning_facts *f, struct buf *params)
{
    (void)params;
    return f->legacy;
}

static bool lets_guess(const struct warning_facts *f, struct buf *params)
{
    (void)params;
    return !f->throttled;
}

static const struct {
    const char *id, *severity;
    /* Whether it is so; fills the parameters in any case. */
    bool (*is_so)(const struct warning_facts *f, struct buf *params);
    const char *sentence, *remedy;
} checks[] = {
    {"certificate-expired", "error", has_expired, "The certificate expired on {day}.",
     "Clients refuse it. Put a new one in its place (tls.certificate, tls.key) and send the server "
     "SIGHUP."},
    {"certificate-name", "error", names_another,
     "The certificate is not for {domain}; it names [{names}|nobody].",
     "Clients refuse it. Get one for the domain; one that the server made itself is made anew at "
     "the next start when it is removed."},
    {"memory", "warning", has_little_memory,
     "A loop holds {percent} % of the memory that it may have.",
     "Beyond it connections are ended, the largest first. limits.memory_per_loop_bytes says how "
     "much it may have."},
    {"commit-slow", "warning", is_slow_to_commit,
     "Writing to the database took up to {worst_ms} ms in the last ten seconds.",
     "Sign-ins and changes wait for it. See what else uses the disk, and whether it is failing or "
     "full."},
    {"loop-late", "warning", is_late,
     "A loop was up to {worst_ms} ms late in the last ten seconds.",
     "Everybody on it waits so long. See whether the machine has enough processor time and memory; "
     "loops says how many threads share the work."},
    {"certificate-expires", "warning", expires, "The certificate expires on {day}.",
     "Put a new one in its place (tls.certificate, tls.key) and send the server SIGHUP."},
    {"login-unthrottled", "warning", lets_guess, "Passwords can be guessed at any speed.",
     "Set login.throttle to true."},
    {"login-legacy", "warning", allows_legacy, "Outdated sign-in methods are allowed.",
     "Set login.legacy to false when no client needs DIGEST-MD5 any more."},
    {"certificate-self-signed", "warning", is_self_signed,
     "The certificate is self-signed: clients cannot check it by themselves.",
     "Get one from a public authority (tls.certificate, tls.key), or give each client the pin that "
     "linnetctl status shows."},
};

json_t *report_warnings(const struct warning_facts *facts)
{
    json_t *warnings = array_new();
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        struct buf params = {0};
        char sentence[1024];
        bool is_so = checks[i].is_so(facts, &params);
        buf_byte(&params, '\0');
        if (params.failed)
            memory_exhausted();
        if (is_so) {
            const char *said = buf_peek(&params).ptr;
            json_t *o = object_new();
            error_render(checks[i].sentence, said, sentence, sizeof sentence);
            put(o, "id", json_string(checks[i].id));
            put(o, "severity", json_string(checks[i].severity));
            put(o, "params", params_json(said));
            put(o, "sentence", json_string(sentence));
            put(o, "remedy", json_string(checks[i].remedy));
            add(warnings, o);
        }
        buf_finish(&params);
    }
    return warnings;
}
