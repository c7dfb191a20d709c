#include "sessions.h"

#include "ask.h"
#include "list.h"

#include <stdio.h>

enum { SESSIONS_MAX = 1000 };

/* One without a connection has no address: in its place stands how long it waits for its client. */
static void add_address(struct table *t, const json_t *session)
{
    char text[64];
    json_int_t left = number_of(session, "resumable_s") - number_of(session, "detached_s");
    if (!json_object_get(session, "detached_s")) {
        add_member(t, session, "address");
        return;
    }
    snprintf(text, sizeof text, "detached, %" JSON_INTEGER_FORMAT " s left", left > 0 ? left : 0);
    table_add(t, text);
}

static void tell_more(const json_t *rows)
{
    (void)rows;
    fprintf(stderr, "linnetctl: there are more; the first %d are shown.\n", SESSIONS_MAX);
}

enum linnet_error_code sessions(struct ctl *ctl)
{
    static const struct listing listing = {
        .op = "sessions",
        .rows = "sessions",
        .none = "No sessions.",
        .more = tell_more,
        .columns = {{"SESSION", "jid"},
                    {"ADDRESS", .add = add_address},
                    {"CLIENT", "software"},
                    {"TLS", "tls"},
                    {"MECHANISM", "mechanism"},
                    {"BINDING", "binding"},
                    {"FOR", "connected_s"},
                    {"IN", "bytes_in"},
                    {"OUT", "bytes_out"},
                    {"LOOP", "loop"}},
    };
    return list(ctl, &listing,
                json_pack("{s:i,s:s*}", "limit", SESSIONS_MAX, "q", ctl->options.filter));
}

enum linnet_error_code session_close(struct ctl *ctl)
{
    return ask_and_tell(ctl, "session.close", json_pack("{s:s}", "jid", ctl->options.name), "jid",
                        "was closed");
}
