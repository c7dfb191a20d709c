#include "server/c2s/conn.h"
#include "server/c2s/login_record.h"
#include "server/ops/ops_security.h"

/* Who still needs a weak mechanism is kept, so that an operator sees whom it would lock out to take
 * it away. */
void conn_weak_note(struct conn *c)
{
    const char *name = stream_mechanism(c->stream);
    const struct sasl_mech *mech = name ? sasl_mech_find(str_from(name)) : NULL;
    struct str user = stream_jid(c->stream)->local;
    struct str software = c->login && c->login->software ? str_from(c->login->software) : STR_NONE;
    if (mech && (sasl_mech_flags(mech) & SASL_MECH_LEGACY) &&
        weak_seen_due(&c->worker->server->weak_seen, worker_now_ms(c->worker), user))
        ops_weak_login(c->worker->ops, user, str_from(name), software);
}
