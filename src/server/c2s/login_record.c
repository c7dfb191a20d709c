#include "server/c2s/login_record.h"

#include "base/error.h"
#include "server/login_words.h"
#include "server/memory.h"

#include <stdio.h>
#include <stdlib.h>

const char *login_stage_name(enum login_stage stage)
{
    static const char *const names[] = {"connect", "header", "secure", "sign in", "bind"};
    return names[stage];
}

/* ---- life ---- */

static uint32_t since(const struct login_record *r, uint64_t now_ms)
{
    return now_ms > r->began_ms ? (uint32_t)(now_ms - r->began_ms) : 0;
}

/* The next step; when there is no room left, the last one is told anew. */
static struct login_step *add_step(struct login_record *r, uint64_t now_ms, enum login_stage stage)
{
    if (r->step_count < LOGIN_STEPS_MAX) {
        r->steps = realloc(r->steps, (r->step_count + 1) * sizeof *r->steps);
        if (!r->steps)
            memory_exhausted();
        r->step_count++;
    }
    struct login_step *step = &r->steps[r->step_count - 1];
    *step = (struct login_step){.stage = stage, .at_ms = since(r, now_ms)};
    return step;
}

struct login_record *login_record_new(uint64_t now_ms, int64_t unix_ms)
{
    struct login_record *r = MEMORY_NEW(struct login_record);
    r->refs = 1;
    r->began_ms = now_ms;
    r->unix_ms = unix_ms;
    r->path = "classic";
    r->domain = "";
    list_init(&r->link);
    add_step(r, now_ms, LOGIN_CONNECT);
    return r;
}

struct login_record *login_record_ref(struct login_record *r)
{
    r->refs++;
    return r;
}

void login_record_unref(struct login_record *r)
{
    if (!r || --r->refs > 0)
        return;
    login_trace_finish(&r->trace);
    free(r->steps);
    free(r->user);
    free(r->jid);
    free(r->software);
    free(r->failure);
    free(r);
}

size_t login_record_bytes(const struct login_record *r)
{
    return sizeof *r + r->step_count * sizeof *r->steps + r->trace.head.cap + r->trace.tail.cap +
           (r->user ? strlen(r->user) : 0) + (r->jid ? strlen(r->jid) : 0) +
           (r->software ? strlen(r->software) : 0) + (r->failure ? sizeof *r->failure : 0);
}

/* ---- what happens ---- */

void login_record_wire(struct login_record *r, uint64_t now_ms, bool sent, struct str xml)
{
    login_trace_add(&r->trace, since(r, now_ms), sent, xml);
}

static bool has_step(const struct login_record *r, enum login_stage stage)
{
    for (unsigned i = 0; i < r->step_count; i++)
        if (r->steps[i].stage == stage)
            return true;
    return false;
}

/* The first tells whom it wants; those after TLS and sign-in tell nothing new. */
void login_record_header(struct login_record *r, uint64_t now_ms)
{
    if (!has_step(r, LOGIN_HEADER))
        add_step(r, now_ms, LOGIN_HEADER);
}

void login_record_tls(struct login_record *r, uint64_t now_ms, const struct tls_facts *facts)
{
    memcpy(r->tls_version, facts->version, sizeof r->tls_version);
    memcpy(r->tls_cipher, facts->cipher, sizeof r->tls_cipher);
    r->tls_resumed = facts->resumed;
    add_step(r, now_ms, LOGIN_SECURE);
}

static void replace(char **text, struct str by)
{
    free(*text);
    *text = by.len > 0 ? strndup(by.ptr, by.len) : NULL;
    if (by.len > 0 && !*text)
        memory_exhausted();
}

void login_record_user(struct login_record *r, struct str user)
{
    replace(&r->user, user);
    r->no_account = false;
}

void login_record_no_account(struct login_record *r)
{
    r->no_account = true;
}

void login_record_held(struct login_record *r, uint32_t held_ms)
{
    r->held_ms = held_ms;
}

void login_record_software(struct login_record *r, struct str software)
{
    char clean[128];
    error_copy_text(clean, sizeof clean, software);
    replace(&r->software, str_from(clean));
}

void login_record_path(struct login_record *r, const char *path)
{
    r->path = path;
}

/* One that proved who it is can be refused all the same: its token was used up. That is one step.
 */
static struct login_step *step_of(struct login_record *r, uint64_t now_ms,
                                  const struct stream_auth_info *auth)
{
    struct login_step *last = &r->steps[r->step_count - 1];
    if (auth->failure == SASL_ERROR_NONE || last->stage != LOGIN_SIGN_IN || last->refused)
        return add_step(r, now_ms, LOGIN_SIGN_IN);
    last->at_ms = since(r, now_ms);
    return last;
}

void login_record_attempt(struct login_record *r, uint64_t now_ms,
                          const struct stream_auth_info *auth)
{
    struct login_step *step = step_of(r, now_ms, auth);
    step->held_ms += r->held_ms;
    step->mechanism = auth->mechanism;
    step->binding = auth->binding;
    r->held_ms = 0;
    if (auth->username.len > 0 && !(r->user && str_is(auth->username, r->user)))
        replace(&r->user, auth->username);
    if (auth->failure == SASL_ERROR_NONE)
        return;
    step->refused = true;
    step->condition = sasl_error_name(auth->failure);
    step->reason = auth->reason;
}

void login_record_bind_refused(struct login_record *r, uint64_t now_ms, const char *condition)
{
    struct login_step *step = add_step(r, now_ms, LOGIN_BIND);
    step->refused = true;
    step->condition = condition;
}

/* ---- the end ---- */

static void finish(struct login_record *r, uint64_t now_ms)
{
    r->done = true;
    r->total_ms = since(r, now_ms);
    login_trace_close(&r->trace);
}

void login_record_bound(struct login_record *r, uint64_t now_ms, const char *jid)
{
    replace(&r->jid, str_from(jid));
    add_step(r, now_ms, LOGIN_BIND);
    finish(r, now_ms);
}

static const struct {
    const char *condition;
    enum linnet_error_code code;
} refusals[] = {
    {"not-authorized", LINNET_ERROR_BAD_CREDENTIALS},
    {"account-disabled", LINNET_ERROR_ACCOUNT_DISABLED},
    {"credentials-expired", LINNET_ERROR_CREDENTIALS_EXPIRED},
    {"temporary-auth-failure", LINNET_ERROR_AUTH_TEMPORARY},
    {"encryption-required", LINNET_ERROR_TLS_MISSING},
    {"invalid-mechanism", LINNET_ERROR_NO_MECHANISM},
    {"mechanism-too-weak", LINNET_ERROR_NO_MECHANISM},
    {"aborted", LINNET_ERROR_INTERRUPTED},
    {"invalid-authzid", LINNET_ERROR_BAD_ADDRESS},
    {"resource-constraint", LINNET_ERROR_POLICY},
};

static enum linnet_error_code code_of(const char *condition)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
        if (cstr_eq(refusals[i].condition, condition))
            return refusals[i].code;
    return LINNET_ERROR_PROTOCOL;
}

static unsigned count_refused(const struct login_record *r)
{
    unsigned count = 0;
    for (unsigned i = 0; i < r->step_count; i++)
        count += r->steps[i].refused;
    return count;
}

static void fail_as_refused(const struct login_record *r, const struct login_step *step,
                            struct linnet_error *failure)
{
    char address[1100], tries[16];
    unsigned count = count_refused(r);
    snprintf(address, sizeof address, "%s@%s", r->user ? r->user : "", r->domain);
    snprintf(tries, sizeof tries, "%u", count);
    error_set(failure, code_of(step->condition), LINNET_ORIGIN_PEER, "address",
              r->user ? address : NULL, "mechanism", step->mechanism, "reason",
              step->reason ? step->reason : step->condition, "tries", count > 1 ? tries : NULL,
              NULL);
    error_set_peer(failure, step->condition, STR_NONE);
}

/* Where it stood when it was over: TLS comes before the header or after it. */
static enum login_stage stage_of(const struct login_record *r)
{
    const struct login_step *last = &r->steps[r->step_count - 1];
    if (last->refused)
        return last->stage;
    if (has_step(r, LOGIN_SIGN_IN))
        return LOGIN_BIND;
    bool wants_tls = !has_step(r, LOGIN_SECURE) && (r->direct_tls || has_step(r, LOGIN_HEADER));
    if (wants_tls)
        return LOGIN_SECURE;
    return has_step(r, LOGIN_HEADER) ? LOGIN_SIGN_IN : LOGIN_HEADER;
}

static void fail_as_ended(struct login_record *r, const struct linnet_error *error)
{
    const char *reason = linnet_error_param(error, "reason");
    struct linnet_error *failure = r->failure;
    *failure = *error;
    if (error->code == LINNET_OK)
        error_set(failure, LINNET_ERROR_CONNECTION_LOST, LINNET_ORIGIN_PEER, "reason",
                  "it closed the stream", NULL);
    else if (error->code == LINNET_ERROR_CONNECTION_LOST && reason && strstr(reason, "alert")) {
        /* TLS 1.3: what the client thinks of our certificate comes after the handshake. */
        error_set(failure, LINNET_ERROR_TLS_FAILED, LINNET_ORIGIN_PEER, "reason", reason, NULL);
        r->failed_stage = LOGIN_SECURE;
    }
}

void login_record_over(struct login_record *r, uint64_t now_ms, const struct linnet_error *error)
{
    const struct login_step *last = &r->steps[r->step_count - 1];
    finish(r, now_ms);
    r->failure = MEMORY_NEW(struct linnet_error);
    r->failed_stage = stage_of(r);
    if (last->refused)
        fail_as_refused(r, last, r->failure);
    else
        fail_as_ended(r, error);
    r->words = login_words_for(r);
    error_render(r->words->sentence, r->failure->params, r->failure->sentence,
                 sizeof r->failure->sentence);
}
