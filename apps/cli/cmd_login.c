#include "commands.h"
#include "output.h"
#include "session.h"

static void show_online(const struct session *s)
{
    const struct linnet_tls *tls = linnet_client_tls(s->client);
    uint32_t ms = linnet_client_stage_ms(s->client, LINNET_STAGE_NONE);
    if (s->options->json) {
        json_t *object = output_event("online");
        output_set(object, "jid", linnet_client_jid(s->client));
        output_set(object, "peer", linnet_client_peer(s->client));
        output_set(object, "tls", tls ? tls->version : NULL);
        output_set(object, "cipher", tls ? tls->cipher : NULL);
        output_set(object, "mechanism", linnet_client_mechanism(s->client));
        output_set(object, "binding", linnet_client_binding(s->client));
        json_object_set_new(object, "ms", json_integer(ms));
        output_json(object);
    } else if (!s->options->quiet) {
        printf("Logged in as %s%s%s in %u ms.\n", output_bold(stdout), linnet_client_jid(s->client),
               output_plain(stdout), ms);
    }
}

int cmd_login(const struct options *o)
{
    struct session s = {.show_stages = !o->quiet};
    enum linnet_error_code code = session_login(&s, o);
    if (code == LINNET_OK)
        show_online(&s);
    else
        output_failure(o, &s.error);
    session_finish(&s, code);
    return code;
}
