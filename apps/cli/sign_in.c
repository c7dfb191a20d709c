#include "sign_in.h"

#include "failure.h"
#include "fingerprint.h"
#include "output.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

enum { PROMPTS_MAX = 3 };

/* How to give it where nobody can be asked. */
#define SOURCES "give it with --password-file, --password-fd, --password-command or LINNET_PASSWORD"

void sign_in_init(struct sign_in *in)
{
    *in = (struct sign_in){.memory = {.lock = -1, .used = -1}};
}

void sign_in_finish(struct sign_in *in)
{
    memory_close(&in->memory);
    password_wipe(&in->typed);
}

/* ---- why there is no password ---- */

/* " at 127.0.0.1:5222", as far as it was said. */
static void place(const struct options *o, char *out, size_t size)
{
    char port[16] = "";
    if (o->port)
        snprintf(port, sizeof port, "%s%u", o->host ? ":" : "port ", o->port);
    snprintf(out, size, "%s%.200s%s", o->host || o->port ? " at " : "", o->host ? o->host : "",
             port);
}

static enum linnet_error_code nothing_remembered(struct session *s)
{
    const struct options *o = s->options;
    char where[256];
    if (!s->sign_in.memory.on || o->memory)
        return failure_set(&s->error, LINNET_ERROR_USAGE,
                           "there is no password and no terminal to ask for it; " SOURCES);
    place(o, where, sizeof where);
    return failure_set(&s->error, LINNET_ERROR_USAGE,
                       "there is no password and no terminal to ask for it; " SOURCES
                       "; no token is remembered of %s%s: a memory is of one account, host and "
                       "port",
                       o->address, where);
}

/* Nobody gave one, and nobody can be asked. */
static enum linnet_error_code no_password(struct session *s)
{
    const struct sign_in *in = &s->sign_in;
    const char *address = s->options->address;
    if (in->token_refused)
        return failure_set(
            &s->error, LINNET_ERROR_BAD_CREDENTIALS,
            "the server no longer accepts the token that was remembered of %s, so "
            "the password is needed, and there is no terminal to ask for it; " SOURCES,
            address);
    if (in->unsaved)
        return failure_set(&s->error, LINNET_ERROR_USAGE,
                           "what is remembered of %s cannot be saved (%s), so no token is used and "
                           "the password is needed; " SOURCES,
                           address, strerror(in->unsaved));
    if (in->memory.shared)
        return failure_set(&s->error, LINNET_ERROR_USAGE,
                           "another linnet is online with what is remembered of %s, so this one "
                           "needs the password; " SOURCES,
                           address);
    return nothing_remembered(s);
}

/* ---- the password ---- */

static bool has_source(const struct options *o)
{
    return o->password_fd >= 0 || o->password_file || o->password_command ||
           getenv("LINNET_PASSWORD");
}

static enum linnet_error_code type_password(struct session *s, const char *before)
{
    struct sign_in *in = &s->sign_in;
    if (!password_can_ask())
        return no_password(s);
    enum linnet_error_code code = password_ask(s->options->address, before, &in->typed, &s->error);
    in->prompts += code == LINNET_OK;
    return code;
}

static enum linnet_error_code read_password(struct session *s, struct linnet_config *config)
{
    struct password password;
    enum linnet_error_code code = password_get(s->options, &password, &s->error);
    s->sign_in.given = code == LINNET_OK;
    if (code == LINNET_OK)
        linnet_config_set_password(config, password.bytes, password.len);
    password_wipe(&password);
    return code;
}

enum linnet_error_code sign_in_ask(struct session *s, const struct linnet_config *config)
{
    return s->sign_in.given || linnet_config_has_token(config) ? LINNET_OK : type_password(s, "");
}

/* The library's token did not do, or what was typed is due. Nobody types against the clock of a
 * login, ours or the server's: what was typed in the midst of it is for the next one. */
static void answer_password(struct session *s, const struct linnet_event *e)
{
    struct sign_in *in = &s->sign_in;
    uint64_t id = e->id;
    in->token_refused |= e->detail != NULL;
    const char *before = in->token_refused ? "The server no longer accepts the token that was "
                                             "remembered.\n"
                                           : "";
    bool asks = in->typed.len == 0;
    bool got = !asks || type_password(s, before) == LINNET_OK;
    in->no_password = !got;
    in->begins_anew = got && asks && !s->logged_in;
    if (in->begins_anew) {
        linnet_client_answer_password(s->client, id, NULL, 0);
        return;
    }
    linnet_client_answer_password(s->client, id, got ? in->typed.bytes : NULL, in->typed.len);
    password_wipe(&in->typed);
}

bool sign_in_again(struct session *s)
{
    struct sign_in *in = &s->sign_in;
    if (in->begins_anew) {
        in->begins_anew = false;
        return true;
    }
    return s->error.code == LINNET_ERROR_BAD_CREDENTIALS && in->prompts > 0 &&
           in->prompts < PROMPTS_MAX && !in->no_password &&
           type_password(s, "That was not accepted.\n") == LINNET_OK;
}

bool sign_in_left_password(const struct session *s)
{
    return s->sign_in.given && (linnet_client_path(s->client) & LINNET_PATH_TOKEN);
}

/* ---- the memory ---- */

/* Once: what is wrong with a disk stays wrong for a while. */
static void say_unsaved(const struct session *s, int why)
{
    const char *path = s->sign_in.memory.path;
    if (s->options->json) {
        json_t *object = output_event("memory-unsaved");
        output_set(object, "file", path);
        output_set(object, "reason", strerror(why));
        output_json(object);
        return;
    }
    fputs("Notice: what is remembered cannot be saved in ", stderr);
    output_printable(stderr, path);
    fprintf(stderr, ": %s; no token is used.\n", strerror(why));
}

static void note_unsaved(struct session *s, int why)
{
    if (!s->sign_in.unsaved)
        say_unsaved(s, why);
    s->sign_in.unsaved = why;
}

static void save(struct session *s)
{
    int why = memory_save(&s->sign_in.memory, s->client);
    if (!why)
        return;
    linnet_client_memory_unsaved(s->client);
    note_unsaved(s, why);
}

enum linnet_error_code sign_in_prepare(struct session *s, struct linnet_config *config,
                                       const char *bare)
{
    struct memory *m = &s->sign_in.memory;
    enum linnet_error_code code = memory_open(m, s->options, bare, &s->error);
    if (code != LINNET_OK)
        return code;
    if (m->on && !m->saves && !m->shared)
        note_unsaved(s, m->why);
    memory_give(m, config);
    linnet_config_accept_change(config, s->options->accept_change);
    linnet_config_set_early_data(config, s->options->early_data);
    return has_source(s->options) ? read_password(s, config) : LINNET_OK;
}

/* The library knows neither the file nor what removes it. */
void sign_in_blame_memory(struct session *s)
{
    const struct options *o = s->options;
    const char *reason = linnet_error_param(&s->error, "reason");
    char why[128], file[512] = "";
    if (s->error.code != LINNET_ERROR_USAGE || !reason || !strstr(reason, "memory"))
        return;
    snprintf(why, sizeof why, "%s", reason);
    if (o->memory)
        snprintf(file, sizeof file, " --memory=%s", o->memory);
    bool lost = strstr(why, "damaged") || strstr(why, "version");
    failure_set(&s->error, LINNET_ERROR_USAGE, "%.300s: %s%s%s%s", s->sign_in.memory.path, why,
                lost ? "; this removes it: linnet forget "
                     : "; move the file away, or name another with --memory",
                lost ? o->address : "", lost ? file : "");
}

/* ---- notices ---- */

static void show_changed_key(const struct session *s, const struct linnet_event *e)
{
    char before[LINNET_FINGERPRINT_SIZE], now[LINNET_FINGERPRINT_SIZE];
    linnet_fingerprint(e->seen_sha256, before);
    linnet_fingerprint(e->certificate->sha256, now);
    if (s->options->json) {
        json_t *object = output_event("certificate-changed");
        output_set(object, "before", before);
        output_set(object, "now", now);
        output_json(object);
    } else if (!s->options->quiet) {
        fprintf(stderr,
                "Notice: the server's certificate is good, but has another key than last time.\n"
                "    before  %s\n    now     %s\n",
                before, now);
    }
}

bool sign_in_serve(struct session *s, const struct linnet_event *e)
{
    switch (e->kind) {
    case LINNET_EVENT_MEMORY:
        save(s);
        return true;
    case LINNET_EVENT_CERTIFICATE_CHANGED:
        show_changed_key(s, e);
        return true;
    case LINNET_EVENT_PASSWORD:
        answer_password(s, e);
        return true;
    default:
        return false;
    }
}
