#include "server/server.h"

#include "core/stream.h"
#include "server/c2s/listener.h"
#include "server/ops/ops_accounts.h"
#include "server/ops/ops_tokens.h"
#include "server/worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* The whole server in this process: two loops, accounts in memory, real sockets on loopback; and
 * clients made of the core's other half. Nothing here waits for a time to pass: a client that does
 * not get what it waits for makes the test time out. */

enum { USERS = 6, MESSAGES = 300 };

struct world {
    char dir[64];
    uv_loop_t loop;
    struct live *live;
    struct store *store;
    struct ops *ops;
    struct ops_port *port;
    struct server *server;
    struct random_source random;
    struct tls_ctx *tls;
    bool stopped;
};

static void drain_random(void *ctx, void *out, size_t len)
{
    uint8_t *at = out;
    uint64_t *seed = ctx;
    for (size_t i = 0; i < len; i++) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        at[i] = (uint8_t)(*seed >> 56);
    }
}

/* ---- the world ---- */

static void made(void *ctx, const struct ops_reply *reply)
{
    assert_int_equal(reply->result, OPS_OK);
    *(bool *)ctx = true;
}

static void add_user(struct world *w, const char *name)
{
    bool done = false;
    const char *why;
    struct ops_ask ask = {.address = str_from(name),
                          .password = STR_LIT("correct horse"),
                          .done = made,
                          .ctx = &done};
    assert_int_equal(ops_account_add(w->port, &ask, NULL, &why), OPS_OK);
    while (!done)
        uv_run(&w->loop, UV_RUN_ONCE);
}

static void account_changed(void *ctx, const struct ops_event *event)
{
    struct world *w = ctx;
    if (w->server)
        server_account_changed(w->server, event);
}

static struct live *settings_of(const struct world *w, const char *more)
{
    char data[96];
    struct settings settings;
    struct linnet_error error = {0};
    snprintf(data, sizeof data, "data=%s", w->dir);
    const char *sets[] = {data,
                          "domain=localhost",
                          "loops=2",
                          "c2s.listen=127.0.0.1:0",
                          "c2s.listen_tls=127.0.0.1:0",
                          "login.iterations=4096",
                          more};
    struct settings_layers layers = {.sets = sets, .set_count = more ? 7 : 6};
    if (settings_load(&settings, &layers, &error) != LINNET_OK)
        fail_msg("%s", error.sentence);
    return live_new(&settings);
}

static void start_with(struct world *w, const char *more)
{
    static uint64_t seed = 1;
    struct linnet_error error = {0};
    char reason[TLS_REASON_BYTES], name[16];
    *w = (struct world){.dir = "/tmp/linnet-server-XXXXXX", .random = {drain_random, &seed}};
    assert_non_null(mkdtemp(w->dir));
    w->live = settings_of(w, more);
    assert_true(loop_init(&w->loop));
    assert_int_equal(store_mem_new(&w->store), STORE_OK);
    struct ops_config ops = {.store = w->store,
                             .domain = "localhost",
                             .iterations = 4096,
                             .derive_threads = 2,
                             .read_threads = 1,
                             .queue_max = 100,
                             .event = account_changed,
                             .ctx = w};
    assert_int_equal(ops_new(&ops, &w->ops, &error), LINNET_OK);
    w->port = ops_port_new(w->ops, &w->loop);
    assert_non_null(w->port);
    struct server_config config = {&w->loop, live_ref(w->live), w->ops, {0}};
    if (server_start(&config, &w->server, &error) != LINNET_OK)
        fail_msg("%s", error.sentence);
    for (int i = 0; i < USERS; i++) {
        snprintf(name, sizeof name, "user%d", i);
        add_user(w, name);
    }
    struct tls_client_settings tls = {0};
    w->tls = tls_ctx_new_client(&tls, reason);
    assert_non_null(w->tls);
}

static void remove_file(const struct world *w, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", w->dir, name);
    remove(path);
}

static void finish(struct world *w)
{
    server_stop(w->server);
    ops_port_free(w->port);
    loop_finish(&w->loop);
    ops_free(w->ops);
    store_free(w->store);
    live_unref(w->live);
    tls_ctx_unref(w->tls);
    remove_file(w, "tls/cert.pem");
    remove_file(w, "tls/key.pem");
    remove_file(w, "tls");
    remove_file(w, "");
}

/* ---- clients ---- */

struct client {
    struct world *world;
    struct chan *chan;
    struct stream *stream;
    uint64_t tls_id; /* of WANT_TLS, while the handshake runs */
    bool ready, closed;
    struct linnet_error error;
    char jid[128];

    void (*stanza)(struct client *c, const struct element *e);
    unsigned number;
    unsigned due[USERS]; /* the number of the next message from each user */
    unsigned count;
};

static int connect_to(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void client_open(struct client *c, struct world *w, const char *user, const char *resource,
                        bool direct)
{
    struct stream_config config = {.side = STREAM_CLIENT,
                                   .direct_tls = direct,
                                   .random = w->random,
                                   .lang = "de",
                                   .domain = STR_LIT("localhost"),
                                   .username = str_from(user),
                                   .resource = str_from(resource)};
    *c = (struct client){.world = w};
    c->chan = chan_tcp_new(connect_to(listeners_port(w->server->listeners, direct)));
    c->stream = stream_new(&config, loop_now_ms());
    assert_non_null(c->chan);
    assert_non_null(c->stream);
}

static void client_finish(struct client *c)
{
    stream_free(c->stream);
    chan_free(c->chan);
}

static void answer_secret(struct client *c, uint64_t id)
{
    struct sasl_secret secret = {.kind = SASL_SECRET_PASSWORD,
                                 .password = STR_LIT("correct horse")};
    assert_true(stream_answer_secret(c->stream, loop_now_ms(), id, &secret));
}

static void answer_derive(struct client *c, const struct stream_event *ev)
{
    uint8_t key[HASH_MAX_BYTES];
    const struct sasl_want *want = ev->sasl;
    assert_true(hash_pbkdf2(want->alg, want->password, want->salt, want->iterations, key));
    assert_true(stream_answer_derive(c->stream, loop_now_ms(), ev->id, key));
}

static void begin_tls(struct client *c, uint64_t id)
{
    struct chan_tls_options options = {.host = "localhost"};
    c->chan = chan_tls_new(c->world->tls, c->chan, &options);
    assert_non_null(c->chan);
    c->tls_id = id;
}

static void on_event(struct client *c, const struct stream_event *ev)
{
    switch (ev->kind) {
    case STREAM_WANT_TLS:
        begin_tls(c, ev->id);
        break;
    case STREAM_WANT_VERIFY: /* the server made its certificate itself */
        assert_true(stream_answer_verify(c->stream, loop_now_ms(), ev->id, true));
        break;
    case STREAM_WANT_SECRET:
        answer_secret(c, ev->id);
        break;
    case STREAM_WANT_DERIVE:
        answer_derive(c, ev);
        break;
    case STREAM_EVENT_READY:
        c->ready = true;
        snprintf(c->jid, sizeof c->jid, "%s", ev->jid->full);
        break;
    case STREAM_EVENT_STANZA:
        if (c->stanza)
            c->stanza(c, ev->element);
        break;
    case STREAM_EVENT_CLOSED:
        c->closed = true;
        c->error = *ev->error;
        break;
    default:
        break;
    }
}

static void pull(struct client *c)
{
    struct stream_event ev;
    while (!c->tls_id && stream_event(c->stream, &ev))
        on_event(c, &ev);
}

static void handshake(struct client *c)
{
    struct tls_facts facts;
    enum chan_result r = chan_tls_handshake(c->chan);
    assert_true(r == CHAN_OK || r == CHAN_AGAIN);
    if (r != CHAN_OK)
        return;
    chan_tls_facts(c->chan, &facts);
    uint64_t id = c->tls_id;
    c->tls_id = 0;
    assert_true(stream_answer_tls(c->stream, loop_now_ms(), id, STREAM_TLS_FINISHED, &facts, NULL));
}

static void feed(struct client *c, const char *data, size_t len)
{
    size_t used = 0;
    while (used < len && !c->closed && !c->tls_id) {
        size_t n = stream_input(c->stream, loop_now_ms(), data + used, len - used, 0);
        used += n;
        pull(c);
        if (n == 0 && stream_waiting(c->stream))
            break;
    }
    assert_true(used == len || c->closed);
}

static void read_all(struct client *c)
{
    char bytes[16384];
    for (;;) {
        size_t len = 0;
        enum chan_result r = chan_read(c->chan, bytes, sizeof bytes, &len);
        feed(c, bytes, len);
        if (r == CHAN_EOF || r == CHAN_LOST)
            stream_input_end(c->stream, loop_now_ms(), NULL);
        if (r != CHAN_OK || c->tls_id)
            break;
    }
    pull(c);
}

static void write_all(struct client *c)
{
    struct stream_output out;
    while (!c->tls_id && stream_output(c->stream, &out)) {
        size_t len = 0;
        enum chan_result r = chan_write(c->chan, out.data, out.len, &len);
        stream_output_ack(c->stream, loop_now_ms(), len);
        pull(c);
        if (r != CHAN_OK)
            return;
    }
}

/* One round of all clients, and of the loop that accepts. */
static void step(struct client *clients, size_t count)
{
    struct pollfd fds[USERS * 2];
    assert_true(count <= ARRAY_LEN(fds));
    for (size_t i = 0; i < count; i++) {
        struct client *c = &clients[i];
        pull(c);
        if (c->tls_id)
            handshake(c);
        pull(c);
        if (!c->tls_id)
            write_all(c);
        fds[i] = (struct pollfd){.fd = c->closed ? -1 : c->chan->fd, .events = POLLIN};
    }
    if (!clients[0].world->stopped)
        uv_run(&clients[0].world->loop, UV_RUN_NOWAIT);
    poll(fds, count, 2);
    for (size_t i = 0; i < count; i++)
        if (!clients[i].closed && !clients[i].tls_id)
            read_all(&clients[i]);
}

static void until_ready(struct client *clients, size_t count)
{
    for (size_t i = 0; i < count; i++)
        while (!clients[i].ready && !clients[i].closed)
            step(clients, count);
}

static void until_closed(struct client *c)
{
    while (!c->closed)
        step(c, 1);
}

static void say(struct client *c, const char *xml)
{
    assert_true(stream_send_bytes(c->stream, loop_now_ms(), str_from(xml), 0));
}

/* ---- tests ---- */

static unsigned user_of(const char *jid)
{
    assert_int_equal(strncmp(jid, "user", 4), 0);
    return (unsigned)(jid[4] - '0');
}

static void count_message(struct client *c, const struct element *e)
{
    const char *from = element_attr(e, "from"), *id = element_attr(e, "id");
    if (stanza_kind(e, NS_CLIENT) != STANZA_MESSAGE)
        return;
    unsigned sender = user_of(from);
    assert_string_equal(element_attr_ns(e, NS_XML, "lang"), "de");
    assert_int_equal(strtoul(id, NULL, 10), c->due[sender]);
    c->due[sender]++;
    c->count++;
}

static void send_round(struct client *clients, unsigned number)
{
    char xml[200];
    for (unsigned from = 0; from < USERS; from++)
        for (unsigned to = 0; to < USERS; to++) {
            snprintf(
                xml, sizeof xml,
                "<message to='user%u@localhost%s' type='chat' id='%u'><body>%u</body></message>",
                to, number % 2 ? "/here" : "", number, number);
            say(&clients[from], xml);
        }
}

/* Between all pairs, on one loop and across, by bare and by full JID: once, and in order. */
static void test_everybody_to_everybody(void **state)
{
    struct world w;
    struct client clients[USERS];
    char name[16];
    (void)state;
    start_with(&w, NULL);
    for (unsigned i = 0; i < USERS; i++) {
        snprintf(name, sizeof name, "user%u", i);
        client_open(&clients[i], &w, name, "here", i % 2);
        clients[i].stanza = count_message;
    }
    until_ready(clients, USERS);
    for (unsigned i = 0; i < USERS; i++) {
        assert_true(clients[i].ready);
        say(&clients[i], "<presence/>");
    }
    for (int rounds = 0; rounds < 20; rounds++)
        step(clients, USERS);
    for (unsigned number = 0; number < MESSAGES; number++) {
        send_round(clients, number);
        step(clients, USERS);
    }
    for (unsigned i = 0; i < USERS; i++)
        while (clients[i].count < USERS * MESSAGES)
            step(clients, USERS);
    unsigned sessions = 0;
    for (unsigned i = 0; i < w.server->worker_count; i++)
        sessions += w.server->workers[i].shown_sessions;
    assert_int_equal(sessions, USERS);
    for (unsigned i = 0; i < USERS; i++)
        client_finish(&clients[i]);
    finish(&w);
}

static void count_stanza(struct client *c, const struct element *e)
{
    (void)e;
    c->count++;
}

/* When the second answer is here, the turn of the first has ended. */
static void ask_twice(struct client *clients, size_t count, struct client *c)
{
    c->stanza = count_stanza;
    for (unsigned i = 0; i < 2; i++) {
        say(c, "<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        while (c->count <= i)
            step(clients, count);
    }
}

/* What a session that says nothing holds beside TLS, as the loops count it for their budgets: all
 * that its login needed is gone. */
static void test_idle_sessions_hold_little(void **state)
{
    enum { TLS_BYTES = 15 * 1024, SESSION_BYTES = 1280 }; /* the first: what conn.c reckons */
    struct world w;
    struct client clients[USERS];
    char name[16];
    size_t bytes = 0;
    (void)state;
    start_with(&w, NULL);
    for (unsigned i = 0; i < USERS; i++) {
        snprintf(name, sizeof name, "user%u", i);
        client_open(&clients[i], &w, name, "here", i % 2);
    }
    until_ready(clients, USERS);
    for (unsigned i = 0; i < USERS; i++)
        ask_twice(clients, USERS, &clients[i]);
    for (unsigned i = 0; i < w.server->worker_count; i++)
        bytes += w.server->workers[i].shown_memory;
    print_message("an idle session holds %zu bytes beside TLS\n", bytes / USERS - TLS_BYTES);
    assert_true(bytes > USERS * TLS_BYTES);
    assert_true(bytes <= USERS * (TLS_BYTES + SESSION_BYTES));
    for (unsigned i = 0; i < USERS; i++)
        client_finish(&clients[i]);
    finish(&w);
}

/* The newer client has the resource, the older one is told why it has to go. */
static void test_conflict(void **state)
{
    struct world w;
    struct client c[2];
    (void)state;
    start_with(&w, NULL);
    client_open(&c[0], &w, "user0", "here", true);
    until_ready(c, 1);
    client_open(&c[1], &w, "user0", "here", true);
    until_ready(c, 2);
    assert_true(c[1].ready);
    assert_string_equal(c[1].jid, "user0@localhost/here");
    until_closed(&c[0]);
    assert_int_equal(c[0].error.code, LINNET_ERROR_CONFLICT);
    client_finish(&c[0]);
    client_finish(&c[1]);
    finish(&w);
}

static void test_session_limit(void **state)
{
    struct world w;
    struct client c[3];
    (void)state;
    start_with(&w, "limits.sessions_per_account=2");
    for (int i = 0; i < 3; i++) {
        client_open(&c[i], &w, "user0", NULL, true);
        until_ready(c, (size_t)i + 1);
    }
    assert_true(c[0].ready && c[1].ready);
    assert_string_not_equal(c[0].jid, c[1].jid);
    assert_false(c[2].ready);
    assert_string_equal(c[2].error.condition, "resource-constraint");
    for (int i = 0; i < 3; i++)
        client_finish(&c[i]);
    finish(&w);
}

static void keep_error(struct client *c, const struct element *e)
{
    if (cstr_eq(element_attr(e, "type"), "error"))
        c->count++, c->number = stanza_error_read(e, &(struct str){0});
}

/* A stanza from someone else's address ends the stream (RFC 6120 §8.1.2.1). */
static void test_forged_from(void **state)
{
    struct world w;
    struct client c;
    (void)state;
    start_with(&w, NULL);
    client_open(&c, &w, "user0", "here", true);
    c.stanza = keep_error;
    until_ready(&c, 1);
    say(&c, "<message to='nobody@localhost' id='1'><body/></message>");
    while (c.count < 1)
        step(&c, 1);
    assert_int_equal(c.number, STANZA_SERVICE_UNAVAILABLE);
    say(&c, "<message to='juliet@capulet.example' id='2'><body/></message>");
    while (c.count < 2)
        step(&c, 1);
    assert_int_equal(c.number, STANZA_REMOTE_SERVER_NOT_FOUND);
    say(&c, "<message from='user1@localhost' to='user1@localhost'><body/></message>");
    until_closed(&c);
    assert_string_equal(c.error.condition, "invalid-from");
    client_finish(&c);
    finish(&w);
}

static void changed(void *ctx, const struct ops_reply *reply)
{
    assert_int_equal(reply->result, OPS_OK);
    *(bool *)ctx = true;
}

/* A disabled account loses its sessions, and learns why only with the right password. */
static void test_disabled_account(void **state)
{
    struct world w;
    struct client c;
    bool done = false;
    const char *why;
    (void)state;
    start_with(&w, NULL);
    client_open(&c, &w, "user3", "here", true);
    until_ready(&c, 1);
    struct ops_ask ask = {
        .address = STR_LIT("user3"), .reason = STR_LIT("on leave"), .done = changed, .ctx = &done};
    assert_int_equal(ops_account_disable(w.port, &ask, NULL, &why), OPS_OK);
    until_closed(&c);
    assert_string_equal(c.error.condition, "not-authorized");
    client_finish(&c);
    client_open(&c, &w, "user3", "here", true);
    until_closed(&c);
    assert_int_equal(c.error.code, LINNET_ERROR_ACCOUNT_DISABLED);
    assert_string_equal(c.error.peer_text, "on leave");
    client_finish(&c);
    finish(&w);
}

/* Whoever signed in with a password that holds no more is told so, and is not asked to come again.
 */
static void test_changed_password(void **state)
{
    struct world w;
    struct client c;
    bool done = false;
    const char *why;
    (void)state;
    start_with(&w, NULL);
    client_open(&c, &w, "user4", "here", true);
    until_ready(&c, 1);
    struct ops_ask ask = {.address = STR_LIT("user4"),
                          .password = STR_LIT("battery staple"),
                          .done = changed,
                          .ctx = &done};
    assert_int_equal(ops_account_passwd(w.port, &ask, NULL, &why), OPS_OK);
    until_closed(&c);
    assert_string_equal(c.error.condition, "not-authorized");
    assert_string_equal(c.error.peer_text, "the password was changed");
    assert_int_equal(c.error.retry, LINNET_RETRY_NO);
    client_finish(&c);
    finish(&w);
}

/* Tokens that are revoked end no session; logging out everywhere does. */
static void test_logged_out(void **state)
{
    struct world w;
    struct client c;
    bool done = false;
    const char *why;
    (void)state;
    start_with(&w, NULL);
    client_open(&c, &w, "user4", "here", true);
    until_ready(&c, 1);
    struct ops_ask ask = {.address = STR_LIT("user4"), .done = changed, .ctx = &done};
    assert_int_equal(ops_token_revoke(w.port, &ask, NULL, &why), OPS_OK);
    assert_int_equal(ops_logout(w.port, &ask, NULL, &why), OPS_OK);
    until_closed(&c);
    assert_string_equal(c.error.condition, "not-authorized");
    assert_string_equal(c.error.peer_text, "logged out everywhere");
    client_finish(&c);
    finish(&w);
}

static void *stop_thread(void *server)
{
    server_stop(server);
    return NULL;
}

static void test_shutdown(void **state)
{
    struct world w;
    struct client c;
    pthread_t thread;
    (void)state;
    start_with(&w, NULL);
    client_open(&c, &w, "user0", "here", false);
    until_ready(&c, 1);
    w.stopped = true; /* the loop is the stopping thread's now */
    assert_int_equal(pthread_create(&thread, NULL, stop_thread, w.server), 0);
    until_closed(&c);
    assert_int_equal(c.error.code, LINNET_ERROR_SHUTDOWN);
    step(&c, 1);
    client_finish(&c);
    pthread_join(thread, NULL);
    w.server = NULL;
    finish(&w);
}

/* New connections see what was loaded, and a bad file changes nothing. */
static void test_reload(void **state)
{
    struct world w;
    struct client c[2];
    struct linnet_error error = {0};
    (void)state;
    start_with(&w, NULL);
    client_open(&c[0], &w, "user0", "a", true);
    until_ready(c, 1);
    assert_int_equal(
        server_reload(w.server, settings_of(&w, "limits.sessions_per_account=1"), &error),
        LINNET_OK);
    for (int i = 0; i < 10; i++)
        step(c, 1);
    client_open(&c[1], &w, "user0", "b", true);
    until_ready(c, 2);
    assert_string_equal(c[1].error.condition, "resource-constraint");
    client_finish(&c[1]);
    struct tls_certificate in_force = w.server->certificate;
    assert_true(in_force.present);
    remove_file(&w, "tls/key.pem");
    assert_int_equal(server_reload(w.server, settings_of(&w, NULL), &error), LINNET_ERROR_SETTINGS);
    assert_memory_equal(w.server->certificate.sha256, in_force.sha256, sizeof in_force.sha256);
    client_open(&c[1], &w, "user1", "b", true);
    until_ready(c, 2);
    assert_true(c[1].ready);
    client_finish(&c[0]);
    client_finish(&c[1]);
    finish(&w);
}

/* A network as nobody but a test may block it: that of the loopback. */
static void block_loopback(struct world *w, int64_t now_s)
{
    struct network n;
    const struct store_block about = {.since_s = now_s};
    assert_int_equal(network_parse(STR_LIT("127.0.0.0/8"), &n), NETWORK_OK);
    blocks_put(&w->server->blocks, &n, &about, now_s);
}

/* Whether the other end closes before it has said a byte; the server accepts on our thread. */
static bool is_turned_away(struct world *w, bool direct)
{
    char byte;
    ssize_t got = -1;
    int fd = connect_to(listeners_port(w->server->listeners, direct));
    while (got < 0 && (errno == EAGAIN || errno == 0)) {
        uv_run(&w->loop, UV_RUN_NOWAIT);
        errno = 0;
        got = recv(fd, &byte, 1, 0);
    }
    close(fd);
    return got == 0;
}

/* Who is connected from a network that is blocked is cut off, signed in or not, on every loop; who
 * comes is turned away before a byte is said. */
static void test_blocked_network(void **state)
{
    struct world w;
    struct client c[3], after;
    struct network n;
    (void)state;
    start_with(&w, NULL);
    client_open(&c[0], &w, "user0", "a", true);
    client_open(&c[1], &w, "user1", "b", false);
    client_open(&c[2], &w, "user2", "c", true);
    until_ready(c, 3);
    block_loopback(&w, (int64_t)time(NULL));
    while (!c[0].closed || !c[1].closed || !c[2].closed)
        step(c, 3);
    assert_true(is_turned_away(&w, false));
    assert_true(is_turned_away(&w, true));
    assert_int_equal(network_parse(STR_LIT("127.0.0.0/8"), &n), NETWORK_OK);
    assert_true(blocks_remove(&w.server->blocks, &n));
    client_open(&after, &w, "user0", "a", true);
    until_ready(&after, 1);
    assert_true(after.ready);
    for (int i = 0; i < 3; i++)
        client_finish(&c[i]);
    client_finish(&after);
    finish(&w);
}

/* A port that is taken is said in one sentence, and nothing is left behind. */
static void test_port_in_use(void **state)
{
    struct world w;
    struct server *second;
    struct linnet_error error = {0};
    char set[64];
    (void)state;
    start_with(&w, NULL);
    snprintf(set, sizeof set, "c2s.listen=127.0.0.1:%u",
             listeners_port(w.server->listeners, false));
    struct server_config config = {&w.loop, settings_of(&w, set), w.ops, {0}};
    assert_int_equal(server_start(&config, &second, &error), LINNET_ERROR_SETTINGS);
    assert_non_null(strstr(error.sentence, "another program listens there"));
    finish(&w);
}

/* What is stored gets what the others leave, and ends nothing. */
static void test_stored_address_is_last(void **state)
{
    struct world w;
    struct linnet_error error = {0};
    char set[64];
    size_t index;
    (void)state;
    start_with(&w, NULL);
    uint16_t port = listeners_port(w.server->listeners, true);
    snprintf(set, sizeof set, "c2s.listen_tls=127.0.0.1:%u", port);
    server_stop(w.server);
    struct server_config config = {&w.loop, settings_of(&w, set), w.ops, {0}};
    struct settings *s = &config.live->settings;
    s->c2s_listen.items[0] = s->c2s_listen_tls.items[0];
    assert_non_null(settings_row_find("c2s.listen", &index));
    s->origin[index].source = SETTINGS_CONSOLE;
    w.server = NULL;
    assert_int_equal(server_start(&config, &w.server, &error), LINNET_OK);
    assert_int_equal(listeners_port(w.server->listeners, true), port);
    assert_int_equal(listeners_port(w.server->listeners, false), 0);
    finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everybody_to_everybody),
        cmocka_unit_test(test_idle_sessions_hold_little),
        cmocka_unit_test(test_conflict),
        cmocka_unit_test(test_session_limit),
        cmocka_unit_test(test_forged_from),
        cmocka_unit_test(test_disabled_account),
        cmocka_unit_test(test_changed_password),
        cmocka_unit_test(test_logged_out),
        cmocka_unit_test(test_shutdown),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_blocked_network),
        cmocka_unit_test(test_port_in_use),
        cmocka_unit_test(test_stored_address_is_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
