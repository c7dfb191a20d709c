#include "failure.h"

#include "fingerprint.h"
#include "output.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum linnet_error_code failure_set(struct linnet_error *error, enum linnet_error_code code,
                                   const char *fmt, ...)
{
    *error = (struct linnet_error){.code = code};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(error->sentence, sizeof error->sentence, fmt, ap);
    va_end(ap);
    return code;
}

/* Said by failure_set: it speaks of this command, not of the row of the catalogue. */
static bool is_own(const struct linnet_error *e)
{
    return e->stage == LINNET_STAGE_NONE && !e->params[0] && e->code != LINNET_ERROR_NO_MEMORY;
}

static bool is_certificate(const struct linnet_error *e)
{
    return e->code == LINNET_ERROR_CERT_UNTRUSTED || e->code == LINNET_ERROR_CERT_NAME ||
           e->code == LINNET_ERROR_CERT_EXPIRED;
}

/* ---- text ---- */

const char *failure_hint(const struct options *o, const struct linnet_error *e)
{
    const char *offered = linnet_error_param(e, "offered");
    switch (e->code) {
    case LINNET_ERROR_DOWNGRADE:
        return "--accept-change takes the server as it is now for right; --mech names a method.";
    case LINNET_ERROR_DNS_FAILED:
        return o->host ? NULL : "--host and --port say where the server is if DNS does not.";
    case LINNET_ERROR_CONNECTION_LOST:
        return e->stage == LINNET_STAGE_SECURE && !o->direct_tls
                   ? "If this port wants TLS from the first byte, add --direct-tls."
                   : NULL;
    case LINNET_ERROR_TLS_FAILED:
        return o->direct_tls ? "If this port wants STARTTLS, leave out --direct-tls." : NULL;
    case LINNET_ERROR_CERT_UNTRUSTED:
        return o->pin_count ? NULL
                            : "Once the administrator has confirmed the key, --pin accepts it, or "
                              "--cafile its issuer.";
    case LINNET_ERROR_CERT_NAME:
    case LINNET_ERROR_CERT_EXPIRED:
        return "--pin accepts this key, whatever else the certificate says.";
    case LINNET_ERROR_TLS_MISSING:
        return o->tls == LINNET_TLS_REQUIRE
                   ? "--tls=prefer goes on without encryption, though never with PLAIN."
                   : NULL;
    case LINNET_ERROR_NO_MECHANISM:
        if (o->tls == LINNET_TLS_OFF)
            return "Without TLS many servers let nobody sign in, and PLAIN is never used: leave "
                   "out "
                   "--tls=off.";
        if (o->mechanism)
            return "Without --mech linnet chooses by itself.";
        return !o->legacy && offered && strstr(offered, "DIGEST-MD5")
                   ? "--legacy lets DIGEST-MD5 take part, which is weak."
                   : NULL;
    case LINNET_ERROR_STANZA:
        return strcmp(e->condition, "service-unavailable") == 0
                   ? "Most often: there is no such user, or nobody is online there and the server "
                     "keeps no messages."
                   : NULL;
    case LINNET_ERROR_PROTOCOL:
        return o->trace ? NULL : "--trace=FILE writes down what was said, secrets masked.";
    default:
        return NULL;
    }
}

/* What the catalogue advises, unless the options say it better. */
static const char *remedy(const struct options *o, const struct linnet_error *e)
{
    const struct linnet_error_info *info = linnet_error_info(e->code);
    if (e->code == LINNET_ERROR_NO_MECHANISM && o->tls == LINNET_TLS_OFF)
        return NULL; /* what is missing is TLS: the hint says so */
    if (e->code == LINNET_ERROR_DNS_NONE && o->host && linnet_error_param(e, "host"))
        return "Check the name given with --host.";
    return info ? info->remedy : NULL;
}

static void fact(FILE *to, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    fprintf(to, "    %-8s ", name);
    output_wrapped(to, 13, value);
}

/* The sentence of a certificate's row tells all in one breath; people compare it line by line. */
static void certificate_body(FILE *to, const struct linnet_error *e)
{
    char sentence[sizeof e->sentence], valid[128] = "";
    uint8_t bytes[32];
    const char *sha256 = linnet_error_param(e, "sha256");
    const char *from = linnet_error_param(e, "not_before");
    const char *until = linnet_error_param(e, "not_after");
    strcpy(sentence, e->sentence);
    char *facts = strstr(sentence, "; ");
    if (facts)
        strcpy(facts, ".");
    output_wrapped(to, 2, sentence);
    if (from && until)
        snprintf(valid, sizeof valid, "%.60s to %.60s", from, until);
    fact(to, "for", linnet_error_param(e, "names"));
    fact(to, "issuer", linnet_error_param(e, "issuer"));
    fact(to, "valid", valid);
    if (sha256 && fingerprint_parse(sha256, bytes)) {
        fputs("    SHA-256  ", to);
        fingerprint_print(to, 13, bytes);
    }
    fact(to, "pin", linnet_error_param(e, "pin"));
    fact(to, "before", linnet_error_param(e, "seen"));
}

static void peer_words(FILE *to, const struct linnet_error *e)
{
    char words[sizeof e->condition + sizeof e->peer_text + 8];
    const char *before = e->condition[0] && e->peer_text[0] ? ", " : "";
    const char *quote = e->peer_text[0] ? "\"" : "";
    if (!e->condition[0] && !e->peer_text[0])
        return;
    snprintf(words, sizeof words, "%s%s%s%s%s", e->condition, before, quote, e->peer_text, quote);
    fputs("  The server said: ", to);
    output_wrapped(to, 19, words);
}

static void indented(FILE *to, const char *text)
{
    if (!text || !*text)
        return;
    fputs("  ", to);
    output_wrapped(to, 2, text);
}

void failure_body(FILE *to, const struct options *o, const struct linnet_error *e)
{
    fputs("  ", to);
    if (is_certificate(e))
        certificate_body(to, e);
    else
        output_wrapped(to, 2, e->sentence);
    peer_words(to, e);
    indented(to, remedy(o, e));
    indented(to, failure_hint(o, e));
}

static void print_text(const struct options *o, const struct linnet_error *e)
{
    const struct linnet_error_info *info = linnet_error_info(e->code);
    if (e->code == LINNET_ERROR_INTERRUPTED) {
        if (isatty(STDERR_FILENO))
            fputc('\n', stderr);
    } else if (is_own(e) || e->code == LINNET_ERROR_USAGE) {
        fputs("linnet: ", stderr);
        output_wrapped(stderr, 8, e->sentence);
    } else {
        fprintf(stderr, "%s%s%s\n", output_red(stderr), info ? info->heading : "Failure",
                output_plain(stderr));
        failure_body(stderr, o, e);
    }
}

/* ---- JSON ---- */

static void set_params(json_t *object, const struct linnet_error *e)
{
    json_t *params = json_object();
    for (const char *name = e->params; *name;) {
        const char *value = name + strlen(name) + 1;
        output_set(params, name, value);
        name = value + strlen(value) + 1;
    }
    json_object_set_new(object, "params", params);
}

void failure_json(json_t *object, const struct options *o, const struct linnet_error *e)
{
    const struct linnet_error_info *info = linnet_error_info(e->code);
    output_set(object, "code", info ? info->id : "internal");
    json_object_set_new(object, "exit", json_integer(e->code));
    output_set(object, "stage", linnet_stage_name(e->stage));
    output_set(object, "origin", linnet_origin_name(e->origin));
    output_set(object, "condition", e->condition);
    output_set(object, "peer_text", e->peer_text);
    output_set(object, "sentence", e->sentence);
    if (info && !is_own(e)) {
        output_set(object, "heading", info->heading);
        output_set(object, "remedy", remedy(o, e));
    }
    output_set(object, "retry", linnet_retry_name(e->retry));
    if (e->retry_after_s)
        json_object_set_new(object, "retry_after_s", json_integer(e->retry_after_s));
    set_params(object, e);
}

int failure_print(const struct options *o, const struct linnet_error *error)
{
    if (o->json) {
        json_t *object = output_event("error");
        failure_json(object, o, error);
        output_json(object);
    }
    /* What was asked wrongly is read by whoever wrote it, even where a program reads the rest. */
    if (!o->json || error->code == LINNET_ERROR_USAGE)
        print_text(o, error);
    return error->code;
}
