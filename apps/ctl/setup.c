#include "setup.h"

#include "ask.h"
#include "password.h"

/* Whether there is anything to do, before a password is asked for; the domain, if it is given. */
static enum linnet_error_code look(struct ctl *ctl, json_t **ret_state)
{
    enum linnet_error_code code = ask(ctl, "setup.state", json_object(), ret_state);
    if (code != LINNET_ERROR_USAGE) /* it knows no such request any more */
        return code;
    return usage(ctl, "The server is set up. linnetctl user role NAME full makes an administrator");
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
    return usage(ctl, "The server has no domain yet: name the account in full, such as "
                      "admin@example.org");
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
        code = password_send(ctl, "setup", args_of(ctl->options.name, buf_peek(&password)),
                             buf_peek(&password), "is the first administrator");
    json_decref(state);
    buf_finish(&password);
    return code;
}
