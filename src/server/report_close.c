/* session.close: an errand to the home loop of one user. */
#include "server/memory.h"
#include "server/report_private.h"
#include "server/route/router.h"
#include "server/route/user.h"
#include "server/worker.h"

#include <stdio.h>
#include <stdlib.h>

struct closing {
    struct errand errand;
    struct jid jid;
    char actor[OPS_ACTOR_BYTES]; /* who wants it */
    bool found;
};

static struct closing *closing_of(struct mail *m)
{
    return CONTAINER_OF(errand_of(m), struct closing, errand);
}

static void closing_free(struct errand *e)
{
    struct closing *closing = CONTAINER_OF(e, struct closing, errand);
    jid_finish(&closing->jid);
    free(closing);
}

static void succeed(const struct closing *closing)
{
    const struct report *r = closing->errand.report;
    json_t *object = json_pack("{s:s}", "jid", closing->jid.full);
    if (!object)
        memory_exhausted();
    log_printf(&r->server->log, LOG_NOTICE, "accounts", 0, "session.close: jid=%s by %s",
               closing->jid.full, closing->actor);
    control_call_audit(closing->errand.call, "session.closed", str_from(closing->jid.full),
                       STR_NONE);
    control_call_reply(closing->errand.call, object);
}

static void fail(const struct closing *closing)
{
    char why[500];
    struct linnet_error error = {0};
    snprintf(why, sizeof why, "There is no session %.400s", closing->jid.full);
    error_set(&error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason", why, NULL);
    control_call_fail(closing->errand.call, &error);
}

static void close_home(struct mail *m, void *receiver)
{
    struct closing *closing = closing_of(m);
    (void)receiver;
    if (closing->found)
        succeed(closing);
    else
        fail(closing);
    closing_free(&closing->errand);
}

static void close_at_loop(struct mail *m, void *receiver)
{
    struct closing *closing = closing_of(m);
    struct worker *w = receiver;
    struct user *u = user_find(w, router_key_of_local(w, closing->jid.local));
    struct session *s = u ? user_session(u, closing->jid.resource) : NULL;
    closing->found = s != NULL;
    if (s)
        session_close(s, STREAM_NOT_AUTHORIZED, "closed by the server's operator");
    closing->errand.mail.deliver = close_home;
    errand_post_home(&closing->errand);
}

void report_close(struct report *r, struct control_call *call, const struct control_session *which)
{
    struct server *server = r->server;
    struct closing *closing = MEMORY_NEW(struct closing);
    closing->errand = (struct errand){.mail = {.deliver = close_at_loop, .discard = errand_discard},
                                      .report = r,
                                      .call = call,
                                      .free = closing_free};
    if (!jid_copy(which->jid, &closing->jid))
        memory_exhausted();
    ops_actor_text(&which->actor, closing->actor);
    unsigned home = router_home(&server->workers[0], jid_bare(&closing->jid));
    worker_mail(&server->workers[home], &closing->errand.mail);
}
