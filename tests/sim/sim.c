#include "tests/sim/sim.h"

#include "base/base64.h"

#include <stdio.h>
#include <stdlib.h>

/* One run: draw a case and a link from the seed, let both ends work in virtual time, and check
 * what must be true whatever happened. */

enum { RUN_LIMIT_MS = 60000, LOGIN_LIMIT_MS = 20000 };

static const char password[] = "N0t-in-cle\xc3\xa4r";

/* ---- the case ---- */

static void pick_mechanism(struct sim_case *c, struct sim_rng *r)
{
    const struct sasl_mech *m;
    size_t count = 0;
    while (sasl_mech_at(count))
        count++;
    if (sim_chance(r, 40))
        return;
    m = sasl_mech_at(sim_below(r, count));
    snprintf(c->client_policy.mechanism, sizeof c->client_policy.mechanism, "%s",
             sasl_mech_name(m));
}

static void fill_facts(struct sim_case *c, struct sim_rng *r)
{
    struct tls_facts *f = &c->facts;
    snprintf(f->version, sizeof f->version, c->tls12 ? "TLSv1.2" : "TLSv1.3");
    struct random_source random = sim_random(r);
    if (!c->can_bind)
        return;
    f->exporter_len = sizeof f->exporter;
    random_fill(&random, f->exporter, sizeof f->exporter);
    f->end_point_len = 32;
    random_fill(&random, f->end_point, 32);
    f->unique_len = c->tls12 ? 12 : 0;
    random_fill(&random, f->unique, f->unique_len);
}

static bool make_credentials(struct sim_case *c)
{
    static const enum hash_alg algs[] = {HASH_SHA256, HASH_SHA1, HASH_SHA512};
    struct buf prepared = {0};
    uint8_t salted[HASH_MAX_BYTES];
    struct str salt = STR_LIT("0123456789abcdef");
    bool good = sasl_prepare_password(str_from(c->password), &prepared);
    for (size_t i = 0; good && i < ARRAY_LEN(algs); i++)
        good =
            hash_pbkdf2(algs[i], buf_peek(&prepared), salt, 8, salted) &&
            sasl_scram_credential(algs[i], salted, salt, 8, &c->credentials[c->credential_count++]);
    good = good &&
           sasl_digest_credential(STR_LIT(SIM_USER), STR_LIT(SIM_DOMAIN), str_from(c->password),
                                  &c->credentials[c->credential_count++]);
    buf_finish(&prepared);
    return good;
}

/* The dimensions of the fast path. They are drawn apart, so that the seeds of before mean what they
 * meant. */
static void draw_fast_path(struct sim_case *c)
{
    struct sim_rng r = {c->seed * 0x9e3779b97f4a7c15 + 7};
    for (int side = 0; side < 2; side++) {
        c->sasl2[side] = sim_chance(&r, 70);
        c->sm[side] = sim_chance(&r, 70);
    }
    c->fast = sim_chance(&r, 70);
    c->token_stale = sim_chance(&r, 20);
    c->known = sim_chance(&r, 50);
    c->known_stale = sim_chance(&r, 30);
    c->again = sim_chance(&r, 40);
    c->old_gone = sim_chance(&r, 30);
    c->old_counted = sim_chance(&r, 60);
}

static bool draw_case(struct sim_case *c, struct sim_rng *r)
{
    c->password = password;
    c->direct_tls = sim_chance(r, 40);
    c->verdict_good = !sim_chance(r, 8);
    c->accept_bad = sim_chance(r, 50);
    c->wrong_password = sim_chance(r, 10);
    c->unknown_user = sim_chance(r, 8);
    c->disabled = sim_chance(r, 4);
    c->store_down = sim_chance(r, 3);
    c->host_wrong = sim_chance(r, 3);
    c->tls12 = sim_chance(r, 30);
    c->can_bind = sim_chance(r, 80);
    c->messages = (unsigned)sim_below(r, 12);
    c->client_policy.legacy = c->server_policy.legacy = sim_chance(r, 50);
    c->client_policy.iterations_min = 1;
    if (sim_chance(r, 5))
        c->server_policy.tls = POLICY_TLS_OFF;
    if (sim_chance(r, 5))
        c->client_policy.tls = POLICY_TLS_PREFER;
    pick_mechanism(c, r);
    draw_fast_path(c);
    fill_facts(c, r);
    return make_credentials(c);
}

static void draw_fault(struct sim_pipe *p, struct sim_rng *r)
{
    if (!sim_chance(r, 20))
        return;
    p->cut = SIM_CUT_RESET + sim_below(r, 3);
    p->cut_at = sim_below(r, sim_chance(r, 80) ? 3000 : 12000);
}

/* ---- the link ---- */

/* Delivers what is due from `p` to `to`; false when there was nothing. */
static bool pipe_deliver(struct sim_pipe *p, struct sim_end *to, struct sim_rng *r, uint64_t now_ms)
{
    size_t held = buf_len(&p->bytes);
    if (to->ended || p->cut_done || now_ms < p->ready_ms)
        return false;
    if (p->cut != SIM_CUT_NONE && p->passed >= p->cut_at) {
        p->cut_done = true;
        if (p->cut == SIM_CUT_SILENCE)
            return true;
        struct linnet_error lost = {.code = LINNET_ERROR_CONNECTION_LOST};
        to->ended = true;
        stream_input_end(to->stream, now_ms, p->cut == SIM_CUT_RESET ? &lost : NULL);
        return true;
    }
    if (held == 0)
        return false;
    size_t len = sim_chance(r, 50) ? 1 + sim_below(r, held) : 1 + sim_below(r, 4);
    if (len > held)
        len = held;
    if (p->cut != SIM_CUT_NONE && len > p->cut_at - p->passed)
        len = p->cut_at - p->passed;
    struct str piece = buf_peek(&p->bytes);
    for (size_t i = 0; i < len; i++)
        buf_byte(&to->unread, (uint8_t)piece.ptr[i] ^ (to->tls_on ? 0x5a : 0));
    buf_consume(&p->bytes, len);
    p->passed += len;
    p->ready_ms = now_ms + (sim_chance(r, 60) ? 0 : sim_below(r, 30));
    if (sim_chance(r, 1) && sim_chance(r, 20))
        p->ready_ms += sim_below(r, 12000); /* a stall */
    return true;
}

static uint64_t pipe_due(const struct sim_pipe *p, const struct sim_end *to)
{
    bool cut_due = p->cut != SIM_CUT_NONE && p->passed >= p->cut_at;
    return to->ended || p->cut_done || (buf_len(&p->bytes) == 0 && !cut_due) ? UINT64_MAX
                                                                             : p->ready_ms;
}

/* Both ends and what is between them. */
struct sim_link {
    struct sim_rng rng;
    struct sim_case test;
    struct sim_pipe up, down;
    struct sim_end client, server;
};

/* ---- what must be true ---- */

/* What the client had from before as it connected. */
struct sim_memory {
    bool token, known, session;
};

static bool contains(const struct buf *clear, struct str secret)
{
    struct str all = buf_peek(clear);
    return secret.len > 0 && memmem(all.ptr, all.len, secret.ptr, secret.len);
}

static bool secret_in_clear(const struct sim_end *e)
{
    struct buf plain = {0}, b64 = {0};
    buf_printf(&plain, "%c%s%c%s", 0, SIM_USER, 0, password);
    base64_encode(&b64, buf_peek(&plain));
    bool found = contains(&e->clear, STR_LIT(password)) || contains(&e->clear, buf_peek(&b64));
    found |= contains(&e->clear, str_from(e->kept.token));
    buf_finish(&plain);
    buf_finish(&b64);
    return found;
}

static bool faultless(const struct sim_pipe *a, const struct sim_pipe *b)
{
    return a->cut == SIM_CUT_NONE && b->cut == SIM_CUT_NONE;
}

/* What a login without faults of the link must come to; LINNET_OK for READY. -1: any. */
static int expected(const struct sim_case *c)
{
    bool tls = c->direct_tls || c->server_policy.tls != POLICY_TLS_OFF;
    if (c->host_wrong)
        return LINNET_ERROR_HOST_UNKNOWN;
    if (!tls && c->client_policy.tls == POLICY_TLS_REQUIRE)
        return LINNET_ERROR_TLS_MISSING;
    if (tls && !c->verdict_good && !c->accept_bad)
        return LINNET_ERROR_CERT_UNTRUSTED;
    if (c->client_policy.mechanism[0]) {
        const struct sasl_mech *m = sasl_mech_find(str_from(c->client_policy.mechanism));
        unsigned flags = sasl_mech_flags(m);
        if (((flags & SASL_MECH_LEGACY) && !c->server_policy.legacy) ||
            ((flags & SASL_MECH_BINDS) && (!tls || !c->can_bind)) ||
            ((flags & SASL_MECH_PLAINTEXT) && !tls))
            return LINNET_ERROR_NO_MECHANISM;
    }
    if (c->store_down)
        return LINNET_ERROR_AUTH_TEMPORARY;
    if (c->wrong_password || c->unknown_user)
        return LINNET_ERROR_BAD_CREDENTIALS;
    if (c->disabled)
        return LINNET_ERROR_ACCOUNT_DISABLED;
    return LINNET_OK;
}

static const char *judge_outcome(const struct sim_case *c, const struct sim_end *client,
                                 const struct sim_end *server, bool clean, bool stalled)
{
    if (client->ready > 1 || client->closed > 1)
        return "the client was told the same outcome twice";
    if (client->ready + client->closed == 0)
        return "the client had no outcome";
    if (client->outcome_ms > LOGIN_LIMIT_MS)
        return "the outcome came after the deadline";
    if (client->ready && !server->ready)
        return "the client is ready and the server is not";
    if (client->ready && strcmp(client->jid, server->jid) != 0)
        return "the ends disagree on the address";
    if (client->ready && (c->wrong_password || c->unknown_user || c->disabled || c->store_down))
        return "a login that had to fail succeeded";
    if (!clean || stalled)
        return NULL;
    int want = expected(c), got = client->ready ? LINNET_OK : (int)client->error.code;
    if (want != got) {
        static char text[640]; /* a test program's only state: the sentence it dies with */
        snprintf(text, sizeof text, "expected code %d, got %d (%s)", want, got,
                 client->error.sentence);
        return text;
    }
    return NULL;
}

static bool all_arrived(const struct sim_end *a, unsigned epoch)
{
    return a->kept.sent[epoch] == a->peer->kept.received[epoch];
}

/* What was kept shortened the way. */
static const char *judge_path(const struct sim_case *c, const struct sim_end *client,
                              const struct sim_memory *before)
{
    bool sasl2 = c->sasl2[0] && c->sasl2[1] && client->over_tls;
    bool token = before->token && !c->token_stale;
    if (!(client->path & STREAM_PATH_SASL2) != !sasl2)
        return "SASL2 was not used, or used where one end has it not";
    if (!(client->path & STREAM_PATH_TOKEN) != !token)
        return "a token was not used, or one that was none";
    bool first_holds = !c->known_stale && !(before->token && c->token_stale);
    if (!(client->path & STREAM_PATH_PIPELINED) != !(before->known && first_holds))
        return "what was known of the server was not used, or what was so no more";
    if (!(client->path & STREAM_PATH_RESUMED) != !(before->session && !c->old_gone))
        return "a session did not go on, or one that was gone";
    return NULL;
}

static const char *judge(const struct sim_case *c, const struct sim_end *client,
                         const struct sim_end *server, bool clean, bool stalled,
                         const struct sim_memory *before)
{
    const char *fault = judge_outcome(c, client, server, clean, stalled);
    if (!fault)
        fault = client->kept.broken ? client->kept.broken : server->kept.broken;
    if (!fault && clean && client->ready && !stalled)
        fault = judge_path(c, client, before);
    if (fault)
        return fault;
    if (secret_in_clear(client) || secret_in_clear(server))
        return "a secret travelled in clear";
    if (!clean || !client->ready)
        return NULL;
    if (!all_arrived(client, client->epoch) || !all_arrived(server, client->epoch))
        return "not every message arrived";
    bool known = client->path & STREAM_PATH_RESUMED || client->kept.resend;
    if (known && (!all_arrived(client, 0) || !all_arrived(server, 0)))
        return "a message of the session before was lost";
    return NULL;
}

/* ---- the run ---- */

static uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void set_faults(struct sim_pipe *up, struct sim_pipe *down, const struct sim_fault *fault,
                       struct sim_rng *r)
{
    draw_fault(up, r);
    draw_fault(down, r);
    if (!fault->chosen)
        return;
    struct sim_pipe *cut = fault->upwards ? up : down;
    up->cut = down->cut = SIM_CUT_NONE;
    cut->cut = fault->cut;
    cut->cut_at = fault->at;
}

/* Lets both ends work until nothing is left to do; whether either had to wait for long. */
static bool play(struct sim_link *l, uint64_t *now_ms)
{
    uint64_t now = *now_ms, limit = now + RUN_LIMIT_MS;
    bool stalled = false;
    while (now < limit) {
        bool worked = sim_end_work(&l->client, now);
        worked |= sim_end_work(&l->server, now);
        worked |= pipe_deliver(&l->up, &l->server, &l->rng, now);
        worked |= pipe_deliver(&l->down, &l->client, &l->rng, now);
        if (worked)
            continue;
        uint64_t next = min64(min64(sim_end_deadline(&l->client), sim_end_deadline(&l->server)),
                              min64(pipe_due(&l->up, &l->server), pipe_due(&l->down, &l->client)));
        if (next == UINT64_MAX)
            break;
        stalled |= next > now + 2000;
        now = next > now ? next : now + 1;
    }
    *now_ms = now;
    return stalled;
}

static void show(const struct sim_link *l)
{
    const struct sim_end *c = &l->client, *s = &l->server;
    printf("seed %llu: client ready %u closed %u path %u code %d \"%s\" at %llu ms; sent %u/%u, "
           "received %u/%u\n",
           (unsigned long long)l->test.seed, c->ready, c->closed, c->path, c->error.code,
           c->error.sentence, (unsigned long long)c->outcome_ms, c->kept.sent[c->epoch],
           s->kept.sent[c->epoch], c->kept.received[c->epoch], s->kept.received[c->epoch]);
}

/* One connection; NULL when everything held. */
static const char *connect_once(struct sim_link *l, uint64_t *now_ms)
{
    const struct sim_kept *k = &l->client.kept;
    const struct sim_memory before = {.token = k->token[0],
                                      .known = l->test.known && buf_len(&k->features) > 0 &&
                                               l->test.sasl2[STREAM_CLIENT],
                                      .session = k->sm};
    uint64_t began_ms = *now_ms;
    sim_end_connect(&l->client, began_ms);
    sim_end_connect(&l->server, began_ms);
    bool stalled = play(l, now_ms);
    l->client.outcome_ms -= min64(began_ms, l->client.outcome_ms);
    if (l->test.verbose)
        show(l);
    return judge(&l->test, &l->client, &l->server, faultless(&l->up, &l->down), stalled, &before);
}

/* The same link, with nothing on it. */
static void clear_link(struct sim_link *l, const struct sim_fault *fault)
{
    buf_finish(&l->up.bytes);
    buf_finish(&l->down.bytes);
    l->up = l->down = (struct sim_pipe){0};
    if (fault->chosen)
        return;
    draw_fault(&l->up, &l->rng);
    draw_fault(&l->down, &l->rng);
}

static void cut_somewhere(struct sim_link *l)
{
    struct sim_pipe *p = sim_chance(&l->rng, 50) ? &l->up : &l->down;
    p->cut = SIM_CUT_RESET + sim_below(&l->rng, 3);
    p->cut_at = sim_below(&l->rng, 8000);
}

const char *sim_run(uint64_t seed, struct sim_fault *fault, bool verbose)
{
    struct sim_link l = {.rng = {seed * 0x2545f4914f6cdd1d + 1},
                         .test = {.seed = seed, .verbose = verbose}};
    uint64_t now_ms = 0;
    if (!draw_case(&l.test, &l.rng))
        return "the credentials could not be made";
    set_faults(&l.up, &l.down, fault, &l.rng);
    if (l.test.again && !fault->chosen)
        cut_somewhere(&l);
    sim_end_init(&l.client, STREAM_CLIENT, &l.test, &l.rng, &l.down, &l.up);
    sim_end_init(&l.server, STREAM_SERVER, &l.test, &l.rng, &l.up, &l.down);
    l.client.peer = &l.server;
    l.server.peer = &l.client;
    const char *broken = connect_once(&l, &now_ms);
    fault->total = fault->upwards ? l.up.passed : l.down.passed;
    if (!broken && l.test.again) {
        sim_end_leave(&l.client, now_ms);
        sim_end_leave(&l.server, now_ms);
        clear_link(&l, fault);
        broken = connect_once(&l, &now_ms);
    }
    sim_end_finish(&l.client);
    sim_end_finish(&l.server);
    buf_finish(&l.up.bytes);
    buf_finish(&l.down.bytes);
    return broken;
}

/* ---- the program ---- */

static unsigned run_seeds(uint64_t first, uint64_t count, bool verbose)
{
    unsigned failed = 0;
    for (uint64_t seed = first; seed < first + count && failed < 10; seed++) {
        const char *broken = sim_run(seed, &(struct sim_fault){0}, verbose);
        if (!broken)
            continue;
        failed++;
        fprintf(stderr, "seed %llu: %s\n  again: sim -v %llu 1\n", (unsigned long long)seed, broken,
                (unsigned long long)seed);
    }
    printf("%llu seeds, %u failed\n", (unsigned long long)count, failed);
    return failed;
}

/* The same login with the link cut after each byte, in either direction, in each way. */
static unsigned cut_everywhere(uint64_t seed)
{
    unsigned failed = 0, runs = 0;
    for (int way = 0; way < 2; way++)
        for (int cut = SIM_CUT_RESET; cut <= SIM_CUT_SILENCE; cut++) {
            struct sim_fault fault = {.chosen = true, .upwards = way};
            sim_run(seed, &fault, false);
            uint64_t total = fault.total;
            fault.cut = (enum sim_cut)cut;
            for (fault.at = 0; fault.at <= total && failed < 10; fault.at++, runs++) {
                const char *broken = sim_run(seed, &fault, false);
                failed += broken != NULL;
                if (broken)
                    fprintf(stderr, "seed %llu, cut %d after byte %llu %s: %s\n",
                            (unsigned long long)seed, cut, (unsigned long long)fault.at,
                            way ? "up" : "down", broken);
            }
        }
    printf("seed %llu cut in %u places, %u failed\n", (unsigned long long)seed, runs, failed);
    return failed;
}

/* sim [-v] FIRST COUNT    runs that many seeds; a failing one is run again alone with -v
 * sim --cuts SEED...      cuts the link of each seed after every byte */
int main(int argc, char **argv)
{
    unsigned failed = 0;
    if (argc > 2 && strcmp(argv[1], "--cuts") == 0) {
        for (int i = 2; i < argc; i++)
            failed += cut_everywhere(strtoull(argv[i], NULL, 10));
        return failed > 0;
    }
    bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    char **args = argv + 1 + verbose;
    if (argc - verbose != 3) {
        fputs("usage: sim [-v] FIRST COUNT | sim --cuts SEED...\n", stderr);
        return 2;
    }
    return run_seeds(strtoull(args[0], NULL, 10), strtoull(args[1], NULL, 10), verbose) > 0;
}
