/* mechanisms.list: what there is to sign in with, how much each is used, and who needs the weak. */
#include "server/control/control_private.h"
#include "server/ops/ops_security.h"

#include <string.h>

enum { NEEDED_MAX = 100, BATCH = 64, USES_MAX = 32 };

/* ---- the kept sign-ins ---- */

/* How often a mechanism signed somebody in, and when last. */
struct use {
    const struct sasl_mech *mech;
    json_int_t count;
    int64_t last_s;
};

struct uses {
    struct use of[USES_MAX];
    size_t count;
};

static void add_table(struct uses *u, const struct sasl_mech *(*at)(size_t index))
{
    const struct sasl_mech *m;
    for (size_t i = 0; (m = at(i)) && u->count < USES_MAX; i++)
        u->of[u->count++] = (struct use){.mech = m};
}

static struct use *find_use(struct uses *u, const char *mechanism)
{
    for (size_t i = 0; mechanism && i < u->count; i++)
        if (cstr_eq(sasl_mech_name(u->of[i].mech), mechanism))
            return &u->of[i];
    return NULL;
}

/* What signed it in: the last attempt of one that came to its session. */
static const char *mechanism_of(const struct login_record *r)
{
    for (unsigned i = r->failure ? 0 : r->step_count; i > 0; i--)
        if (r->steps[i - 1].stage == LOGIN_SIGN_IN)
            return r->steps[i - 1].mechanism;
    return NULL;
}

static void count_record(struct uses *u, const struct login_record *r)
{
    struct use *use = find_use(u, mechanism_of(r));
    int64_t at_s = (r->unix_ms + r->total_ms) / 1000;
    if (!use)
        return;
    use->count++;
    use->last_s = at_s > use->last_s ? at_s : use->last_s;
}

static void count_records(struct uses *u, struct logins *logins)
{
    struct login_record *found[BATCH];
    struct logins_query q = {.limit = BATCH, .oldest = true};
    bool more = logins != NULL;
    while (more) {
        size_t count = logins_find(logins, &q, found, &more);
        for (size_t i = 0; i < count; i++) {
            q.after_id = found[i]->id;
            count_record(u, found[i]);
            login_record_unref(found[i]);
        }
    }
}

/* Those of the store are older, and outlive the server. */
static void add_kept(struct uses *u, const struct store_weak_logins *weak)
{
    for (size_t i = 0; i < weak->count; i++)
        for (size_t j = 0; j < u->count; j++)
            if (str_is(weak->logins[i].mechanism, sasl_mech_name(u->of[j].mech)) &&
                weak->logins[i].last_s > u->of[j].last_s)
                u->of[j].last_s = weak->logins[i].last_s;
}

/* ---- a mechanism ---- */

static const char *class_of(const struct sasl_mech *m)
{
    if (sasl_mech_flags(m) & SASL_MECH_TOKEN)
        return "token";
    if (sasl_mech_flags(m) & SASL_MECH_PLAINTEXT)
        return "plain";
    return sasl_mech_flags(m) & SASL_MECH_LEGACY ? "digest" : "scram";
}

static bool is_listed(const struct settings *s, const char *name)
{
    bool listed = s->login_mechanisms.count == 0;
    for (size_t i = 0; i < s->login_mechanisms.count; i++)
        listed |= cstr_eq(s->login_mechanisms.items[i], name);
    return listed;
}

/* To a client that has TLS, with whatever its TLS allows. */
static bool is_offered(const struct settings *s, const struct sasl_mech *m)
{
    if (sasl_mech_flags(m) & SASL_MECH_TOKEN)
        return s->login_token_days > 0;
    return is_listed(s, sasl_mech_name(m)) &&
           (s->login_legacy || !(sasl_mech_flags(m) & SASL_MECH_LEGACY));
}

static json_t *describe(const struct settings *s, const struct use *use)
{
    unsigned flags = sasl_mech_flags(use->mech);
    json_t *o = new_object();
    put(o, "name", json_string(sasl_mech_name(use->mech)));
    put(o, "class", json_string(class_of(use->mech)));
    put(o, "offered", json_boolean(is_offered(s, use->mech)));
    put(o, "legacy", json_boolean(flags & SASL_MECH_LEGACY));
    put(o, "binding", json_boolean(flags & SASL_MECH_BINDS));
    put(o, "used_recently", json_integer(use->count));
    put(o, "accounts_last_s", use->last_s ? json_integer(use->last_s) : json_null());
    return o;
}

/* ---- who needs the weak ---- */

static json_t *needed_row(const struct store_weak_login *w)
{
    json_t *o = new_object();
    put(o, "user", control_stored(w->user));
    put(o, "mechanism", control_stored(w->mechanism));
    put(o, "last_s", json_integer(w->last_s));
    put(o, "software", w->software.len ? control_stored(w->software) : json_null());
    return o;
}

static json_t *legacy_of(const struct settings *s, const struct store_weak_logins *weak)
{
    json_t *o = new_object(), *list = json_array();
    for (size_t i = 0; i < weak->count; i++)
        append(list, needed_row(&weak->logins[i]));
    put(o, "enabled", json_boolean(s->login_legacy));
    put(o, "needed_by", list);
    put(o, "more", json_boolean(weak->more));
    return o;
}

/* ---- the call ---- */

static void answer(struct control_call *call, const struct store_weak_logins *weak)
{
    const struct control_config *config = control_config_of(call);
    const struct settings *s = config->host.settings(config->host.ctx);
    struct uses uses = {.count = 0};
    json_t *o = new_object(), *list = json_array();
    add_table(&uses, sasl_mech_at);
    add_table(&uses, sasl_token_mech_at);
    count_records(&uses, config->logins);
    add_kept(&uses, weak);
    for (size_t i = 0; i < uses.count; i++)
        append(list, describe(s, &uses.of[i]));
    put(o, "mechanisms", list);
    put(o, "legacy", legacy_of(s, weak));
    control_call_reply(call, o);
}

static void weak_found(void *ctx, const struct ops_reply *reply)
{
    struct control_call *call = ctx;
    call->request = NULL;
    if (reply->result == OPS_OK)
        answer(call, reply->weak);
    else
        control_call_fail_ops(call, reply->result, "", "");
}

void control_mechanisms_list(struct control_call *call)
{
    const struct ops_ask ask = {.limit = NEEDED_MAX, .done = weak_found, .ctx = call};
    enum ops_result result = ops_weak_logins(control_config_of(call)->ops, &ask, &call->request);
    if (result != OPS_OK)
        control_call_fail_ops(call, result, "", "");
}
