#include "setup.h"

#include "password.h"

#include <stdio.h>

enum { TIMEOUT_S = 30 };

static enum linnet_error_code no_memory(struct ctl *ctl)
{
    return error_set(&ctl->error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
}

/* Whether there is anything to do, before a password is asked for; the domain, if it is given. */
static enum linnet_error_code look(struct ctl *ctl, json_t **ret_state)
{
    enum linnet_error_code code =
        control_client_call(ctl->client, "setup.state", NULL, TIMEOUT_S, ret_state, &ctl->error);
    if (code != LINNET_ERROR_USAGE) /* it knows no such request any more */
        return code;
    return error_set(&ctl->error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason",
                     "The server is set up. linnetctl user role NAME full makes an administrator",
                     NULL);
}

/* A whole address names the domain too. */
static json_t *args_of(const char *name, struct str password)
{
    const char *at = strchr(name, '@');
    size_t len = at ? (size_t)(at - name) : strlen(name);
    return json_pack("{s:s%,s:s%,s:s*}", "user", name, len, "password", password.ptr, password.len,
                     "domain", at ? at + 1 : NULL);
}

static enum linnet_error_code check(struct ctl *ctl, const json_t *state)
{
    bool named = json_is_string(json_object_get(state, "domain"));
    if (named || strchr(ctl->options.name, '@'))
        return LINNET_OK;
    return error_set(&ctl->error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason",
                     "The server has no domain yet: name the account in full, such as "
                     "admin@example.org",
                     NULL);
}

static void print(const struct ctl *ctl, json_t *result, struct str password)
{
    const char *jid = json_string_value(json_object_get(result, "jid"));
    if (ctl->options.generate)
        json_object_set_new(result, "password", json_stringn(password.ptr, password.len));
    if (ctl->options.json) {
        print_json(result);
        return;
    }
    if (ctl->options.generate)
        printf("password: %.*s\n", STR_ARG(password));
    printf("%s is the first administrator.\n", jid ? jid : "");
}

static enum linnet_error_code ask(struct ctl *ctl, struct str password)
{
    json_t *result = NULL, *args = args_of(ctl->options.name, password);
    if (!args)
        return no_memory(ctl);
    enum linnet_error_code code =
        control_client_call(ctl->client, "setup", args, TIMEOUT_S, &result, &ctl->error);
    if (code == LINNET_OK)
        print(ctl, result, password);
    json_decref(result);
    return code;
}

enum linnet_error_code setup(struct ctl *ctl)
{
    struct buf password = {.secret = true};
    json_t *state = NULL;
    enum linnet_error_code code = look(ctl, &state);
    if (code == LINNET_OK)
        code = check(ctl, state);
    if (code == LINNET_OK)
        code = password_get(&ctl->options, &password, &ctl->error);
    if (code == LINNET_OK)
        code = ask(ctl, buf_peek(&password));
    json_decref(state);
    buf_finish(&password);
    return code;
}
