/*
 * fake_test.h - a server for tests, in the same thread and process: the server half of the core
 * over a loopback socket, with faults to order, or a raw peer that says fixed bytes. Each test has
 * its own; nothing waits longer than it must.
 */
#ifndef CLIENT_FAKE_TEST_H
#define CLIENT_FAKE_TEST_H

#include "client/client_private.h"

#include "base/base64.h"
#include "net/tls_selfsigned.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define FAKE_PASSWORD "sea of moons"
#define FAKE_SECRET_MARK "sea of"
#define FAKE_TOKEN "canary of moons"

enum fake_fault { FAKE_NONE, FAKE_CLOSE, FAKE_RESET, FAKE_STALL };

struct fake {
    int listener, fd;
    uint16_t port;
    unsigned accepted;

    /* to order, before the client connects */
    const char *raw;           /* say this when connected, and nothing else */
    bool raw_closes;           /* and close */
    bool direct_tls, in_clear; /* in_clear: STARTTLS is not offered */
    const char *domain;        /* "localhost" */
    const char *mechanism;     /* "": all */
    bool trickle;              /* one byte at a time */
    enum fake_fault fault;     /* after `budget` bytes of the present connection */
    size_t budget;
    enum sasl_error verdict; /* of the admission */
    const char *redirect;    /* <see-other-host/> for whoever opens a stream over TLS */
    bool redirects_in_clear; /* or before it */
    bool no_sasl2, fast;     /* RFC 6120 only; FAST tokens, one for one client at a time */
    bool sm;                 /* stream management */
    enum { FAKE_RESUMES, FAKE_FORGOT, FAKE_KNOWS_H } resume;
    bool refuses_sm_acks; /* handles nothing that comes */
    bool resumable;       /* as <enable/> asked */
    /* A stanza came; may stream_send. */
    void (*on_stanza)(struct fake *f, const struct element *stanza);

    /* the token that is valid, and who may use it; what was asked and how the way in was */
    struct fake_token {
        char text[40], mechanism[24], client_id[40];
        uint64_t count;
        unsigned issued, used;
    } token;
    char software[64], device[64], client_id[40];
    unsigned path; /* of stream_path, of the last client that came online */

    /* inside */
    struct sm *session; /* that may be resumed */
    struct stream *stream;
    struct chan *chan;
    struct tls_ctx *tls;
    struct tls_tickets *tickets;
    struct sasl_credential credential;
    struct entropy entropy;
    uint64_t tls_want;
    bool handshaking, bound;
    size_t written;
    unsigned stanzas;
    char cert_file[64], key_file[64], dir[32];
};

/* Binds to a loopback port of its own. It is asked for by its number, below those that the system
 * gives to whoever connects: such a port stays bound when nobody listens there any more. */
static inline int fake_bind(uint16_t *ret_port)
{
    enum { FIRST = 10240, COUNT = 6144 };
    static unsigned tried;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    for (int i = 0; fd >= 0 && i < COUNT; i++) {
        *ret_port = (uint16_t)(FIRST + ((unsigned)getpid() * 97 + tried++) % COUNT);
        at.sin_port = htons(*ret_port);
        if (bind(fd, (const struct sockaddr *)&at, sizeof at) == 0)
            return fd;
    }
    abort();
}

static inline int fake_listen(uint16_t *ret_port)
{
    int fd = fake_bind(ret_port);
    if (listen(fd, 8) != 0)
        abort();
    return fd;
}

/* SCRAM-SHA-256 of FAKE_PASSWORD, with the fewest iterations a client accepts. */
static inline void fake_credential(struct fake *f, const char *password, unsigned iterations)
{
    uint8_t key[HASH_MAX_BYTES];
    struct str salt = STR_LIT("0123456789abcdef");
    if (!hash_pbkdf2(HASH_SHA256, str_from(password), salt, iterations, key) ||
        !sasl_scram_credential(HASH_SHA256, key, salt, iterations, &f->credential))
        abort();
}

static inline void fake_start(struct fake *f)
{
    char reason[256];
    *f = (struct fake){.fd = -1, .domain = "localhost", .mechanism = "SCRAM-SHA-256"};
    f->listener = fake_listen(&f->port);
    entropy_init(&f->entropy);
    fake_credential(f, FAKE_PASSWORD, 4096);
    snprintf(f->dir, sizeof f->dir, "/tmp/linnet-test-XXXXXX");
    if (!mkdtemp(f->dir))
        abort();
    snprintf(f->cert_file, sizeof f->cert_file, "%s/cert.pem", f->dir);
    snprintf(f->key_file, sizeof f->key_file, "%s/key.pem", f->dir);
    struct tls_selfsigned_settings settings = {
        .domain = "localhost", .cert_file = f->cert_file, .key_file = f->key_file};
    if (!tls_selfsigned_create(&settings, reason))
        abort();
    struct random_source random = entropy_source(&f->entropy);
    f->tickets = tls_tickets_new(&random);
    struct tls_server_settings server = {f->cert_file, f->key_file, "xmpp-client", f->tickets};
    f->tls = tls_ctx_new_server(&server, reason);
    if (!f->tls)
        abort();
}

static inline void fake_hang_up(struct fake *f, bool reset)
{
    struct linger now = {1, 0};
    if (f->fd >= 0 && reset)
        setsockopt(f->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    if (f->session)
        sm_detach(f->session);
    stream_free(f->stream);
    chan_free(f->chan);
    f->stream = NULL;
    f->chan = NULL;
    f->fd = -1;
    f->bound = false;
}

static inline void fake_stop(struct fake *f)
{
    fake_hang_up(f, false);
    if (f->listener >= 0)
        close(f->listener);
    sm_unref(f->session);
    tls_ctx_unref(f->tls);
    tls_tickets_unref(f->tickets);
    entropy_finish(&f->entropy);
    unlink(f->cert_file);
    unlink(f->key_file);
    rmdir(f->dir);
}

/* From now on connections are refused, until it listens again; nobody else can have the port. */
static inline void fake_go_deaf(struct fake *f)
{
    if (shutdown(f->listener, SHUT_RD) != 0)
        abort();
}

static inline void fake_hear_again(struct fake *f)
{
    if (listen(f->listener, 8) != 0)
        abort();
}

static inline void fake_accept(struct fake *f)
{
    static const char *domains[2];
    int fd = f->listener >= 0 && f->fd < 0 ? accept4(f->listener, NULL, NULL, SOCK_NONBLOCK) : -1;
    if (fd < 0)
        return;
    f->accepted++;
    f->fd = fd;
    f->written = 0;
    f->handshaking = false;
    f->chan = chan_tcp_new(fd);
    domains[0] = f->domain;
    struct stream_config config = {
        .side = STREAM_SERVER,
        .sm = f->sm,
        .direct_tls = f->direct_tls,
        .random = entropy_source(&f->entropy),
        .domains = domains,
        .fake_iterations = 4096,
        .no_sasl2 = f->no_sasl2,
        .fast = f->fast,
        .policy = {.tls = f->in_clear ? POLICY_TLS_OFF : POLICY_TLS_REQUIRE, .legacy = true},
    };
    snprintf(config.policy.mechanisms[0], sizeof config.policy.mechanisms[0], "%s", f->mechanism);
    f->stream = f->raw ? NULL : stream_new(&config, loop_now_ms());
}

static inline void fake_output(struct fake *f);

/* Sends the client elsewhere, behind whatever was said already. */
static inline void fake_see_other_host(struct fake *f)
{
    char xml[512];
    size_t taken;
    if (!f->redirect || (!stream_tls(f->stream) && !f->redirects_in_clear))
        return;
    snprintf(xml, sizeof xml,
             "<stream:error><see-other-host xmlns='" NS_STREAM_ERRORS "'>%s</see-other-host>"
             "</stream:error></stream:stream>",
             f->redirect);
    fake_output(f);
    if (f->chan) /* the client may have gone, and what is written then is lost */
        (void)chan_write(f->chan, xml, strlen(xml), &taken);
    fake_hang_up(f, false);
}

/* The token that signs in, if it is of this mechanism and of this client. */
static inline void fake_answer_token_secret(struct fake *f, const struct stream_event *e)
{
    const struct fake_token *t = &f->token;
    struct sasl_secret secret = {.kind = SASL_SECRET_TOKEN};
    if (t->text[0] && cstr_eq(t->mechanism, e->sasl->scheme) &&
        str_is(e->sasl->client_id, t->client_id))
        secret.tokens[secret.token_count++] = str_from(t->text);
    stream_answer_secret(f->stream, loop_now_ms(), e->id, &secret);
}

static inline void fake_answer_secret(struct fake *f, const struct stream_event *e)
{
    struct sasl_secret secret = {.kind = SASL_SECRET_CREDENTIAL, .credential = f->credential};
    if (sasl_token_mech_find(str_from(e->sasl->scheme)))
        fake_answer_token_secret(f, e);
    else
        stream_answer_secret(f->stream, loop_now_ms(), e->id, &secret);
}

/* Takes a token whose count is above its last, and issues another where one is asked for. */
static inline void fake_answer_token(struct fake *f, const struct stream_event *e)
{
    const struct stream_token_info *asked = e->token;
    struct fake_token *t = &f->token;
    struct stream_token_answer answer = {.accepted = true, .expires_s = INT32_MAX};
    error_copy_text(f->software, sizeof f->software, asked->software);
    error_copy_text(f->device, sizeof f->device, asked->device);
    if (asked->used) {
        answer.accepted = asked->has_count && asked->count > t->count;
        t->count = asked->count;
        t->used++;
    }
    if (asked->issue && !asked->used) {
        *t = (struct fake_token){.issued = t->issued + 1, .used = t->used};
        snprintf(t->text, sizeof t->text, "%s %u", FAKE_TOKEN, t->issued);
        snprintf(t->mechanism, sizeof t->mechanism, "%s", asked->issue);
        error_copy_text(t->client_id, sizeof t->client_id, asked->client_id);
        answer.token = str_from(t->text);
    }
    stream_answer_token(f->stream, loop_now_ms(), e->id, &answer);
}

/* What becomes of <enable/> and <resume/>. */
static inline void fake_session(struct fake *f, const struct stream_session_info *asked,
                                struct stream_session_answer *ret)
{
    error_copy_text(f->client_id, sizeof f->client_id, asked->client_id);
    if (asked->resumes && f->session) {
        if (f->resume == FAKE_RESUMES &&
            sm_resume(f->session, asked->resume_h, loop_now_ms()) == SM_OK) {
            ret->resumed = f->session;
            ret->resumed_address = STR_LIT("juliet@localhost/r");
        } else if (f->resume == FAKE_KNOWS_H) {
            ret->old_known = true;
            ret->old_h = sm_h(f->session);
        }
    }
    if (asked->enables && !ret->resumed) {
        f->resumable = asked->resumable;
        sm_unref(f->session);
        f->session = sm_new(NULL);
        if (!f->session || !sm_set_id(f->session, STR_LIT("some session")))
            abort();
        ret->sm = f->session;
    }
}

static inline void fake_event(struct fake *f, const struct stream_event *e)
{
    uint64_t now_ms = loop_now_ms();
    struct stream_session_answer session = {STANZA_OK, STR_LIT("r")};
    struct chan_tls_options options = {0};
    uint8_t key[HASH_MAX_BYTES];
    uint64_t e_tag;
    switch (e->kind) {
    case STREAM_EVENT_HEADER:
        fake_see_other_host(f);
        break;
    case STREAM_WANT_TLS:
        f->chan = chan_tls_new(f->tls, f->chan, &options);
        f->handshaking = true;
        f->tls_want = e->id;
        break;
    case STREAM_WANT_SECRET:
        fake_answer_secret(f, e);
        break;
    case STREAM_WANT_TOKEN:
        fake_answer_token(f, e);
        break;
    case STREAM_WANT_DERIVE:
        if (!hash_pbkdf2(e->sasl->alg, e->sasl->password, e->sasl->salt, e->sasl->iterations, key))
            abort();
        stream_answer_derive(f->stream, now_ms, e->id, key);
        break;
    case STREAM_WANT_ADMIT:
        stream_answer_admit(f->stream, now_ms, e->id, f->verdict, STR_NONE);
        break;
    case STREAM_WANT_SESSION:
        fake_session(f, e->session, &session);
        stream_answer_session(f->stream, now_ms, e->id, &session);
        break;
    case STREAM_EVENT_READY:
        f->bound = true;
        f->path = stream_path(f->stream);
        break;
    case STREAM_EVENT_STANZA:
        f->stanzas++;
        if (f->on_stanza)
            f->on_stanza(f, e->element);
        if (f->stream && !f->refuses_sm_acks)
            stream_handled(f->stream, 1);
        break;
    case STREAM_EVENT_ACKED:
        while (stream_sm(f->stream) && sm_next_acked(stream_sm(f->stream), &e_tag))
            continue;
        break;
    default:
        break;
    }
}

static inline void fake_handshake(struct fake *f)
{
    struct tls_facts facts;
    enum chan_result result = chan_tls_handshake(f->chan);
    if (result == CHAN_OK) {
        f->handshaking = false;
        chan_tls_facts(f->chan, &facts);
        stream_answer_tls(f->stream, loop_now_ms(), f->tls_want, STREAM_TLS_FINISHED, &facts, NULL);
    } else if (result != CHAN_AGAIN) {
        fake_hang_up(f, false);
    }
}

/* Writes what may be written; true when the fault struck. */
static inline bool fake_write(struct fake *f, const void *data, size_t len, size_t *ret_taken)
{
    size_t may = len;
    *ret_taken = 0;
    if (f->fault != FAKE_NONE && f->written + may > f->budget)
        may = f->budget > f->written ? f->budget - f->written : 0;
    bool spent = may < len || (f->fault != FAKE_NONE && f->written >= f->budget);
    if (f->trickle && may > 1)
        may = 1;
    if (may > 0 && chan_write(f->chan, data, may, ret_taken) == CHAN_OK)
        f->written += *ret_taken;
    return spent && f->written >= f->budget;
}

static inline void fake_strike(struct fake *f)
{
    if (f->fault != FAKE_STALL)
        fake_hang_up(f, f->fault == FAKE_RESET);
}

static inline void fake_output(struct fake *f)
{
    struct stream_output out;
    while (f->stream && !f->handshaking && stream_output(f->stream, &out)) {
        size_t taken;
        bool struck = fake_write(f, out.data, out.len, &taken);
        if (taken > 0)
            stream_output_ack(f->stream, loop_now_ms(), taken);
        if (struck)
            fake_strike(f);
        if (struck || taken == 0 || f->trickle)
            return;
    }
}

static inline void fake_input(struct fake *f)
{
    char bytes[4096];
    struct stream_event e;
    size_t len;
    while (f->fd >= 0 && f->stream && !f->handshaking && !stream_waiting(f->stream)) {
        enum chan_result result = chan_read(f->chan, bytes, sizeof bytes, &len);
        if (result == CHAN_AGAIN)
            return;
        if (result != CHAN_OK) {
            fake_hang_up(f, false);
            return;
        }
        size_t at = 0;
        while (at < len && f->stream) {
            size_t used = stream_input(f->stream, loop_now_ms(), bytes + at, len - at, 0);
            bool any = false;
            at += used;
            while (f->stream && stream_event(f->stream, &e)) {
                any = true;
                if (e.kind == STREAM_EVENT_CLOSED) {
                    fake_output(f);
                    fake_hang_up(f, false);
                    return;
                }
                fake_event(f, &e);
            }
            if (used == 0 && !any)
                break; /* what is left is TLS's, and the client does not pipeline it */
        }
        fake_output(f);
    }
}

/* Only WANT_TLS waits for the output to be gone, so events are looked for again. */
static inline void fake_events(struct fake *f)
{
    struct stream_event e;
    while (f->stream && !f->handshaking && stream_event(f->stream, &e)) {
        if (e.kind == STREAM_EVENT_CLOSED) {
            fake_output(f);
            fake_hang_up(f, false);
            return;
        }
        fake_event(f, &e);
    }
}

static inline void fake_raw(struct fake *f)
{
    char sink[4096];
    size_t len = strlen(f->raw), taken;
    if (f->written < len)
        fake_write(f, f->raw + f->written, len - f->written, &taken);
    ssize_t got = recv(f->fd, sink, sizeof sink, 0);
    if (got == 0 || (f->raw_closes && f->written == len && got > 0))
        fake_hang_up(f, false);
}

/* Does what the server can do now. */
static inline void fake_step(struct fake *f)
{
    fake_accept(f);
    if (f->fd >= 0 && f->raw)
        fake_raw(f);
    if (f->fd >= 0 && f->handshaking)
        fake_handshake(f);
    if (f->stream) {
        fake_events(f);
        fake_output(f);
        fake_events(f);
    }
    fake_input(f);
}

/* Sends text as it is to the client that is bound. */
static inline void fake_say(struct fake *f, const char *xml)
{
    stream_send_bytes(f->stream, loop_now_ms(), str_from(xml), 0);
    fake_output(f);
}

/* Runs both until the client has an event, and returns it. That none comes for 20 seconds is a bug:
 * it ends the test program. */
static inline __attribute__((returns_nonnull)) const struct linnet_event *
fake_next(struct fake *f, struct linnet_client *c)
{
    uint64_t end_ms = loop_now_ms() + 20000;
    while (loop_now_ms() < end_ms) {
        const struct linnet_event *e = linnet_client_event(c);
        if (e)
            return e;
        int timeout_ms = linnet_client_timeout_ms(c);
        struct pollfd fds[3] = {{linnet_client_fd(c), POLLIN, 0},
                                {f->listener, POLLIN, 0},
                                {f->fault == FAKE_STALL ? -1 : f->fd, POLLIN, 0}};
        bool busy = f->stream && f->trickle && stream_output_pending(f->stream) > 0;
        if (busy || timeout_ms < 0 || timeout_ms > 20)
            timeout_ms = busy ? 0 : 20;
        poll(fds, 3, timeout_ms);
        linnet_client_dispatch(c);
        fake_step(f);
    }
    fprintf(stderr, "the client has no event, in state %d\n", c->state);
    abort();
}

/* The same, dropping events until one of `kind`. */
static inline __attribute__((returns_nonnull)) const struct linnet_event *
fake_until(struct fake *f, struct linnet_client *c, enum linnet_event_kind kind)
{
    const struct linnet_event *e;
    do
        e = fake_next(f, c);
    while (e->kind != kind);
    return e;
}

/* A configuration for the fake: over TLS that trusts its certificate, or in clear. */
static inline struct linnet_config *fake_config(const struct fake *f)
{
    struct linnet_config *config = linnet_config_new();
    linnet_config_set_address(config, "juliet@localhost");
    linnet_config_set_password(config, FAKE_PASSWORD, sizeof FAKE_PASSWORD - 1);
    linnet_config_set_host(config, "127.0.0.1");
    linnet_config_set_port(config, f->port);
    linnet_config_set_direct_tls(config, f->direct_tls);
    linnet_config_set_ca_file(config, f->cert_file);
    linnet_config_set_tls(config, f->in_clear ? LINNET_TLS_OFF : LINNET_TLS_REQUIRE);
    return config;
}

/* Takes the configuration. */
static inline struct linnet_client *fake_client(struct linnet_config *config)
{
    struct linnet_client *client;
    struct linnet_error error;
    if (linnet_client_new(config, &client, &error) != LINNET_OK) {
        fprintf(stderr, "client: %s\n", error.sentence);
        abort();
    }
    linnet_config_free(config);
    return client;
}

#endif
