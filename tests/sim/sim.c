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

/* ---- what must be true ---- */

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

static const char *judge(const struct sim_case *c, const struct sim_end *client,
                         const struct sim_end *server, bool clean, bool stalled)
{
    const char *fault = judge_outcome(c, client, server, clean, stalled);
    if (fault)
        return fault;
    if (secret_in_clear(client) || secret_in_clear(server))
        return "a secret travelled in clear";
    if (client->out_of_order || server->out_of_order)
        return "messages were lost, doubled or overtook each other";
    if (clean && client->ready &&
        (client->received != server->sent || server->received != client->sent))
        return "not every message arrived";
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

const char *sim_run(uint64_t seed, struct sim_fault *fault, bool verbose)
{
    struct sim_rng r = {seed * 0x2545f4914f6cdd1d + 1};
    struct sim_case c = {.seed = seed, .verbose = verbose};
    struct sim_pipe up = {0}, down = {0};
    struct sim_end client, server;
    if (!draw_case(&c, &r))
        return "the credentials could not be made";
    set_faults(&up, &down, fault, &r);
    sim_end_init(&client, STREAM_CLIENT, &c, &r, &down, &up);
    sim_end_init(&server, STREAM_SERVER, &c, &r, &up, &down);
    uint64_t now = 0;
    bool stalled = false;
    while (now < RUN_LIMIT_MS) {
        bool worked = sim_end_work(&client, now);
        worked |= sim_end_work(&server, now);
        worked |= pipe_deliver(&up, &server, &r, now);
        worked |= pipe_deliver(&down, &client, &r, now);
        if (worked)
            continue;
        uint64_t next = min64(min64(sim_end_deadline(&client), sim_end_deadline(&server)),
                              min64(pipe_due(&up, &server), pipe_due(&down, &client)));
        if (next == UINT64_MAX)
            break;
        stalled |= next > now + 2000;
        now = next > now ? next : now + 1;
    }
    const char *broken = judge(&c, &client, &server, faultless(&up, &down), stalled);
    if (verbose)
        printf("seed %llu: client ready %u closed %u code %d \"%s\" at %llu ms; sent %u/%u, "
               "received %u/%u\n",
               (unsigned long long)seed, client.ready, client.closed, client.error.code,
               client.error.sentence, (unsigned long long)client.outcome_ms, client.sent,
               server.sent, client.received, server.received);
    sim_end_finish(&client);
    sim_end_finish(&server);
    buf_finish(&up.bytes);
    buf_finish(&down.bytes);
    fault->total = fault->upwards ? up.passed : down.passed;
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
