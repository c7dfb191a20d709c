#include "commands.h"
#include "output.h"
#include "session.h"

/* ["sasl2", "bind2", ...], where the way was a shorter one. */
static void set_path(json_t *object, unsigned path)
{
    static const struct {
        unsigned flag;
        const char *name;
    } names[] = {{LINNET_PATH_SASL2, "sasl2"}, {LINNET_PATH_BIND2, "bind2"},
                 {LINNET_PATH_TOKEN, "token"}, {LINNET_PATH_PIPELINED, "pipelined"},
                 {LINNET_PATH_EARLY, "early"}, {LINNET_PATH_RESUMED, "resumed"}};
    json_t *array = path ? json_array() : NULL;
    for (size_t i = 0; array && i < sizeof names / sizeof names[0]; i++)
        if (path & names[i].flag)
            json_array_append_new(array, json_string(names[i].name));
    if (array)
        json_object_set_new(object, "path", array);
}

static void show_online(const struct session *s)
{
    const struct linnet_tls *tls = linnet_client_tls(s->client);
    if (s->options->json) {
        json_t *object = output_event("online");
        output_set(object, "jid", linnet_client_jid(s->client));
        output_set(object, "peer", linnet_client_peer(s->client));
        output_set(object, "tls", tls ? tls->version : NULL);
        output_set(object, "cipher", tls ? tls->cipher : NULL);
        output_set(object, "mechanism", linnet_client_mechanism(s->client));
        output_set(object, "binding", linnet_client_binding(s->client));
        set_path(object, linnet_client_path(s->client));
        json_object_set_new(object, "password_tried",
                            json_boolean(!(linnet_client_path(s->client) & LINNET_PATH_TOKEN)));
        json_object_set_new(object, "ms",
                            json_integer(linnet_client_stage_ms(s->client, LINNET_STAGE_NONE)));
        output_json(object);
    } else if (!s->options->quiet) {
        printf("\nLogged in as %s", output_bold(stdout));
        output_printable(stdout, linnet_client_jid(s->client));
        printf("%s.\n", output_plain(stdout));
        if (sign_in_left_password(s))
            puts("The token that was remembered did it; the password that was given was not tried"
                 " (--memory=off tries it).");
        fflush(stdout); /* in front of what a trace says of leaving */
    }
}

int cmd_login(const struct options *o)
{
    struct session s;
    session_init(&s, o, o->quiet ? NULL : stdout);
    enum linnet_error_code code = session_open(&s);
    if (code == LINNET_OK)
        code = session_login(&s);
    if (code == LINNET_OK)
        show_online(&s);
    return session_finish(&s, code);
}
