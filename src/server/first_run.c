/* The first administrator: by a link that is printed once, by linnetctl, or as the settings say. */
#include "server/program.h"

#include "base/wipe.h"
#include "core/jid.h"
#include "net/entropy.h"
#include "net/loop.h"
#include "server/memory.h"
#include "server/ops/ops_accounts.h"
#include "server/password_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the request `setup` ---- */

static enum linnet_error_code bad_domain(struct str domain, const char *why,
                                         struct linnet_error *error)
{
    char text[128];
    error_copy_text(text, sizeof text, domain);
    return error_set(error, LINNET_ERROR_BAD_ADDRESS, LINNET_ORIGIN_HERE, "address", text, "reason",
                     why, NULL);
}

/* Nobody reads the settings yet but this thread. From the next start on it comes from the store. */
static enum linnet_error_code take_domain(struct program *p, struct str domain,
                                          struct linnet_error *error)
{
    char prepared[JID_PART_MAX_BYTES + 1], ascii[256];
    size_t len = 0;
    enum jid_fault fault = jid_prepare_domain(domain, prepared, &len);
    if (fault != JID_OK)
        return bad_domain(domain, jid_fault_text(fault), error);
    if (!jid_domain_ascii(str_of(prepared, len), ascii))
        return bad_domain(domain, "it has no form for DNS and certificates", error);
    struct settings *s = &p->live->settings;
    free(s->domain);
    s->domain = strndup(prepared, len);
    if (!s->domain)
        memory_exhausted();
    size_t index;
    if (settings_row_find("domain", &index))
        s->origin[index] = s->next_origin[index] = (struct settings_origin){SETTINGS_CONSOLE, 0};
    return LINNET_OK;
}

static bool is_ours(const struct program *p, struct str domain)
{
    char prepared[JID_PART_MAX_BYTES + 1];
    size_t len = 0;
    return domain.len == 0 || (jid_prepare_domain(domain, prepared, &len) == JID_OK &&
                               str_is(str_of(prepared, len), p->live->settings.domain));
}

/* What an attempt with another domain left behind is for nobody: no request is open. */
static enum linnet_error_code begin(void *ctx, struct str domain, struct ops_port **ret,
                                    struct linnet_error *error)
{
    struct program *p = ctx;
    enum linnet_error_code code = LINNET_OK;
    if (p->setup.has_domain && !is_ours(p, domain)) {
        char text[128];
        error_copy_text(text, sizeof text, domain);
        code =
            error_set(error, LINNET_ERROR_HOST_UNKNOWN, LINNET_ORIGIN_HERE, "domain", text, NULL);
    } else if (!p->setup.has_domain) {
        program_close_accounts(p);
        code = take_domain(p, domain, error);
        if (code == LINNET_OK)
            code = program_open_accounts(p, error);
    }
    *ret = p->port;
    return code;
}

enum { LAST_WORDS_MS = 1000 }; /* for the answer to get to the browser */

static void leave(void *ctx)
{
    struct program *p = ctx;
    uv_stop(&p->loop);
}

/* A server that cannot serve ends as it would at any other start, but not before it said why. */
static void give_up(struct program *p, const struct linnet_error *error)
{
    p->error = *error;
    p->leave = loop_timer_new(&p->loop, leave, p);
    if (!p->leave)
        memory_exhausted();
    loop_timer_set(p->leave, LAST_WORDS_MS);
}

static enum linnet_error_code end(void *ctx, struct linnet_error *error)
{
    struct program *p = ctx;
    setup_end(&p->setup);
    if (p->server)
        return LINNET_OK;
    p->own_domain = strdup(p->live->settings.domain);
    if (!p->own_domain)
        memory_exhausted();
    enum linnet_error_code code = program_serve(p, error);
    if (code == LINNET_OK) {
        console_renew(p->console);
        program_say_ready(p);
    } else {
        give_up(p, error);
    }
    return code;
}

struct control_setup first_run_setup(struct program *p)
{
    return (struct control_setup){&p->setup, begin, end, p};
}

/* ---- the link ---- */

/* Not in the log, and in no buffer of stdio: whoever has the key has the server. False when no
 * console answers that a link could lead to. */
static bool print_link(const struct program *p, const char *key)
{
    char url[CONSOLE_URL_BYTES];
    struct buf line = {.secret = true};
    bool is_link = console_url(p->console, url);
    if (is_link)
        buf_printf(&line, "set up at %ssetup#%s\n", url, key);
    else
        buf_printf(&line, "set up with: linnetctl --data %s setup %s\n", p->first->settings.data,
                   p->setup.has_domain ? "NAME" : "NAME@DOMAIN");
    if (line.failed)
        memory_exhausted();
    if (write(STDOUT_FILENO, buf_peek(&line).ptr, buf_len(&line)) < 0)
        log_printf(&p->log, LOG_WARNING, "main", 0, "the link cannot be printed: %m");
    buf_finish(&line);
    return is_link;
}

static enum linnet_error_code offer(struct program *p, struct linnet_error *error)
{
    char key[SETUP_KEY_BYTES];
    struct entropy entropy;
    entropy_init(&entropy);
    struct random_source random = entropy_source(&entropy);
    bool ok = setup_begin(&p->setup, &random, key);
    entropy_finish(&entropy);
    if (!ok)
        return error_set(error, LINNET_ERROR_INTERNAL, LINNET_ORIGIN_HERE, NULL);
    bool is_link = print_link(p, key);
    wipe(key, sizeof key);
    log_printf(&p->log, LOG_NOTICE, "main", 0, "there is no administrator yet: %slinnetctl setup",
               is_link ? "open the link on standard output, or use " : "use ");
    if (p->first->settings.setup_user[0] && !p->setup.has_domain)
        log_printf(&p->log, LOG_WARNING, "main", 0,
                   "setup.user and setup.password_file wait for a domain: set it too");
    return LINNET_OK;
}

/* ---- as the settings say ---- */

static struct ops_ask ask_of(struct program *p, void (*done)(void *ctx, const struct ops_reply *r))
{
    return (struct ops_ask){.address = str_from(p->first->settings.setup_user),
                            .role = STORE_ROLE_FULL,
                            .actor = {.uid = geteuid()},
                            .done = done,
                            .ctx = p};
}

static enum linnet_error_code unusable(const struct program *p, enum ops_result result,
                                       const char *why, struct linnet_error *error)
{
    char reason[600];
    struct linnet_error cause = {0};
    ops_error(result, p->first->settings.setup_user, why, &cause);
    snprintf(reason, sizeof reason, "setup.user: %.500s", cause.sentence);
    return error_set(error, LINNET_ERROR_SETTINGS, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

static void finish(struct program *p, enum ops_result result)
{
    if (result == OPS_OK) {
        program_say_ready(p);
        return;
    }
    unusable(p, result, "", &p->error);
    uv_stop(&p->loop);
}

static void promoted(void *ctx, const struct ops_reply *reply)
{
    finish(ctx, reply->result);
}

/* Somebody disabled it: that is not undone in passing, nor are clients to suffer from it. */
static void pass_over(struct program *p, const char *address)
{
    log_printf(&p->log, LOG_WARNING, "main", 0,
               "setup.user: %.400s is disabled, so nobody can sign in to the console: linnetctl "
               "user enable lets it, or name another account",
               address);
    if (offer(p, &p->error) == LINNET_OK)
        program_say_ready(p);
    else
        uv_stop(&p->loop);
}

static void found(void *ctx, const struct ops_reply *reply)
{
    struct program *p = ctx;
    const char *why = "";
    enum ops_result result = reply->result;
    struct ops_ask ask = ask_of(p, promoted);
    if (result == OPS_OK && reply->account->disabled) {
        pass_over(p, reply->address);
        return;
    }
    if (result == OPS_OK)
        result = ops_account_role(p->port, &ask, NULL, &why);
    if (result != OPS_OK)
        finish(p, result);
}

/* An account of that name keeps its password. */
static void made(void *ctx, const struct ops_reply *reply)
{
    struct program *p = ctx;
    const char *why = "";
    enum ops_result result = reply->result;
    struct ops_ask ask = ask_of(p, found);
    if (result == OPS_EXISTS)
        result = ops_account_show(p->port, &ask, NULL, &why);
    if (result != OPS_OK || reply->result == OPS_OK)
        finish(p, result);
}

static enum linnet_error_code make_unattended(struct program *p, struct linnet_error *error)
{
    struct buf password = {.secret = true};
    const char *why = "";
    enum linnet_error_code code =
        password_file_read(p->first->settings.setup_password_file, &password, error);
    if (code == LINNET_OK) {
        struct ops_ask ask = ask_of(p, made);
        ask.password = buf_peek(&password);
        enum ops_result result = ops_set_up(p->port, &ask, NULL, &why);
        if (result != OPS_OK)
            code = unusable(p, result, why, error);
    }
    p->is_quiet = code == LINNET_OK;
    buf_finish(&password);
    return code;
}

/* ---- at the start ---- */

static enum linnet_error_code look(struct program *p, struct str domain, bool *ret_needed,
                                   struct linnet_error *error)
{
    struct store_fault fault = {0};
    *ret_needed = true;
    if (domain.len == 0)
        return LINNET_OK;
    enum store_result result = p->store->ops->has_role(p->store, domain, STORE_ROLE_FULL, &fault);
    *ret_needed = result == STORE_NOT_FOUND;
    if (result == STORE_NO_MEMORY)
        memory_exhausted();
    if (result == STORE_OK || result == STORE_NOT_FOUND)
        return LINNET_OK;
    return error_set(error, LINNET_ERROR_STORE, LINNET_ORIGIN_HERE, "reason", fault.text, NULL);
}

enum linnet_error_code first_run(struct program *p, struct linnet_error *error)
{
    bool needed;
    const struct settings *s = &p->first->settings;
    enum linnet_error_code code = look(p, str_from(s->domain), &needed, error);
    p->setup.has_domain = s->domain[0] != '\0';
    if (code != LINNET_OK || !needed)
        return code;
    return s->setup_user[0] && p->setup.has_domain ? make_unattended(p, error) : offer(p, error);
}

static bool may_make_administrator(const struct ops_event *e)
{
    return e->kind == OPS_SET_UP || e->kind == OPS_ACCOUNT_ENABLED ||
           (e->kind == OPS_ROLE_CHANGED && e->role == STORE_ROLE_FULL);
}

/* One read of the store on the loop, as at the start: only while nobody can sign in as an
 * administrator, and then whoever gets the answer may rely on it. What cannot be read changes
 * nothing. */
void first_run_changed(struct program *p, const struct ops_event *event)
{
    bool needed;
    struct linnet_error error = {0};
    if (p->setup.needed && may_make_administrator(event) &&
        look(p, event->domain, &needed, &error) == LINNET_OK && !needed)
        setup_end(&p->setup);
}
