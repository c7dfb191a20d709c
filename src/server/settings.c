/* The layers of settings: defaults, what is stored, file, environment, --set; then what must hold
 * between them. */
#include "server/settings.h"

#include "sasl/sasl.h"
#include "server/settings_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

enum { FILE_MAX_BYTES = 1024 * 1024, NAME_MAX_BYTES = 128, WHERE_MAX_BYTES = 256 };

#define ENVIRONMENT_PREFIX "LINNETD_"

struct load {
    struct settings *settings;
    struct linnet_error *error;
};

/* Fails with "where: reason"; `where` may be "". */
static enum linnet_error_code refuse(struct load *l, const char *where, const char *fmt, ...)
    PRINTF(3, 4);

static enum linnet_error_code refuse(struct load *l, const char *where, const char *fmt, ...)
{
    char reason[WHERE_MAX_BYTES + NAME_MAX_BYTES + SETTINGS_REASON_BYTES];
    size_t len = (size_t)snprintf(reason, WHERE_MAX_BYTES, "%.*s%s", WHERE_MAX_BYTES - 3, where,
                                  *where ? ": " : "");
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(reason + len, sizeof reason - len, fmt, ap);
    va_end(ap);
    return error_set(l->error, LINNET_ERROR_SETTINGS, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

static void *value_at(struct settings *s, const struct settings_row *row)
{
    return (char *)s + row->offset;
}

static const void *value_peek(const struct settings *s, const struct settings_row *row)
{
    return (const char *)s + row->offset;
}

/* --- unknown names --- */

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance; both shorter than NAME_MAX_BYTES. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_BYTES + 1], len = strlen(b);
    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= len; j++) {
            size_t up = row[j];
            row[j] = min3(up + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = up;
        }
    }
    return row[len];
}

/* The name that `name` may have been meant for: at most a third of it is wrong. `spell` gives a
 * row's name as it is written there. */
static bool find_nearest(const char *name, void (*spell)(const char *name, char *out),
                         char ret[NAME_MAX_BYTES])
{
    enum { WRONG_MAX = 3 };
    const struct settings_row *row;
    size_t len = strlen(name), least = len / 3 < WRONG_MAX ? len / 3 + 1 : WRONG_MAX + 1;
    bool found = false;
    for (size_t i = 0; len < NAME_MAX_BYTES && (row = settings_row_at(i)); i++) {
        char known[NAME_MAX_BYTES];
        spell(row->name, known);
        size_t d = distance(name, known);
        if (d < least) {
            least = d;
            found = true;
            memcpy(ret, known, strlen(known) + 1);
        }
    }
    return found;
}

static void spell_plainly(const char *name, char *out)
{
    snprintf(out, NAME_MAX_BYTES, "%s", name);
}

static enum linnet_error_code refuse_unknown(struct load *l, const char *where, const char *name)
{
    char nearest[NAME_MAX_BYTES];
    if (find_nearest(name, spell_plainly, nearest))
        return refuse(l, where, "there is no setting \"%.60s\"; did you mean \"%s\"?", name,
                      nearest);
    return refuse(l, where, "there is no setting \"%.60s\"", name);
}

/* --- one value of any layer --- */

static enum linnet_error_code set_value(struct load *l, const char *name, struct str text,
                                        struct settings_origin origin, const char *where)
{
    size_t index;
    const struct settings_row *row = settings_row_find(name, &index);
    if (!row)
        return refuse_unknown(l, where, name);
    char reason[SETTINGS_REASON_BYTES];
    if (!settings_value_parse(row, text, value_at(l->settings, row), reason))
        return refuse(l, where, "%s: %s", name, reason);
    l->settings->origin[index] = l->settings->next_origin[index] = origin;
    return LINNET_OK;
}

static enum linnet_error_code load_defaults(struct load *l)
{
    const struct settings_row *row;
    enum linnet_error_code code = LINNET_OK;
    for (size_t i = 0; code == LINNET_OK && (row = settings_row_at(i)); i++)
        code = set_value(l, row->name, str_from(row->fallback), (struct settings_origin){0},
                         "default");
    return code;
}

/* --- what was stored while a server ran --- */

/* No pair: the row is `machine`, and the set-up alone writes it. */
static enum linnet_error_code load_own_domain(struct load *l, const char *domain)
{
    return set_value(l, "domain", str_from(domain), (struct settings_origin){SETTINGS_CONSOLE, 0},
                     "set-up");
}

static enum linnet_error_code load_pair(struct load *l, const struct settings_pair *pair)
{
    const struct settings_row *row = settings_row_find(pair->name, NULL);
    if (row && row->machine)
        return refuse(l, "", "%s: is for the file, the environment and --set alone", row->name);
    return set_value(l, pair->name, str_from(pair->value),
                     (struct settings_origin){SETTINGS_CONSOLE, 0}, "");
}

/* --- the file --- */

struct place {
    char where[WHERE_MAX_BYTES];
    struct settings_origin origin;
};

static struct place place_of(const struct load *l, const config_setting_t *item)
{
    struct place p = {.origin = {SETTINGS_FILE, config_setting_source_line(item)}};
    const char *file = config_setting_source_file(item); /* an included one */
    snprintf(p.where, sizeof p.where, "%s:%u", file ? file : l->settings->file, p.origin.line);
    return p;
}

/* Appends a scalar as text if its type is one that `row` takes. */
static bool scalar_text(const struct settings_row *row, const config_setting_t *item,
                        struct buf *out)
{
    switch (config_setting_type(item)) {
    case CONFIG_TYPE_STRING:
        if (row->type == SETTINGS_BOOL)
            return false;
        buf_cstr(out, config_setting_get_string(item));
        return true;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        buf_printf(out, "%lld", config_setting_get_int64(item));
        return row->type == SETTINGS_INT;
    case CONFIG_TYPE_BOOL:
        buf_cstr(out, config_setting_get_bool(item) ? "true" : "false");
        return row->type == SETTINGS_BOOL;
    default:
        return false;
    }
}

/* Appends item after item, each checked by itself, so that a reason names the item's own line. */
static enum linnet_error_code list_text(struct load *l, const struct settings_row *row,
                                        const config_setting_t *list, struct buf *out)
{
    for (int i = 0; i < config_setting_length(list); i++) {
        const config_setting_t *item = config_setting_get_elem(list, (unsigned)i);
        struct place p = place_of(l, item);
        if (config_setting_type(item) != CONFIG_TYPE_STRING)
            return refuse(l, p.where, "%s: must list %s in quotes", row->name,
                          settings_value_kind(row));
        const char *text = config_setting_get_string(item);
        char reason[SETTINGS_REASON_BYTES];
        union {
            struct settings_texts texts;
            struct settings_listen listen;
        } scratch = {{0}};
        if (!settings_value_parse(row, str_from(text), &scratch, reason))
            return refuse(l, p.where, "%s: %s", row->name, reason);
        settings_value_finish(row, &scratch);
        buf_printf(out, "%s%s", i > 0 ? ", " : "", text);
    }
    return LINNET_OK;
}

static enum linnet_error_code load_setting(struct load *l, const char *name,
                                           const config_setting_t *item)
{
    struct place p = place_of(l, item);
    size_t index;
    const struct settings_row *row = settings_row_find(name, &index);
    if (!row)
        return refuse_unknown(l, p.where, name);

    struct buf text = {0};
    enum linnet_error_code code = LINNET_OK;
    if (settings_is_list(row) && config_setting_is_aggregate(item))
        code = list_text(l, row, item, &text);
    else if (!scalar_text(row, item, &text))
        code = refuse(l, p.where, "%s: must be %s", name, settings_value_kind(row));
    if (code == LINNET_OK && text.failed)
        code = error_set(l->error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    if (code == LINNET_OK)
        code = set_value(l, name, buf_peek(&text), p.origin, p.where);
    buf_finish(&text);
    return code;
}

/* Whether some setting's name begins with "group.". */
static bool is_group(const char *name)
{
    const struct settings_row *row;
    size_t len = strlen(name);
    for (size_t i = 0; (row = settings_row_at(i)); i++) {
        if (strncmp(row->name, name, len) == 0 && row->name[len] == '.')
            return true;
    }
    return false;
}

static enum linnet_error_code load_group(struct load *l, const char *prefix,
                                         const config_setting_t *group)
{
    enum linnet_error_code code = LINNET_OK;
    for (int i = 0; code == LINNET_OK && i < config_setting_length(group); i++) {
        const config_setting_t *item = config_setting_get_elem(group, (unsigned)i);
        char name[NAME_MAX_BYTES];
        const char *own = config_setting_name(item);
        snprintf(name, sizeof name, "%s%s", prefix, own);
        if (!config_setting_is_group(item)) {
            code = load_setting(l, name, item);
        } else if (*prefix || !is_group(own)) {
            struct place p = place_of(l, item);
            code = refuse_unknown(l, p.where, name);
        } else {
            snprintf(name, sizeof name, "%.100s.", own);
            code = load_group(l, name, item);
        }
    }
    return code;
}

/* libconfig ends the process when a read fails (a directory, say), so the reading is ours. */
static enum linnet_error_code read_file(struct load *l, const char *path, struct buf *out)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return refuse(l, path, "cannot be opened: %s", strerror(errno));
    char block[4096];
    size_t len;
    while ((len = fread(block, 1, sizeof block, file)) > 0)
        buf_append(out, block, len);
    int fault = ferror(file) ? errno : 0;
    fclose(file);
    if (fault)
        return refuse(l, path, "cannot be read: %s", strerror(fault));
    if (memchr(buf_peek(out).ptr, '\0', buf_len(out)))
        return refuse(l, path, "holds a NUL byte");
    buf_byte(out, '\0');
    return out->failed ? refuse(l, path, "is larger than 1 MiB") : LINNET_OK;
}

static enum linnet_error_code load_file(struct load *l, const char *path)
{
    struct buf text = {.limit_bytes = FILE_MAX_BYTES};
    config_t config;
    config_init(&config);
    l->settings->file = strdup(path);
    enum linnet_error_code code =
        l->settings->file ? read_file(l, path, &text)
                          : error_set(l->error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    if (code != LINNET_OK)
        goto out;
    if (!config_read_string(&config, buf_peek(&text).ptr)) {
        const char *file = config_error_file(&config);
        char where[WHERE_MAX_BYTES];
        snprintf(where, sizeof where, "%s:%d", file ? file : path, config_error_line(&config));
        code = refuse(l, where, "%s", config_error_text(&config));
        goto out;
    }
    code = load_group(l, "", config_root_setting(&config));
out:
    config_destroy(&config);
    buf_finish(&text);
    return code;
}

/* --- the environment and --set --- */

/* "c2s.listen" as "C2S_LISTEN", which follows the prefix. */
static void spell_variable(const char *name, char *out)
{
    size_t len = (size_t)snprintf(out, NAME_MAX_BYTES, "%s", name);
    for (size_t i = 0; i < len; i++) {
        if (out[i] == '.')
            out[i] = '_';
        else if (out[i] >= 'a' && out[i] <= 'z')
            out[i] = (char)(out[i] - 'a' + 'A');
    }
}

static enum linnet_error_code refuse_variable(struct load *l, struct str key)
{
    char name[NAME_MAX_BYTES], nearest[NAME_MAX_BYTES];
    snprintf(name, sizeof name, "%.*s", STR_ARG(key));
    if (find_nearest(name, spell_variable, nearest))
        return refuse(l, "environment", "%s%.60s is no setting; did you mean %s%s?",
                      ENVIRONMENT_PREFIX, name, ENVIRONMENT_PREFIX, nearest);
    return refuse(l, "environment", "%s%.60s is no setting", ENVIRONMENT_PREFIX, name);
}

/* `variable` is what follows the prefix. */
static enum linnet_error_code load_variable(struct load *l, const char *variable)
{
    const char *equals = strchr(variable, '=');
    if (!equals)
        return LINNET_OK;
    struct str key = str_of(variable, (size_t)(equals - variable));
    const struct settings_row *row;
    for (size_t i = 0; (row = settings_row_at(i)); i++) {
        char name[NAME_MAX_BYTES], where[NAME_MAX_BYTES + sizeof ENVIRONMENT_PREFIX];
        spell_variable(row->name, name);
        snprintf(where, sizeof where, "%s%s", ENVIRONMENT_PREFIX, name);
        if (str_is(key, name))
            return set_value(l, row->name, str_from(equals + 1),
                             (struct settings_origin){SETTINGS_ENVIRONMENT, 0}, where);
    }
    return refuse_variable(l, key);
}

static enum linnet_error_code load_environment(struct load *l, char *const *environ)
{
    enum linnet_error_code code = LINNET_OK;
    for (; code == LINNET_OK && environ && *environ; environ++) {
        if (strncmp(*environ, ENVIRONMENT_PREFIX, strlen(ENVIRONMENT_PREFIX)) == 0)
            code = load_variable(l, *environ + strlen(ENVIRONMENT_PREFIX));
    }
    return code;
}

static enum linnet_error_code load_argument(struct load *l, const char *argument)
{
    char name[NAME_MAX_BYTES];
    const char *equals = strchr(argument, '=');
    if (!equals)
        return refuse(l, "--set", "\"%.60s\" is not of the form name=value", argument);
    snprintf(name, sizeof name, "%.*s", (int)(equals - argument), argument);
    return set_value(l, name, str_from(equals + 1), (struct settings_origin){SETTINGS_ARGUMENT, 0},
                     "--set");
}

/* --- what must hold between settings --- */

/* A path that was given, or `name` in the data directory. */
static void print_path(const struct settings *s, const char *given, const char *name,
                       struct buf *out)
{
    if (given[0])
        buf_cstr(out, given);
    else
        buf_printf(out, "%s/%s", s->data, name);
}

static void print_control_path(const struct settings *s, struct buf *out)
{
    print_path(s, s->control_socket, "control.sock", out);
}

static void print_token_key_path(const struct settings *s, struct buf *out)
{
    print_path(s, s->login_token_key_file, "token.key", out);
}

void settings_control_path(const struct settings *s, struct buf *out)
{
    print_control_path(s, out);
    buf_byte(out, '\0');
}

void settings_token_key_path(const struct settings *s, struct buf *out)
{
    print_token_key_path(s, out);
    buf_byte(out, '\0');
}

void settings_value_in_force(const struct settings *s, const struct settings_row *row,
                             struct buf *out)
{
    if (row->offset == offsetof(struct settings, control_socket))
        print_control_path(s, out);
    else if (row->offset == offsetof(struct settings, login_token_key_file))
        print_token_key_path(s, out);
    else
        settings_value_print(row, value_peek(s, row), out);
}

static bool fits_socket(const struct settings *s)
{
    struct buf path = {0};
    print_control_path(s, &path);
    bool fits = !path.failed && buf_len(&path) < sizeof((struct sockaddr_un *)0)->sun_path;
    buf_finish(&path);
    return fits;
}

/* What the console says is not encrypted: nobody outside this machine may hear it. */
static bool is_loopback(const struct settings_address *a)
{
    struct in_addr v4;
    return strcmp(a->host, "::1") == 0 ||
           (inet_pton(AF_INET, a->host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
}

static bool console_is_near(const struct settings_listen *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (!is_loopback(&list->items[i]))
            return false;
    return list->count <= SETTINGS_CONSOLE_ADDRESSES_MAX;
}

/* Whether nobody could sign in: all that is named is weak, and the weak is forbidden. */
static bool forbids_all_it_names(const struct settings *s)
{
    const struct settings_texts *names = &s->login_mechanisms;
    size_t weak = 0;
    for (size_t i = 0; i < names->count; i++) {
        const struct sasl_mech *mech = sasl_mech_find(str_from(names->items[i]));
        weak += mech && (sasl_mech_flags(mech) & SASL_MECH_LEGACY);
    }
    return weak > 0 && weak == names->count && !s->login_legacy;
}

static enum linnet_error_code check_together(struct load *l, bool draft)
{
    const struct settings *s = l->settings;
    const char *where = s->file ? s->file : "";
    char reason[SETTINGS_REASON_BYTES];
    if (!s->domain[0] && !draft)
        return refuse(l, where, "domain is required: the part of your addresses after the @");
    if (!s->data[0])
        return refuse(l, where, "data must not be empty");
    if (!s->tls_certificate[0] != !s->tls_key[0])
        return refuse(l, where, "tls.certificate and tls.key are set together or not at all");
    if (!s->setup_user[0] != !s->setup_password_file[0])
        return refuse(l, where,
                      "setup.user and setup.password_file are set together or not at all");
    if (s->c2s_listen.count + s->c2s_listen_tls.count == 0)
        return refuse(l, where, "c2s.listen and c2s.listen_tls must not both be empty");
    if (forbids_all_it_names(s))
        return refuse(l, where, "login.mechanisms names only what login.legacy does not allow");
    if (s->limits_max_stanza_bytes_before_auth > s->limits_max_stanza_bytes)
        return refuse(l, where,
                      "limits.max_stanza_bytes_before_auth is above limits.max_stanza_bytes");
    if (s->limits_send_queue_bytes < s->limits_max_stanza_bytes)
        return refuse(l, where,
                      "limits.send_queue_bytes must hold one stanza of "
                      "limits.max_stanza_bytes");
    if (!console_is_near(&s->console_listen))
        return refuse(l, where,
                      "console.listen takes up to 4 addresses of this machine alone: 127.0.0.1 or "
                      "[::1]; reach it from elsewhere through a tunnel");
    if (s->console_listen_tls.count > SETTINGS_CONSOLE_ADDRESSES_MAX)
        return refuse(l, where, "console.listen_tls takes up to 4 addresses");
    if (!s->console_certificate[0] != !s->console_key[0])
        return refuse(l, where,
                      "console.certificate and console.key are set together or not at all");
    if (settings_listen_overlaps(s, reason))
        return refuse(l, where, "%s", reason);
    if (!fits_socket(s))
        return refuse(l, where,
                      "control.socket is longer than the 107 bytes of a socket's path; "
                      "set a shorter one");
    return LINNET_OK;
}

enum linnet_error_code settings_fit_together(const struct settings *s, bool draft,
                                             struct linnet_error *error)
{
    struct load l = {(struct settings *)(uintptr_t)s, error}; /* which it only reads */
    return check_together(&l, draft);
}

/* --- the whole --- */

enum linnet_error_code settings_load(struct settings *ret, const struct settings_layers *layers,
                                     struct linnet_error *error)
{
    *ret = (struct settings){0};
    struct load l = {ret, error};
    enum linnet_error_code code = load_defaults(&l);
    if (code == LINNET_OK && layers->own_domain)
        code = load_own_domain(&l, layers->own_domain);
    for (size_t i = 0; code == LINNET_OK && i < layers->stored_count; i++)
        code = load_pair(&l, &layers->stored[i]);
    if (code == LINNET_OK && layers->file)
        code = load_file(&l, layers->file);
    if (code == LINNET_OK)
        code = load_environment(&l, layers->environ);
    for (size_t i = 0; code == LINNET_OK && i < layers->set_count; i++)
        code = load_argument(&l, layers->sets[i]);
    if (code == LINNET_OK)
        code = check_together(&l, layers->draft);
    if (code != LINNET_OK)
        settings_finish(ret);
    return code;
}

void settings_finish(struct settings *s)
{
    const struct settings_row *row;
    for (size_t i = 0; (row = settings_row_at(i)); i++) {
        settings_value_finish(row, value_at(s, row));
        free(s->pending[i]);
    }
    free(s->file);
    *s = (struct settings){0};
}

bool settings_keep_fixed(struct settings *fresh, const struct settings *running,
                         void (*differs)(void *ctx, const char *name), void *ctx)
{
    const struct settings_row *row;
    struct buf now = {0}, wanted = {0};
    bool ok = true;
    for (size_t i = 0; ok && (row = settings_row_at(i)); i++) {
        if (row->live)
            continue;
        buf_reset(&now);
        buf_reset(&wanted);
        settings_value_print(row, value_peek(running, row), &now);
        settings_value_print(row, value_peek(fresh, row), &wanted);
        if (str_eq(buf_peek(&now), buf_peek(&wanted)))
            continue;
        char reason[SETTINGS_REASON_BYTES];
        ok = !now.failed &&
             settings_value_parse(row, buf_peek(&now), value_at(fresh, row), reason) &&
             (fresh->pending[i] = buf_take_cstr(&wanted));
        if (ok) {
            fresh->origin[i] = running->origin[i];
            differs(ctx, row->name);
        }
    }
    buf_finish(&now);
    buf_finish(&wanted);
    return ok;
}
