#include "output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum linnet_error_code failure(struct linnet_error *error, enum linnet_error_code code,
                               const char *fmt, ...)
{
    *error = (struct linnet_error){.code = code};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(error->sentence, sizeof error->sentence, fmt, ap);
    va_end(ap);
    return code;
}

/* ---- colours ---- */

bool output_colours(FILE *to)
{
    const char *no = getenv("NO_COLOR");
    return isatty(fileno(to)) && !(no && *no);
}

static const char *escape(FILE *to, const char *sequence)
{
    return output_colours(to) ? sequence : "";
}

const char *output_bold(FILE *to)
{
    return escape(to, "\033[1m");
}

const char *output_red(FILE *to)
{
    return escape(to, "\033[1;31m");
}

const char *output_green(FILE *to)
{
    return escape(to, "\033[32m");
}

const char *output_yellow(FILE *to)
{
    return escape(to, "\033[33m");
}

const char *output_dim(FILE *to)
{
    return escape(to, "\033[2m");
}

const char *output_plain(FILE *to)
{
    return escape(to, "\033[0m");
}

/* ---- text ---- */

/* C1 controls (U+0080 to U+009F) are two bytes in UTF-8, and some terminals obey them. */
static bool is_c1(const unsigned char *p)
{
    return p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f;
}

/* Marks that turn the direction of what follows can make a line read as what it is not. */
static bool is_bidi_control(const unsigned char *p)
{
    return p[0] == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
                            (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}

void output_printable(FILE *to, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '\n')
            fputs("\\n", to);
        else if (*p == '\t')
            fputs("\\t", to);
        else if (*p < 0x20 || *p == 0x7f)
            fprintf(to, "\\x%02x", *p);
        else if (is_c1(p)) {
            fprintf(to, "\\u%04x", p[1]);
            p++;
        } else if (is_bidi_control(p)) {
            fputs("?", to);
            p += 2;
        } else
            putc(*p, to);
    }
}

static void line(const char *before, const char *text, const char *after)
{
    fputs(before, stderr);
    output_printable(stderr, text);
    fputs(after, stderr);
}

static void peer_words(const struct linnet_error *e)
{
    if (!e->condition[0] && !e->peer_text[0])
        return;
    line("  The server said: ", e->condition, "");
    if (e->peer_text[0])
        line(e->condition[0] ? " - \"" : "\"", e->peer_text, "\"");
    fputc('\n', stderr);
}

static void failure_text(const struct linnet_error *e)
{
    const struct linnet_error_info *info = linnet_error_info(e->code);
    bool ours = e->code == LINNET_ERROR_USAGE && !e->params[0];
    if (ours) {
        line("linnet: ", e->sentence, "\n");
        return;
    }
    fprintf(stderr, "%s%s%s\n", output_red(stderr), info ? info->heading : "Failure",
            output_plain(stderr));
    line("  ", e->sentence, "\n");
    peer_words(e);
    if (info && info->remedy[0])
        fprintf(stderr, "  %s%s%s\n", output_dim(stderr), info->remedy, output_plain(stderr));
}

/* ---- JSON ---- */

json_t *output_event(const char *name)
{
    json_t *object = json_object();
    output_set(object, "event", name);
    return object;
}

void output_set(json_t *object, const char *key, const char *text)
{
    if (text && *text)
        json_object_set_new(object, key, json_string(text));
}

void output_json(json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    if (text)
        puts(text);
    fflush(stdout);
    free(text);
    json_decref(object);
}

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

static void failure_json(const struct linnet_error *e)
{
    static const char *const retries[] = {"no", "yes", "on-network", "long"};
    const struct linnet_error_info *info = linnet_error_info(e->code);
    json_t *object = output_event("error");
    output_set(object, "code", info ? info->id : "internal");
    json_object_set_new(object, "exit", json_integer(e->code));
    output_set(object, "stage", linnet_stage_name(e->stage));
    output_set(object, "origin", linnet_origin_name(e->origin));
    output_set(object, "condition", e->condition);
    output_set(object, "peer_text", e->peer_text);
    output_set(object, "heading", info ? info->heading : NULL);
    output_set(object, "sentence", e->sentence);
    output_set(object, "remedy", info ? info->remedy : NULL);
    output_set(object, "retry", retries[e->retry]);
    set_params(object, e);
    output_json(object);
}

int output_failure(const struct options *o, const struct linnet_error *error)
{
    if (o->json)
        failure_json(error);
    else
        failure_text(error);
    return error->code;
}
