/*
 * wire - plays transcripts of C: and S: lines against both halves of the stream.
 *
 *     key: value          settings, before the first line of the exchange (see `settings`)
 *     C: <xml>            one item of the client     S: <xml>   one item of the server
 *     TLS                 the handshake succeeds here, with the facts of `tls:`
 *     EARLY | EARLY refused   before it, with `early: on`: early data passes, or may not
 *     client: ready ADDRESS | client: fails CODE | server: ready ADDRESS | server: fails CODE
 *                         what that half must come to next
 *     client: path [sasl2] [bind2] [token] [pipelined] [resumed]   how it became ready
 *     client: token MECHANISM TOKEN EXPIRY | client: token refused
 *     client: sends <xml> ...     see wire_sm.h; server: upgraded ... see wire_upgrade.h
 *
 * When the client half is played, S: lines are fed to it and its output must equal the C: lines,
 * element by element (attribute order and quotes do not matter); and the other way round.
 * In a line, `$name` is a variable: captured where it is expected, repeated where it is fed. `*`
 * as a value matches anything.
 *
 * A line longer than the screen may go on in lines that begin with two spaces.
 */
#include "base/base64.h"
#include "base/error.h"
#include "tests/wire/wire_sm.h"
#include "tests/wire/wire_upgrade.h"
#include "xml/reader.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINES_MAX = 200, VARS_MAX = 16, RANDOM_MAX = 512 };

struct script {
    const char *path;
    char *text;
    char *lines[LINES_MAX];
    unsigned numbers[LINES_MAX];
    size_t count;
    /* settings */
    const char *half, *domain, *aliases, *user, *password, *authzid, *resource, *mechanism, *tls;
    const char *server_policy, *agent, *tag, *token, *token_mechanism, *token_count, *known;
    bool legacy, direct, sasl2, fast, want_token, token_stale, early;
    struct wire_sm sm;
    struct wire_upgrade upgrade;
    uint8_t random[2][RANDOM_MAX];
    size_t random_len[2];
};

struct play {
    const struct script *script;
    enum stream_side side;
    struct stream *stream;
    struct xml_reader *reader; /* of what the half writes */
    size_t random_used;
    uint64_t now_ms, tls_want;
    bool tls_due, ready, closed;
    struct linnet_error error;
    char jid[512], token[128];
    struct wire_session session;
    struct wire_upgrade upgrade;
    char *vars[VARS_MAX][2];
    size_t var_count;
    size_t line;
};

static void die(const struct play *p, const char *what, const char *detail)
{
    fprintf(stderr, "%s:%u (%s half): %s %s\n", p->script->path, p->script->numbers[p->line],
            p->side == STREAM_CLIENT ? "client" : "server", what, detail ? detail : "");
    exit(1);
}

/* ---- the script ---- */

static bool setting(struct script *s, const char *key, char *value)
{
    struct {
        const char *key, **to;
    } texts[] = {
        {"half", &s->half},           {"domain", &s->domain},
        {"user", &s->user},           {"password", &s->password},
        {"authzid", &s->authzid},     {"resource", &s->resource},
        {"mechanism", &s->mechanism}, {"tls", &s->tls},
        {"aliases", &s->aliases},     {"server-policy", &s->server_policy},
        {"agent", &s->agent},         {"tag", &s->tag},
        {"token", &s->token},         {"token-mechanism", &s->token_mechanism},
        {"known", &s->known},         {"token-count", &s->token_count},
    };
    struct {
        const char *key;
        bool *to;
    } switches[] = {
        {"legacy", &s->legacy},
        {"direct", &s->direct},
        {"sasl2", &s->sasl2},
        {"fast", &s->fast},
        {"early", &s->early},
        {"want-token", &s->want_token},
        {"token-stale", &s->token_stale},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (strcmp(key, texts[i].key) == 0) {
            *texts[i].to = value;
            return true;
        }
    if (strcmp(key, "title") == 0)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(switches); i++)
        if (strcmp(key, switches[i].key) == 0)
            return *switches[i].to = strcmp(value, "on") == 0, true;
    if (wire_sm_setting(&s->sm, key, value) || wire_upgrade_setting(&s->upgrade, key, value))
        return true;
    enum stream_side side = strncmp(key, "server-", 7) == 0 ? STREAM_SERVER : STREAM_CLIENT;
    const char *what = strncmp(key, "server-", 7) && strncmp(key, "client-", 7) ? "" : key + 7;
    size_t *len = &s->random_len[side];
    if (strcmp(what, "random-zeros") == 0)
        return *len += strtoul(value, NULL, 10), true;
    struct buf raw = {0};
    bool good = strcmp(what, "random-base64") == 0 && base64_decode(&raw, str_from(value)) &&
                *len + buf_len(&raw) <= RANDOM_MAX;
    if (good)
        memcpy(s->random[side] + *len, buf_peek(&raw).ptr, buf_len(&raw));
    *len += buf_len(&raw);
    buf_finish(&raw);
    return good;
}

static bool is_exchange(const char *line)
{
    static const char *const starts[] = {"C:", "S:", "TLS", "EARLY", "client:", "server:"};
    for (size_t i = 0; i < ARRAY_LEN(starts); i++)
        if (strncmp(line, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

static void add_line(struct script *s, char *line, unsigned number)
{
    char *value;
    if (line[0] == '\0' || line[0] == '#')
        return;
    if (line[0] == ' ' && s->count > 0) {
        /* the lines before are NUL-terminated in place: close the gap */
        char *end = s->lines[s->count - 1] + strlen(s->lines[s->count - 1]);
        memmove(end, line + 2, strlen(line + 2) + 1);
        return;
    }
    if (is_exchange(line)) {
        assert(s->count < LINES_MAX);
        s->numbers[s->count] = number;
        s->lines[s->count++] = line;
        return;
    }
    value = strchr(line, ':');
    if (value) {
        *value++ = '\0';
        value += strspn(value, " ");
    }
    if (!value || !setting(s, line, value)) {
        fprintf(stderr, "%s:%u: not understood: %s\n", s->path, number, line);
        exit(1);
    }
}

static void script_load(struct script *s, const char *path)
{
    *s = (struct script){.path = path, .half = "both", .domain = "localhost", .tls = "TLSv1.3"};
    FILE *f = fopen(path, "r");
    struct buf text = {0};
    char chunk[4096];
    size_t n;
    assert(f);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_append(&text, chunk, n);
    fclose(f);
    s->text = buf_take_cstr(&text);
    buf_finish(&text);
    unsigned number = 0;
    char *next = s->text;
    while (next && *next) {
        char *line = next, *end = strchr(next, '\n');
        next = end ? end + 1 : NULL;
        if (end)
            *end = '\0';
        add_line(s, line, ++number);
    }
}

/* ---- variables ---- */

static const char *var_get(struct play *p, const char *name)
{
    for (size_t i = 0; i < p->var_count; i++)
        if (strcmp(p->vars[i][0], name) == 0)
            return p->vars[i][1];
    return NULL;
}

static const char *var_set(struct play *p, const char *name, const char *value)
{
    assert(p->var_count < VARS_MAX);
    p->vars[p->var_count][0] = strdup(name);
    p->vars[p->var_count][1] = strdup(value);
    return p->vars[p->var_count++][1];
}

/* Replaces each $name in `xml`; a name not seen yet gets a value of its own. */
static char *substitute(struct play *p, const char *xml)
{
    struct buf out = {0};
    while (*xml) {
        if (*xml != '$') {
            buf_byte(&out, (uint8_t)*xml++);
            continue;
        }
        char name[32];
        size_t len = strspn(++xml, "abcdefghijklmnopqrstuvwxyz-");
        snprintf(name, sizeof name, "%.*s", (int)len, xml);
        xml += len;
        const char *value = var_get(p, name);
        buf_cstr(&out, value ? value : var_set(p, name, name));
    }
    char *text = buf_take_cstr(&out);
    buf_finish(&out);
    return text;
}

/* ---- comparing ---- */

static bool value_matches(struct play *p, const char *want, const char *got)
{
    if (strcmp(want, "*") == 0)
        return true;
    if (want[0] != '$')
        return strcmp(want, got) == 0;
    const char *known = var_get(p, want + 1);
    return known ? strcmp(known, got) == 0 : var_set(p, want + 1, got) != NULL;
}

static bool attrs_match(struct play *p, const struct element *want, const struct element *got)
{
    size_t wanted = 0, given = 0;
    for (const struct attr *a = want->attrs; a; a = a->next, wanted++) {
        const char *value = element_attr_ns(got, a->ns, a->name);
        if (!value || !value_matches(p, a->value, value))
            return false;
    }
    for (const struct attr *a = got->attrs; a; a = a->next)
        given++;
    return wanted == given;
}

static bool matches(struct play *p, const struct element *want, const struct element *got)
{
    if (strcmp(want->ns, got->ns) || strcmp(want->name, got->name) || !attrs_match(p, want, got))
        return false;
    const struct node *w = want->children, *g = got->children;
    for (; w && g; w = w->next, g = g->next) {
        if (!w->element != !g->element)
            return false;
        if (w->element ? !matches(p, w->element, g->element) : !value_matches(p, w->text, g->text))
            return false;
    }
    return !w && !g;
}

/* ---- the half that is played ---- */

static void scripted_random(void *ctx, void *out, size_t len)
{
    struct play *p = ctx;
    for (size_t i = 0; i < len; i++, p->random_used++)
        ((uint8_t *)out)[i] = p->random_used < p->script->random_len[p->side]
                                  ? p->script->random[p->side][p->random_used]
                                  : 0;
}

static struct str str_opt(const char *s)
{
    return str_from(s);
}

static void play_begin(struct play *p)
{
    static const char *domains[3];
    const struct script *s = p->script;
    domains[0] = s->domain;
    domains[1] = s->aliases;
    struct stream_config c = {
        .side = p->side,
        .direct_tls = s->direct,
        .random = {scripted_random, p},
        .domains = domains,
        .domain = str_opt(s->domain),
        .username = str_opt(s->user),
        .authzid = str_opt(s->authzid),
        .resource = str_opt(s->resource),
        .fast_path = {.off = !s->sasl2,
                      .agent_id = str_opt(s->agent),
                      .agent_software = str_opt(s->agent ? "Linnet" : NULL),
                      .tag = str_opt(s->tag),
                      .early_data = s->early,
                      .want_token = s->want_token,
                      .token = str_opt(s->token),
                      .token_mechanism = str_opt(s->token_mechanism),
                      .token_count = s->token_count ? strtoull(s->token_count, NULL, 10) : 0,
                      .known_features = str_opt(s->known)},
        .fake_iterations = 4096,
        .no_sasl2 = !s->sasl2,
        .fast = s->fast,
        .early_data = s->early,
    };
    c.policy.legacy = s->legacy;
    if (s->mechanism && p->side == STREAM_CLIENT)
        snprintf(c.policy.mechanism, sizeof c.policy.mechanism, "%s", s->mechanism);
    if (s->mechanism && p->side == STREAM_SERVER)
        snprintf(c.policy.mechanisms[0], sizeof c.policy.mechanisms[0], "%s", s->mechanism);
    if (s->server_policy && p->side == STREAM_SERVER)
        c.policy.tls =
            strcmp(s->server_policy, "tls-optional") == 0 ? POLICY_TLS_PREFER : POLICY_TLS_OFF;
    wire_session_begin(&p->session, &s->sm, p->side);
    wire_session_configure(&p->session, &c);
    p->upgrade = s->upgrade;
    wire_upgrade_configure(&p->upgrade, &c);
    p->stream = stream_new(&c, 0);
    p->reader = xml_reader_new(&xml_limits_after_auth, false);
    assert(p->stream && p->reader);
}

static void give_secret(struct play *p, const struct stream_event *ev)
{
    struct sasl_secret secret = {.kind = SASL_SECRET_NONE};
    struct str password = str_opt(p->script->password);
    const struct sasl_want *want = ev->sasl;
    if (want->client_id.ptr) {
        secret.kind = SASL_SECRET_TOKEN;
        if (str_is(want->username, p->script->user) && p->script->token &&
            str_is(want->client_id, p->script->agent))
            secret.tokens[secret.token_count++] = str_opt(p->script->token);
    } else if (p->side == STREAM_CLIENT) {
        secret.kind = SASL_SECRET_PASSWORD;
        secret.password = password;
    } else if (str_is(want->username, p->script->user)) {
        bool digest = want->scheme && strcmp(want->scheme, "DIGEST-MD5") == 0;
        enum hash_alg alg = want->scheme && strstr(want->scheme, "SHA-1") ? HASH_SHA1 : HASH_SHA256;
        struct str salt =
            STR_LIT("\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81");
        uint8_t salted[HASH_MAX_BYTES];
        bool good = digest ? sasl_digest_credential(want->username, want->realm, password,
                                                    &secret.credential)
                           : hash_pbkdf2(alg, password, salt, 4096, salted) &&
                                 sasl_scram_credential(alg, salted, salt, 4096, &secret.credential);
        assert(good);
        secret.kind = SASL_SECRET_CREDENTIAL;
    }
    stream_answer_secret(p->stream, p->now_ms, ev->id, &secret);
}

static void on_event(struct play *p, const struct stream_event *ev)
{
    uint8_t key[HASH_MAX_BYTES];
    bool good;
    switch (ev->kind) {
    case STREAM_WANT_TLS:
        p->tls_due = true;
        p->tls_want = ev->id;
        break;
    case STREAM_WANT_SECRET:
        give_secret(p, ev);
        break;
    case STREAM_WANT_DERIVE:
        good = hash_pbkdf2(ev->sasl->alg, ev->sasl->password, ev->sasl->salt, ev->sasl->iterations,
                           key);
        stream_answer_derive(p->stream, p->now_ms, ev->id, good ? key : NULL);
        break;
    case STREAM_WANT_ADMIT:
        stream_answer_admit(p->stream, p->now_ms, ev->id, SASL_ERROR_NONE, STR_NONE);
        break;
    case STREAM_WANT_TOKEN:
        stream_answer_token(p->stream, p->now_ms, ev->id,
                            &(struct stream_token_answer){
                                .accepted = !p->script->token_stale,
                                .token = ev->token->issue ? STR_LIT("new-token") : STR_NONE,
                                .expires_s = 1795748881});
        break;
    case STREAM_WANT_SESSION: {
        struct str resource = ev->session->tag.ptr ? ev->session->tag : ev->session->resource;
        struct stream_session_answer answer = {.resource =
                                                   resource.ptr ? resource : STR_LIT("made")};
        wire_session_answer(&p->session, ev->session, &answer);
        stream_answer_session(p->stream, p->now_ms, ev->id, &answer);
        break;
    }
    case STREAM_EVENT_TOKEN:
        snprintf(p->token, sizeof p->token, "%s %.*s %.*s", ev->issued->mechanism,
                 STR_ARG(ev->issued->token), STR_ARG(ev->issued->expiry));
        break;
    case STREAM_EVENT_TOKEN_REFUSED:
        snprintf(p->token, sizeof p->token, "refused");
        break;
    case STREAM_EVENT_READY:
        p->ready = true;
        snprintf(p->jid, sizeof p->jid, "%s", ev->jid->full);
        break;
    case STREAM_EVENT_CLOSED:
        p->closed = true;
        p->error = *ev->error;
        break;
    default:
        if (!wire_upgrade_event(&p->upgrade, p->stream, p->now_ms, str_opt(p->script->password),
                                ev))
            wire_session_event(&p->session, p->stream, ev);
        break;
    }
}

static void settle(struct play *p)
{
    struct stream_event ev;
    while (stream_event(p->stream, &ev))
        on_event(p, &ev);
}

static void feed(struct play *p, const char *xml)
{
    char *text = substitute(p, xml);
    size_t used = 0, len = strlen(text);
    settle(p);
    /* One byte at a time: where a reader stops must not depend on where the network cuts. */
    while (used < len) {
        size_t n = stream_input(p->stream, p->now_ms, text + used, 1, 0);
        struct stream_event ev;
        bool any = false;
        while (stream_event(p->stream, &ev)) {
            on_event(p, &ev);
            any = true;
        }
        if (n == 0 && !any)
            die(p, "the half did not take", text + used);
        used += n;
    }
    settle(p);
    free(text);
}

/* The next item that the half wrote; NULL element for a close tag. */
static enum xml_status next_item(struct play *p)
{
    struct stream_output out;
    settle(p);
    while (stream_output(p->stream, &out)) {
        size_t used = 0;
        enum xml_status st = xml_reader_read(p->reader, out.data, out.len, &used);
        stream_output_ack(p->stream, p->now_ms, used);
        if (st == XML_FAIL)
            die(p, "the half wrote XML that cannot be read:", xml_reader_fault_text(p->reader));
        if (st != XML_MORE)
            return st;
    }
    return XML_MORE;
}

static void new_reader(struct play *p)
{
    xml_reader_free(p->reader);
    p->reader = xml_reader_new(&xml_limits_after_auth, false);
}

static void show_got(struct play *p, const char *expected)
{
    struct buf text = {0};
    if (xml_reader_element(p->reader))
        xml_print(&text, xml_reader_element(p->reader), NS_CLIENT);
    buf_byte(&text, '\0');
    fprintf(stderr, "expected %s\nwritten  %s\n", expected, buf_peek(&text).ptr);
    die(p, "differs", NULL);
}

/* Reads `xml` (an expected line) in the context of a stream and compares. */
static void expect(struct play *p, const char *xml)
{
    static const char open[] = "<stream:stream xmlns='jabber:client' "
                               "xmlns:stream='http://etherx.jabber.org/streams'>";
    struct xml_reader *r = xml_reader_new(&xml_limits_after_auth, false);
    size_t used;
    bool header = strstr(xml, "<stream:stream") != NULL;
    if (!header && xml_reader_read(r, open, strlen(open), &used) != XML_HEADER)
        die(p, "cannot read", open);
    if (header && xml_reader_between(p->reader))
        new_reader(p);
    size_t len = strlen(xml), at = 0;
    enum xml_status want = XML_MORE;
    while (at < len && want == XML_MORE) {
        want = xml_reader_read(r, xml + at, len - at, &used);
        at += used;
    }
    if (want == XML_MORE || want == XML_FAIL)
        die(p, "the transcript's line cannot be read:", xml);
    enum xml_status got = next_item(p);
    if (got != want)
        show_got(p, xml);
    if (want != XML_CLOSE && !matches(p, xml_reader_element(r), xml_reader_element(p->reader)))
        show_got(p, xml);
    xml_reader_free(r);
}

/* What both ends know before the handshake is finished: the certificate, and so its binding. */
static void know_certificate(struct tls_facts *f)
{
    f->end_point_len = 32;
    memset(f->end_point, 0x20, f->end_point_len);
}

/* `EARLY`: the half goes on before the handshake is finished. `EARLY refused`: it will not. */
static void early(struct play *p, bool allowed)
{
    struct tls_facts f = {.version = "TLSv1.3",
                          .resumed = true,
                          .verdict =
                              p->side == STREAM_CLIENT ? TLS_VERDICT_OK : TLS_VERDICT_NOT_CHECKED};
    settle(p);
    if (!p->tls_due)
        die(p, "the half does not want TLS here", NULL);
    know_certificate(&f);
    if (stream_answer_tls(p->stream, p->now_ms, p->tls_want, STREAM_TLS_EARLY, &f, NULL) != allowed)
        die(p, allowed ? "the half sends nothing early" : "the half sends early", NULL);
    settle(p);
}

static void handshake(struct play *p)
{
    struct tls_facts f = {.verdict =
                              p->side == STREAM_CLIENT ? TLS_VERDICT_OK : TLS_VERDICT_NOT_CHECKED};
    settle(p);
    if (next_item(p) != XML_MORE)
        die(p, "the half wrote more than expected before TLS", NULL);
    if (!p->tls_due)
        die(p, "the half does not want TLS here", NULL);
    snprintf(f.version, sizeof f.version, "%s", p->script->tls);
    if (strcmp(p->script->tls, "unbound") != 0) {
        f.exporter_len = sizeof f.exporter;
        for (size_t i = 0; i < sizeof f.exporter; i++)
            f.exporter[i] = (uint8_t)i;
    }
    if (p->script->early) {
        know_certificate(&f);
        f.early_data = true;
    }
    p->tls_due = false;
    stream_answer_tls(p->stream, p->now_ms, p->tls_want, STREAM_TLS_FINISHED, &f, NULL);
    if (!p->script->early)
        new_reader(p);
    settle(p);
}

/* How READY was reached. */
static void show_path(const struct play *p, char *out, size_t size)
{
    static const char *const names[] = {"sasl2", "bind2", "token", "pipelined", "resumed", "early"};
    size_t len = (size_t)snprintf(out, size, "path");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (stream_path(p->stream) & 1u << i)
            len += (size_t)snprintf(out + len, size - len, " %s", names[i]);
}

static void show_state(const struct play *p, const char *want, char *out, size_t size)
{
    if (strncmp(want, "ready ", 6) == 0)
        snprintf(out, size, "ready %s", p->ready && !p->closed ? p->jid : "(not)");
    else if (strncmp(want, "token ", 6) == 0)
        snprintf(out, size, "token %s", p->token);
    else if (strncmp(want, "upgraded", 8) == 0)
        snprintf(out, size, "upgraded%s", p->upgrade.stored);
    else if (strncmp(want, "path", 4) == 0)
        show_path(p, out, size);
    else if (p->closed)
        snprintf(out, size, "fails %s",
                 p->error.code ? linnet_error_info(p->error.code)->id : "ok");
    else
        snprintf(out, size, "goes on");
}

static void act_or_check(struct play *p, const char *want)
{
    char got[600];
    settle(p);
    if (wire_session_act(&p->session, p->stream, &p->now_ms, want))
        return;
    if (!wire_session_state(&p->session, p->stream, want, got, sizeof got))
        show_state(p, want, got, sizeof got);
    if (strcmp(want, got) != 0) {
        fprintf(stderr, "expected: %s\nfound:    %s; %s\n", want, got, p->error.sentence);
        die(p, "came to something else", NULL);
    }
}

static void play_line(struct play *p, const char *line)
{
    bool client = p->side == STREAM_CLIENT;
    const char *text = line + strcspn(line, ": ");
    text += strspn(text, ": ");
    if (strncmp(line, "EARLY", 5) == 0)
        early(p, strcmp(line, "EARLY") == 0);
    else if (strcmp(line, "TLS") == 0)
        handshake(p);
    else if (strncmp(line, client ? "C:" : "S:", 2) == 0)
        expect(p, text);
    else if (strncmp(line, client ? "S:" : "C:", 2) == 0)
        feed(p, text);
    else if (strncmp(line, client ? "client:" : "server:", 7) == 0)
        act_or_check(p, text);
}

static void play(const struct script *s, enum stream_side side)
{
    struct play p = {.script = s, .side = side};
    play_begin(&p);
    for (p.line = 0; p.line < s->count; p.line++)
        play_line(&p, s->lines[p.line]);
    p.line--;
    if (next_item(&p) != XML_MORE)
        show_got(&p, "(nothing more)");
    for (size_t i = 0; i < p.var_count; i++) {
        free(p.vars[i][0]);
        free(p.vars[i][1]);
    }
    xml_reader_free(p.reader);
    stream_free(p.stream);
    wire_session_finish(&p.session);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct script s;
        script_load(&s, argv[i]);
        if (strcmp(s.half, "server") != 0)
            play(&s, STREAM_CLIENT);
        if (strcmp(s.half, "client") != 0)
            play(&s, STREAM_SERVER);
        printf("ok %s (%s)\n", argv[i], s.half);
        free(s.text);
    }
    return argc > 1 ? 0 : 2;
}
