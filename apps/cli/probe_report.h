/* probe_report.h - the report of a probe, for people and for programs. One thread. */
#ifndef CLI_PROBE_REPORT_H
#define CLI_PROBE_REPORT_H

#include "options.h"

#include <jansson.h>

/* The page: what was looked at in the order of a login, the findings, the verdict. With --quiet
 * only the verdict. */
void probe_page(const struct options *o, const struct linnet_probe *probe);

/* {"event":"probe", ...}, with the "error" of a login that would fail; the caller's. */
json_t *probe_json(const struct options *o, const struct linnet_probe *probe);

#endif
