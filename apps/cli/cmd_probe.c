#include "commands.h"
#include "failure.h"
#include "output.h"
#include "probe_report.h"
#include "session.h"

/* The page says itself what is wrong; programs get the failure as an object of its own. */
static enum linnet_error_code show(const struct options *o, const struct linnet_probe *probe)
{
    const struct linnet_error *error = linnet_probe_error(probe);
    if (!o->json) {
        probe_page(o, probe);
        return error->code;
    }
    output_json(probe_json(probe));
    if (error->code != LINNET_OK)
        failure_print(o, error);
    return error->code;
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
