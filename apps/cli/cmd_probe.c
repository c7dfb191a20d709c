#include "commands.h"
#include "output.h"
#include "probe_report.h"
#include "session.h"

/* Both forms say themselves why a login would fail. */
static enum linnet_error_code show(const struct options *o, const struct linnet_probe *probe)
{
    if (o->json)
        output_json(probe_json(o, probe));
    else
        probe_page(o, probe);
    return linnet_probe_error(probe)->code;
}

int cmd_probe(const struct options *o)
{
    struct session s;
    struct linnet_probe *probe = NULL;
    session_init(&s, o, NULL);
    struct linnet_config *config = session_config(&s);
    enum linnet_error_code code = s.error.code;
    if (code == LINNET_OK)
        code = linnet_probe_run(config, &probe, &s.error);
    linnet_config_free(config);
    if (!probe)
        return session_finish(&s, code);
    code = show(o, probe);
    linnet_probe_free(probe);
    session_finish(&s, LINNET_OK); /* the trace */
    return code;
}
