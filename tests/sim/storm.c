/*
 * storm.c - ten thousand clients lose their server together and come back without running it over.
 *
 *   storm [SEED]     prints the figures of each scenario; status 1 when one broke a rule
 *
 * What is real: the rules (client/backoff.c), and every login that reaches the server, through both
 * halves of the protocol core (storm_login.c). What is played: the network, whose flights take 20
 * to 120 ms, and the server's socket, which refuses while it is down. Time is virtual and all that
 * happens is drawn from the seed, so the figures are the same everywhere.
 *
 * What must hold in every second. The moment of a client's n-th attempt since the loss is a sum of
 * n independent delays and some flights; such a sum is spread at least as evenly as the widest of
 * its delays, whose window is W(n). So of N clients at most N/W(n) are expected to make their n-th
 * attempt in any one second, and all together the sum of that over n. Where the server is the cause
 * W(1) is 60 s: N/60 a second for the first attempts, and above that what the exponential part
 * allows, N/60 for each of the failures whose own window is shorter (2 to 32 s) and N/64, N/128 ...
 * N/300 for those that follow. To an expected number x six of its deviations are added, 6 sqrt(x).
 * A server that is killed is the same case: what its clients see is a connection that is reset,
 * with a session they would resume, and nothing tells them that it was not the network between. It
 * may be back at once, having lost all sessions. If they came back within a second, as after a
 * change of their own network, all N of them would: so they do not. Where every client knows that
 * it was its own network, all come within a second, by design: N/1 s, and each tries twice at most,
 * once in vain and once when it is told of its network.
 *
 * And everybody is back when the server, or the network, has been there for the longest wait (300
 * s, or 1 s) and the flights of a login; a wrong password is used once.
 */
#include "tests/sim/storm.h"

#include "base/error.h"
#include "client/backoff.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CLIENTS = 10000,
    BAD_EVERY = 100,  /* whose password was changed meanwhile */
    LOST_MS = 600000, /* when it happens, on the clock of the rules; figures count from it */
    SECONDS = 1200,   /* of a scenario */
    FLIGHTS_MS = 600, /* the most that an attempt takes */
    NTH_MAX = 32      /* attempts of one client that are told apart; the last holds the rest */
};

struct scenario {
    const char *name;
    enum cause {
        STOPPED,    /* the server says so, or closes */
        KILLED,     /* each connection is reset, as if the network between had done it */
        OWN_NETWORK /* it is the network of each client, and not the server, that fails */
    } cause;
    uint64_t up_ms;    /* when it is back */
    uint64_t again_ms; /* when the server is lost once more, for as long; 0: it is not */
};

static const struct scenario scenarios[] = {
    {"the server restarts", STOPPED, 20000, 0},
    {"it restarts twice", STOPPED, 20000, 70000},
    {"it is away for ten minutes", STOPPED, 600000, 0},
    {"it is killed and back at once", KILLED, 50, 0},
    {"every client's own network fails", OWN_NETWORK, 45000, 0},
};

static bool is_own(const struct scenario *s)
{
    return s->cause == OWN_NETWORK;
}

struct client {
    struct backoff backoff;
    uint64_t due_ms; /* of its next attempt */
    bool bad_password, online, given_up;
    unsigned attempts; /* since it was lost */
    unsigned proofs;
};

struct world {
    const struct scenario *scenario;
    struct sim_rng rng;
    struct random_source random;
    struct storm_accounts accounts;
    struct client clients[CLIENTS];
    struct client *queue[CLIENTS]; /* a heap, the earliest due first */
    size_t queued;

    unsigned per_second[SECONDS], nth[NTH_MAX][SECONDS];
    unsigned attempts, logins, most;
    uint64_t back_ms[2 * CLIENTS]; /* of those that came back, each time */
    size_t back;
    const char *broken; /* the first rule that was */
};

static void broke(struct world *w, const char *rule)
{
    if (!w->broken)
        w->broken = rule;
}

/* ---- who is next ---- */

static void push(struct world *w, struct client *c)
{
    size_t at = w->queued++;
    for (; at > 0 && w->queue[(at - 1) / 2]->due_ms > c->due_ms; at = (at - 1) / 2)
        w->queue[at] = w->queue[(at - 1) / 2];
    w->queue[at] = c;
}

static struct client *pop(struct world *w)
{
    struct client *first = w->queue[0], *last = w->queue[--w->queued];
    size_t at = 0, child;
    for (; (child = 2 * at + 1) < w->queued; at = child) {
        if (child + 1 < w->queued && w->queue[child + 1]->due_ms < w->queue[child]->due_ms)
            child++;
        if (w->queue[child]->due_ms >= last->due_ms)
            break;
        w->queue[at] = w->queue[child];
    }
    w->queue[at] = last;
    return first;
}

/* ---- losing and coming back ---- */

static uint64_t flight_ms(struct world *w)
{
    return 20 + sim_below(&w->rng, 100);
}

static void ended(struct world *w, struct client *c, const struct linnet_error *error,
                  uint64_t now_ms)
{
    uint64_t delay_ms;
    c->online = false;
    if (backoff_ended(&c->backoff, error, is_own(w->scenario), now_ms, &w->random, &delay_ms) ==
        BACKOFF_GIVE_UP) {
        c->given_up = true;
        return;
    }
    c->due_ms = now_ms + delay_ms;
    push(w, c);
}

/* What a client sees of it: a word, a closed connection, or silence. */
static void lose(struct world *w, struct client *c, uint64_t now_ms)
{
    struct linnet_error error = {.stage = LINNET_STAGE_READY};
    bool told = w->scenario->cause == STOPPED && sim_chance(&w->rng, 50);
    error_set(&error, told ? LINNET_ERROR_SHUTDOWN : LINNET_ERROR_CONNECTION_LOST,
              w->scenario->cause == STOPPED ? LINNET_ORIGIN_PEER : LINNET_ORIGIN_NETWORK, NULL);
    c->attempts = 0;
    ended(w, c, &error, now_ms);
}

static bool is_up(const struct scenario *s, uint64_t now_ms)
{
    uint64_t since_ms = now_ms - LOST_MS;
    if (s->again_ms && since_ms >= s->again_ms)
        since_ms -= s->again_ms;
    return since_ms >= s->up_ms;
}

static void note(struct world *w, struct client *c)
{
    size_t second = (c->due_ms - LOST_MS) / 1000;
    if (second >= SECONDS) {
        broke(w, "a client still tried when all had to be back");
        return;
    }
    size_t nth = c->attempts < NTH_MAX ? c->attempts : NTH_MAX - 1;
    w->per_second[second]++;
    w->nth[nth][second]++;
    w->attempts++;
    if (++c->attempts > w->most)
        w->most = c->attempts;
}

static struct linnet_error unreached(const struct world *w)
{
    struct linnet_error error = {.stage = LINNET_STAGE_CONNECT};
    error_set(&error, is_own(w->scenario) ? LINNET_ERROR_OFFLINE : LINNET_ERROR_REFUSED,
              LINNET_ORIGIN_NETWORK, NULL);
    return error;
}

static void attempt(struct world *w, struct client *c)
{
    struct linnet_error error;
    uint64_t now_ms = c->due_ms + flight_ms(w);
    note(w, c);
    if (is_up(w->scenario, c->due_ms)) {
        w->logins++;
        now_ms += 4 * flight_ms(w);
        error = storm_login(&w->accounts, c->bad_password, now_ms, &c->proofs);
    } else {
        error = unreached(w);
    }
    if (error.code != LINNET_OK) {
        ended(w, c, &error, now_ms);
        return;
    }
    c->online = true;
    backoff_online(&c->backoff, now_ms);
    w->back_ms[w->back++] = now_ms - LOST_MS;
}

/* ---- a scenario ---- */

/* Everybody was there for minutes. */
static void lose_all(struct world *w)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *c = &w->clients[i];
        backoff_init(&c->backoff, 0);
        backoff_online(&c->backoff, LOST_MS - 2 * BACKOFF_HEALTHY_MS);
        c->bad_password = i % BAD_EVERY == 0;
        lose(w, c, LOST_MS);
    }
}

/* Those who are back are lost again, before they were there for a minute. */
static void lose_again(struct world *w, uint64_t now_ms)
{
    w->back = 0;
    for (size_t i = 0; i < CLIENTS; i++)
        if (w->clients[i].online)
            lose(w, &w->clients[i], now_ms);
}

/* Every client is told of its network. */
static void network_returns(struct world *w, uint64_t now_ms)
{
    w->queued = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *c = &w->clients[i];
        c->due_ms = backoff_hurry(&c->backoff, c->due_ms, now_ms, &w->random);
        push(w, c);
    }
}

static void run(struct world *w)
{
    const struct scenario *s = w->scenario;
    uint64_t event_ms = is_own(s) ? s->up_ms : s->again_ms;
    lose_all(w);
    while (w->queued > 0 && !w->broken) {
        if (event_ms && w->queue[0]->due_ms >= LOST_MS + event_ms) {
            if (is_own(s))
                network_returns(w, LOST_MS + event_ms);
            else
                lose_again(w, LOST_MS + event_ms);
            event_ms = 0;
        }
        attempt(w, pop(w));
    }
}

/* ---- the rules ---- */

/* The widest window that was drawn from before the n-th attempt; n counts from 0. */
static double window_s(const struct scenario *s, unsigned n)
{
    double widest = BACKOFF_SERVER_MS, own = BACKOFF_BASE_MS;
    if (is_own(s))
        return BACKOFF_OWN_MS / 1000.0;
    for (unsigned i = 1; i <= n; i++, own *= 2)
        widest = fmax(widest, fmin(own, BACKOFF_CAP_MS));
    return widest / 1000;
}

static double with_slack(double expected)
{
    return expected + 6 * sqrt(expected);
}

/* Of all attempts in a second, by clients that made up to `most`. */
static double bound(const struct scenario *s, unsigned most)
{
    double sum = 0;
    for (unsigned n = 0; n < most; n++)
        sum += CLIENTS / window_s(s, n);
    return with_slack(sum);
}

static unsigned peak(const unsigned per_second[SECONDS])
{
    unsigned most = 0;
    for (size_t i = 0; i < SECONDS; i++)
        most = per_second[i] > most ? per_second[i] : most;
    return most;
}

static void check_clients(struct world *w)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        const struct client *c = &w->clients[i];
        if (c->bad_password && (c->proofs != 1 || !c->given_up))
            broke(w, "a wrong password was not tried exactly once");
        if (!c->bad_password && !c->online)
            broke(w, "a client did not come back");
    }
}

static uint64_t back_by_ms(const struct scenario *s)
{
    return s->again_ms + s->up_ms + (is_own(s) ? BACKOFF_OWN_MS : BACKOFF_CAP_MS) + FLIGHTS_MS;
}

static void check(struct world *w)
{
    const struct scenario *s = w->scenario;
    check_clients(w);
    for (unsigned n = 0; n < NTH_MAX; n++)
        if (peak(w->nth[n]) > with_slack(CLIENTS / window_s(s, n)))
            broke(w, "too many made their n-th attempt in one second");
    if (peak(w->per_second) > bound(s, w->most))
        broke(w, "too many attempts in one second");
    if (is_own(s) && w->most > 2)
        broke(w, "a client tried too often");
    if (w->back != CLIENTS - CLIENTS / BAD_EVERY || w->back_ms[w->back - 1] > back_by_ms(s))
        broke(w, "not all were back in time");
}

static int earlier(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void report(const struct world *w)
{
    const struct scenario *s = w->scenario;
    printf("%s\n", s->name);
    if (w->back > 0)
        printf("  %zu of %d back after %.1f s, half of them after %.1f s\n", w->back,
               CLIENTS - CLIENTS / BAD_EVERY, (double)w->back_ms[w->back - 1] / 1000,
               (double)w->back_ms[w->back / 2] / 1000);
    printf("  %u attempts, %u reached the server; at most %u in a second (bound %.0f), %u of one "
           "client\n",
           w->attempts, w->logins, peak(w->per_second), bound(s, w->most), w->most);
    if (w->broken)
        printf("  BROKEN: %s\n", w->broken);
}

static bool play(const struct scenario *s, uint64_t seed)
{
    struct world *w = calloc(1, sizeof *w);
    if (!w)
        abort();
    w->scenario = s;
    w->rng.state = seed;
    w->random = sim_random(&w->rng);
    if (!storm_accounts_init(&w->accounts, w->random))
        abort();
    run(w);
    qsort(w->back_ms, w->back, sizeof w->back_ms[0], earlier);
    check(w);
    report(w);
    bool good = !w->broken;
    free(w);
    return good;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    unsigned broken = 0;
    printf("%d clients, one in %d with a password that was changed; seed %llu\n", CLIENTS,
           BAD_EVERY, (unsigned long long)seed);
    for (size_t i = 0; i < ARRAY_LEN(scenarios); i++)
        broken += !play(&scenarios[i], seed);
    return broken > 0;
}
