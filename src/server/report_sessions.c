/* sessions, and how many an account has: an errand from loop to loop, each of which adds its own.
 */
#include "net/chan_tls.h"
#include "server/c2s/resume.h"
#include "server/report_private.h"
#include "server/route/router.h"
#include "server/route/user.h"
#include "server/worker.h"

#include <stdlib.h>
#include <time.h>

/* Goes from loop to loop and then home. */
struct census {
    struct errand errand;
    void (*visit)(struct mail *m, void *receiver);
    unsigned next, end;            /* the loop to visit next, and the one after the last */
    struct control_sessions which; /* its strings are the errand's own */
    json_t *sessions;              /* NULL: they are counted, for `accounts` */
    bool more;
    json_t *accounts; /* a result that is complete but for that */
};

/* When the session was bound. */
static json_t *since_of(const struct session *s)
{
    int64_t ago_ms = (int64_t)(worker_now_ms(s->worker) - s->since_ms);
    return json_integer((json_int_t)(time(NULL) - ago_ms / 1000));
}

static json_t *software_of(const struct session *s)
{
    return s->software ? json_string(s->software) : json_null();
}

static void put_nothing(json_t *o, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(o, names[i], json_null());
}

static json_t *detached_row(const struct session *s)
{
    static const char *const gone[] = {"tls",        "cipher",      "mechanism", "binding",
                                       "stanzas_in", "stanzas_out", "bytes_in",  "bytes_out"};
    json_t *o = object_new();
    put(o, "id", json_integer((json_int_t)resume_connection_id(s)));
    put(o, "jid", json_string(s->jid->full));
    put(o, "address", json_null());
    put(o, "loop", json_integer(s->worker->index));
    put_nothing(o, gone, ARRAY_LEN(gone));
    put(o, "software", software_of(s));
    put(o, "since_s", since_of(s));
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
    const char *binding = stream_binding(c->stream), *cipher = chan_tls_cipher(c->chan);
    char text[PEER_TEXT_BYTES];
    json_t *o = object_new();
    put(o, "id", json_integer((json_int_t)c->id));
    put(o, "jid", json_string(s->jid->full));
    put(o, "address", json_string(peer_text(&c->peer, text)));
    put(o, "loop", json_integer(c->worker->index));
    put(o, "tls", c->tls_version[0] ? json_string(c->tls_version) : json_null());
    put(o, "cipher", cipher ? json_string(cipher) : json_null());
    put(o, "mechanism", json_string(stream_mechanism(c->stream)));
    put(o, "binding", binding ? json_string(binding) : json_null());
    put(o, "software", software_of(s));
    put(o, "since_s", since_of(s));
    put(o, "stanzas_in", json_integer((json_int_t)c->stanzas_in));
    put(o, "stanzas_out", json_integer((json_int_t)c->stanzas_out));
    put(o, "bytes_in", json_integer((json_int_t)c->chan->bytes_in));
    put(o, "bytes_out", json_integer((json_int_t)c->chan->bytes_out));
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
    free((char *)(uintptr_t)census->which.text);
    free((char *)(uintptr_t)census->which.user);
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

/* In the locale of the server, "C": without regard to the case of ASCII letters. */
static bool holds(const char *text, const char *part)
{
    return text && strcasestr(text, part);
}

static bool is_asked_for(const struct census *census, const struct session *s)
{
    char address[PEER_TEXT_BYTES];
    const char *text = census->which.text;
    return !text || holds(s->jid->full, text) || holds(s->software, text) ||
           (s->conn && holds(peer_text(&s->conn->peer, address), text));
}

static void add_sessions(struct census *census, struct user *u)
{
    LIST_EACH(&u->sessions, it)
    {
        const struct session *s = session_of_link(it);
        if (!is_asked_for(census, s))
            continue;
        census->more = json_array_size(census->sessions) == census->which.limit;
        if (census->more)
            break;
        add(census->sessions, session_row(s));
    }
}

static void census_at_loop(struct mail *m, void *receiver)
{
    struct census *census = census_of(m);
    const struct worker *w = receiver;
    size_t cursor = 0;
    const struct map_entry *e;
    while (!census->more && (e = map_next(&w->users, &cursor)))
        add_sessions(census, e->value);
    census_go_on(census);
}

static void census_at_home(struct mail *m, void *receiver)
{
    struct census *census = census_of(m);
    struct worker *w = receiver;
    struct user *u = user_find(w, router_key_of_local(w, str_from(census->which.user)));
    if (u)
        add_sessions(census, u);
    census_go_on(census);
}

static void census_go_on(struct census *census)
{
    struct errand *e = &census->errand;
    struct server *server = e->report->server;
    if (census->next < census->end && !census->more) {
        e->mail.deliver = census->visit;
        worker_mail(&server->workers[census->next++], &e->mail);
        return;
    }
    e->mail.deliver = census_home;
    errand_post_home(e);
}

static struct census *census_new(struct report *r, struct control_call *call)
{
    struct census *census = MEMORY_NEW(struct census);
    census->errand = (struct errand){
        .mail = {.discard = errand_discard}, .report = r, .call = call, .free = census_free};
    census->end = r->server->worker_count;
    return census;
}

static const char *copy_of(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        memory_exhausted();
    return copy;
}

/* All sessions of a user are on one loop. */
static void visit_home_only(struct census *census)
{
    struct server *server = census->errand.report->server;
    struct buf key = {0};
    router_key(server->domain, str_from(census->which.user), &key);
    census->next = router_home(&server->workers[0], buf_peek(&key));
    census->end = census->next + 1;
    buf_finish(&key);
}

void report_sessions(struct report *r, struct control_call *call,
                     const struct control_sessions *which)
{
    struct census *census = census_new(r, call);
    census->which =
        (struct control_sessions){which->limit, copy_of(which->text), copy_of(which->user)};
    census->sessions = array_new();
    census->visit = which->user ? census_at_home : census_at_loop;
    if (which->user)
        visit_home_only(census);
    census_go_on(census);
}

void report_online(struct report *r, struct control_call *call, json_t *result)
{
    struct census *census = census_new(r, call);
    json_t *account;
    size_t i;
    json_array_foreach(json_object_get(result, "accounts"), i, account)
        put(account, "online", json_integer(0));
    census->accounts = result;
    census->visit = count_at_loop;
    census_go_on(census);
}
