/* The first administrator: there for as long as one is wanted, and for whoever has the key. */
#include "api.h"

static void not_found(struct request *r)
{
    http_refuse(r, MHD_HTTP_NOT_FOUND, "not-found", "This server is set up.", "Sign in.");
}

/* linnetd does not know the request once it is set up. */
static bool look(struct request *r, json_t **ret)
{
    struct linnet_error error = {0};
    enum linnet_error_code code = api_ask(r, "setup.state", NULL, ret, &error);
    if (code == LINNET_ERROR_USAGE)
        not_found(r);
    else if (code != LINNET_OK)
        http_fail(r, &error);
    return code == LINNET_OK;
}

void api_setup_get(struct request *r)
{
    json_t *state;
    if (look(r, &state))
        http_answer(r, MHD_HTTP_OK, state);
}

/* Takes `args`. */
static void set_up(struct request *r, json_t *args)
{
    json_t *result;
    struct linnet_error error = {0};
    enum linnet_error_code code = api_ask(r, "setup", args, &result, &error);
    if (code == LINNET_OK) {
        const char *jid = json_string_value(json_object_get(result, "jid"));
        console_say("%s set the server up from %s", jid ? jid : "", r->address.text);
        http_answer(r, MHD_HTTP_CREATED, result);
    } else if (code == LINNET_ERROR_BAD_CREDENTIALS) {
        console_say("a wrong key to set the server up, from %s", r->address.text);
        http_refuse(r, MHD_HTTP_FORBIDDEN, "setup-key", error.sentence,
                    "Open the link that linnetd printed when it started last.");
    } else if (code == LINNET_ERROR_SETTINGS) { /* whoever has the key may know why */
        http_refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE, "settings", error.sentence,
                    "Correct it, and start linnetd again: the administrator is made.");
    } else {
        http_fail(r, &error);
    }
}

void api_setup(struct request *r)
{
    static const char *const members[] = {"key", "domain", "user", "password"};
    json_t *args, *state;
    if (!look(r, &state))
        return;
    json_decref(state);
    args = http_body(r, members, ARRAY_LEN(members));
    if (args) {
        json_object_set_new(args, "address", json_string(r->address.text));
        set_up(r, args);
    }
}
