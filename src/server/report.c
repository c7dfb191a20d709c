#include "server/report_private.h"

#include "base/base64.h"
#include "server/c2s/resume.h"
#include "server/memory.h"
#include "server/route/router.h"
#include "server/route/user.h"
#include "server/worker.h"

#include <linnet/linnet.h>

#include <stdio.h>
#include <stdlib.h>

static json_t *object_new(void)
{
    json_t *o = json_object();
    if (!o)
        memory_exhausted();
    return o;
}

static json_t *array_new(void)
{
    json_t *a = json_array();
    if (!a)
        memory_exhausted();
    return a;
}

/* Takes `value`; NULL means that memory ran out. */
static void put(json_t *o, const char *name, json_t *value)
{
    if (json_object_set_new(o, name, value) != 0)
        memory_exhausted();
}

static void add(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        memory_exhausted();
}

/* ---- status: counters that every thread may read ---- */

static json_t *loop_status(const struct worker *w)
{
    json_t *o = object_new();
    put(o, "connections", json_integer(w->shown_conns));
    put(o, "signing_in", json_integer(w->shown_young));
    put(o, "sessions", json_integer(w->shown_sessions));
    put(o, "memory_bytes", json_integer((json_int_t)w->shown_memory));
    return o;
}

/* As clients print it: "07:A8:...". */
static void print_fingerprint(const uint8_t sha256[32], char out[96])
{
    for (size_t i = 0; i < 32; i++)
        snprintf(out + 3 * i, 4, "%02X%s", sha256[i], i < 31 ? ":" : "");
}

/* What a client's --pin takes. */
static json_t *pin_of(const struct tls_certificate *cert)
{
    struct buf pin = {0};
    buf_cstr(&pin, "sha256//");
    base64_encode(&pin, str_of(cert->spki_sha256, sizeof cert->spki_sha256));
    if (pin.failed)
        memory_exhausted();
    json_t *text = json_stringn(buf_peek(&pin).ptr, buf_len(&pin));
    buf_finish(&pin);
    return text;
}

/* Of the certificate in force, whatever the files hold by now. */
static json_t *certificate_of(const struct server *server)
{
    const struct tls_certificate *cert = &server->certificate;
    char sha256[96];
    json_t *o = object_new();
    print_fingerprint(cert->sha256, sha256);
    put(o, "subject", json_string(cert->subject));
    put(o, "names", json_string(cert->names));
    put(o, "not_after_s", json_integer(cert->not_after_s));
    put(o, "sha256", json_string(sha256));
    put(o, "pin", pin_of(cert));
    return o;
}

json_t *report_certificate(const struct report *r)
{
    return certificate_of(r->server);
}

void report_status(struct report *r, struct control_call *call)
{
    const struct server *server = r->server;
    json_t *o = object_new(), *loops = array_new();
    unsigned conns = 0, young = 0, sessions = 0;
    for (unsigned i = 0; i < server->worker_count; i++) {
        const struct worker *w = &server->workers[i];
        conns += w->shown_conns;
        young += w->shown_young;
        sessions += w->shown_sessions;
        add(loops, loop_status(w));
    }
    put(o, "version", json_string(LINNET_VERSION));
    put(o, "domain", json_string(server->domain));
    put(o, "uptime_s", json_integer((json_int_t)((loop_now_ms() - server->started_ms) / 1000)));
    put(o, "connections", json_integer(conns));
    put(o, "signing_in", json_integer(young));
    put(o, "sessions", json_integer(sessions));
    put(o, "loops", loops);
    put(o, "certificate", certificate_of(server));
    control_call_reply(call, o);
}

/* ---- sessions: each loop in its turn adds its own ---- */

/* Goes from loop to loop and then home. */
struct census {
    struct errand errand;
    unsigned next;
    size_t limit;
    json_t *sessions; /* NULL: they are counted, for `accounts` */
    bool more;
    json_t *accounts; /* a result that is complete but for that */
};

static json_t *detached_row(const struct session *s)
{
    json_t *o = object_new();
    put(o, "id", json_integer((json_int_t)resume_connection_id(s)));
    put(o, "jid", json_string(s->jid->full));
    put(o, "address", json_null());
    put(o, "loop", json_integer(s->worker->index));
    put(o, "tls", json_null());
    put(o, "mechanism", json_null());
    put(o, "binding", json_null());
    put(o, "detached_s",
        json_integer((json_int_t)((worker_now_ms(s->worker) - resume_since_ms(s)) / 1000)));
    put(o, "resumable_s", json_integer(s->resume_s));
    put(o, "available", json_boolean(s->available));
    put(o, "priority", json_integer(s->priority));
    put(o, "queued_bytes", json_integer((json_int_t)sm_pending_bytes(s->sm)));
    return o;
}

static json_t *session_row(const struct session *s)
{
    const struct conn *c = s->conn;
    if (!c)
        return detached_row(s);
    const char *binding = stream_binding(c->stream);
    char text[PEER_TEXT_BYTES];
    json_t *o = object_new();
    put(o, "id", json_integer((json_int_t)c->id));
    put(o, "jid", json_string(s->jid->full));
    put(o, "address", json_string(peer_text(&c->peer, text)));
    put(o, "loop", json_integer(c->worker->index));
    put(o, "tls", c->tls_version[0] ? json_string(c->tls_version) : json_null());
    put(o, "mechanism", json_string(stream_mechanism(c->stream)));
    put(o, "binding", binding ? json_string(binding) : json_null());
    put(o, "connected_s",
        json_integer((json_int_t)((worker_now_ms(c->worker) - c->since_ms) / 1000)));
    put(o, "available", json_boolean(s->available));
    put(o, "priority", json_integer(s->priority));
    put(o, "queued_bytes", json_integer((json_int_t)stream_output_pending(c->stream)));
    return o;
}

static struct census *census_of(struct mail *m)
{
    return CONTAINER_OF(errand_of(m), struct census, errand);
}

static void census_free(struct errand *e)
{
    struct census *census = CONTAINER_OF(e, struct census, errand);
    json_decref(census->sessions);
    json_decref(census->accounts);
    free(census);
}

static void census_home(struct mail *m, void *receiver)
{
    struct census *census = census_of(m);
    (void)receiver;
    if (census->accounts) {
        control_call_reply(census->errand.call, json_incref(census->accounts));
        census_free(&census->errand);
        return;
    }
    json_t *o = object_new();
    put(o, "sessions", json_incref(census->sessions));
    put(o, "more", json_boolean(census->more));
    control_call_reply(census->errand.call, o);
    census_free(&census->errand);
}

static void census_go_on(struct census *census);

/* Says of the accounts whose home this loop is how many sessions they have. */
static void count_at_loop(struct mail *m, void *receiver)
{
    struct census *census = census_of(m);
    struct worker *w = receiver;
    json_t *account;
    size_t i;
    json_array_foreach(json_object_get(census->accounts, "accounts"), i, account)
    {
        const char *name = json_string_value(json_object_get(account, "user"));
        const struct user *u = user_find(w, router_key_of_local(w, str_from(name)));
        json_int_t count = 0;
        if (!u)
            continue;
        LIST_EACH(&u->sessions, it)
        {
            (void)it;
            count++;
        }
        put(account, "online", json_integer(count));
    }
    census_go_on(census);
}

static void census_at_loop(struct mail *m, void *receiver)
{
    struct census *census = census_of(m);
    const struct worker *w = receiver;
    size_t cursor = 0;
    const struct map_entry *e;
    while (!census->more && (e = map_next(&w->users, &cursor))) {
        struct user *u = e->value;
        LIST_EACH(&u->sessions, it)
        {
            census->more = json_array_size(census->sessions) == census->limit;
            if (census->more)
                break;
            add(census->sessions, session_row(session_of_link(it)));
        }
    }
    census_go_on(census);
}

static void census_go_on(struct census *census)
{
    struct errand *e = &census->errand;
    struct server *server = e->report->server;
    if (census->next < server->worker_count && !census->more) {
        e->mail.deliver = census->accounts ? count_at_loop : census_at_loop;
        worker_mail(&server->workers[census->next++], &e->mail);
        return;
    }
    e->mail.deliver = census_home;
    errand_post_home(e);
}

static struct errand census_errand(struct report *r, struct control_call *call)
{
    return (struct errand){
        .mail = {.discard = errand_discard}, .report = r, .call = call, .free = census_free};
}

void report_sessions(struct report *r, struct control_call *call, size_t limit)
{
    struct census *census = MEMORY_NEW(struct census);
    *census =
        (struct census){.errand = census_errand(r, call), .limit = limit, .sessions = array_new()};
    census_go_on(census);
}

void report_online(struct report *r, struct control_call *call, json_t *result)
{
    struct census *census = MEMORY_NEW(struct census);
    json_t *account;
    size_t i;
    json_array_foreach(json_object_get(result, "accounts"), i, account)
        put(account, "online", json_integer(0));
    *census = (struct census){.errand = census_errand(r, call), .accounts = result};
    census_go_on(census);
}

/* ---- errands ---- */

void errand_post_home(struct errand *e)
{
    struct mail_batch batch = {0};
    mail_batch_add(&batch, &e->mail);
    mailbox_post(&e->report->inbox, &batch, 0, false);
}

void errand_discard(struct mail *m)
{
    errand_post_home(errand_of(m));
}

/* ---- life ---- */

static void no_word(void *ctx, unsigned poster)
{
    (void)ctx;
    (void)poster;
}

static void mail_came(void *ctx)
{
    struct report *r = ctx;
    do {
        struct mail *m = mailbox_take(&r->inbox, no_word, NULL);
        while (m) {
            struct mail *next = m->next;
            m->deliver(m, r);
            m = next;
        }
    } while (!mailbox_sleep(&r->inbox));
}

static void wake(void *ctx)
{
    struct report *r = ctx;
    loop_wake_send(r->wake);
}

struct report *report_new(struct server *server)
{
    struct report *r = MEMORY_NEW(struct report);
    r->server = server;
    mailbox_init(&r->inbox, wake, r);
    r->wake = loop_wake_new(server->loop, mail_came, r);
    if (!r->wake)
        memory_exhausted();
    return r;
}

void report_free(struct report *r)
{
    if (!r)
        return;
    struct linnet_error error = {0};
    struct mail *m = mailbox_take(&r->inbox, no_word, NULL);
    error_set(&error, LINNET_ERROR_SHUTDOWN, LINNET_ORIGIN_HERE, NULL);
    while (m) {
        struct mail *next = m->next;
        struct errand *e = errand_of(m);
        control_call_fail(e->call, &error);
        e->free(e);
        m = next;
    }
    loop_wake_free(r->wake);
    mailbox_finish(&r->inbox);
    free(r);
}
