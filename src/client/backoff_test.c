#include "client/backoff.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the three above */
#include <cmocka.h>

/* What a session of two minutes leaves behind, and then. */
enum { START_MS = 1000000, END_MS = START_MS + 120000 };

/* ---- randomness to order ---- */

static uint64_t drawn;

static void fill(void *ctx, void *out, size_t len)
{
    (void)ctx;
    assert_int_equal(len, sizeof drawn);
    memcpy(out, &drawn, len);
}

static const struct random_source random_source = {fill, NULL};

struct answer {
    enum backoff_next next;
    uint64_t delay_ms;
};

/* What the rules say to a copy of `b` when `n` is drawn. */
static struct answer ask(const struct backoff *b, const struct linnet_error *error,
                         bool own_network, uint64_t now_ms, uint64_t n)
{
    struct backoff copy = *b;
    struct answer a;
    drawn = n;
    a.next = backoff_ended(&copy, error, own_network, now_ms, &random_source, &a.delay_ms);
    return a;
}

/* The window is where the delays wrap around: it is found, not computed. */
static uint64_t window(const struct backoff *b, const struct linnet_error *error, bool own_network,
                       uint64_t now_ms)
{
    uint64_t least = ask(b, error, own_network, now_ms, 0).delay_ms, low = 0, high = 1 << 30;
    while (high - low > 1) {
        uint64_t n = low + (high - low) / 2;
        if (ask(b, error, own_network, now_ms, n).delay_ms == least + n)
            low = n;
        else
            high = n;
    }
    assert_int_equal(ask(b, error, own_network, now_ms, low + 1).delay_ms, least);
    return low;
}

/* ---- errors and histories to order ---- */

static struct linnet_error make(enum linnet_error_code code, enum linnet_stage stage)
{
    struct linnet_error e = {.stage = stage};
    error_set(&e, code, LINNET_ORIGIN_PEER, NULL);
    return e;
}

static struct backoff fresh(void)
{
    struct backoff b;
    backoff_init(&b, 0);
    return b;
}

static struct backoff online(void)
{
    struct backoff b = fresh();
    backoff_online(&b, START_MS);
    return b;
}

static void fail_logins(struct backoff *b, unsigned times)
{
    struct linnet_error e = make(LINNET_ERROR_REFUSED, LINNET_STAGE_CONNECT);
    uint64_t delay_ms;
    drawn = 0;
    while (times--)
        assert_int_equal(backoff_ended(b, &e, false, END_MS, &random_source, &delay_ms),
                         BACKOFF_RETRY);
}

/* ---- the rules ---- */

/* Every row of the catalogue, after a session and after a login that failed: whether it is tried
 * again is the row's to say; how widely the attempts are spread is the place's. */
static void whole_catalogue(void **state)
{
    const struct linnet_error_info *info;
    size_t tried = 0;
    (void)state;
    for (size_t i = 0; (info = linnet_error_info_at(i)); i++) {
        struct linnet_error lost = make(info->code, LINNET_STAGE_READY);
        struct linnet_error failed = make(info->code, LINNET_STAGE_CONNECT);
        struct backoff after_session = online(), after_login = fresh();
        bool says_so = info->code == LINNET_ERROR_SHUTDOWN;
        struct answer a = ask(&after_session, &lost, false, END_MS, 0);
        struct answer b = ask(&after_login, &failed, false, END_MS, 0);
        assert_int_equal(a.next, b.next);
        if (info->retry == LINNET_RETRY_NO) {
            assert_int_equal(a.next, BACKOFF_GIVE_UP);
            continue;
        }
        tried++;
        if (info->retry == LINNET_RETRY_ON_NETWORK) {
            assert_int_equal(a.next, BACKOFF_ON_NETWORK);
            continue;
        }
        assert_int_equal(a.next, BACKOFF_RETRY);
        assert_int_equal(window(&after_session, &lost, false, END_MS), 60000);
        assert_int_equal(window(&after_session, &lost, true, END_MS), says_so ? 60000 : 1000);
        assert_int_equal(window(&after_login, &failed, false, END_MS), says_so ? 60000 : 2000);
        assert_int_equal(window(&after_login, &failed, true, END_MS), says_so ? 60000 : 2000);
    }
    assert_true(tried >= 8); /* the catalogue was read */
}

/* What a person must mend is repeated in no history and for no hint. */
static void permanent_is_permanent(void **state)
{
    static const enum linnet_error_code codes[] = {
        LINNET_ERROR_BAD_CREDENTIALS, LINNET_ERROR_CONFLICT,     LINNET_ERROR_HOST_UNKNOWN,
        LINNET_ERROR_CERT_UNTRUSTED,  LINNET_ERROR_NO_MECHANISM, LINNET_ERROR_SERVER_PROOF,
        LINNET_ERROR_DOWNGRADE,       LINNET_ERROR_PROTOCOL,     LINNET_ERROR_TLS_MISSING,
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        for (unsigned failures = 0; failures < 4; failures++)
            for (int own = 0; own < 2; own++) {
                struct backoff b = online();
                struct linnet_error e = make(codes[i], LINNET_STAGE_READY);
                e.retry_after_s = 30;
                fail_logins(&b, failures);
                assert_int_equal(ask(&b, &e, own, END_MS, 0).next, BACKOFF_GIVE_UP);
            }
}

static void doubles_up_to_the_cap(void **state)
{
    static const uint64_t windows[] = {2000,   4000,   8000,   16000,  32000, 64000,
                                       128000, 256000, 300000, 300000, 300000};
    struct linnet_error e = make(LINNET_ERROR_REFUSED, LINNET_STAGE_CONNECT);
    struct backoff b = fresh();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
        assert_int_equal(window(&b, &e, false, END_MS), windows[i]);
        fail_logins(&b, 1);
        assert_int_equal(b.attempts, i + 1);
    }
    fail_logins(&b, 100000); /* no shift runs over */
    assert_int_equal(window(&b, &e, false, END_MS), 300000);
    backoff_init(&b, 5000);
    fail_logins(&b, 9);
    assert_int_equal(window(&b, &e, false, END_MS), 5000);
    backoff_init(&b, 1); /* a cap below the base holds */
    assert_int_equal(window(&b, &e, false, END_MS), 1);
}

/* Nor is the minute after a lost session longer than the cap, whoever ended it. */
static void a_short_cap_bounds_every_window(void **state)
{
    static const enum linnet_error_code codes[] = {LINNET_ERROR_CONNECTION_LOST,
                                                   LINNET_ERROR_SHUTDOWN, LINNET_ERROR_TIMEOUT};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        struct linnet_error lost = make(codes[i], LINNET_STAGE_READY);
        for (unsigned failures = 0; failures < 4; failures++) {
            struct backoff b;
            backoff_init(&b, 1500);
            fail_logins(&b, failures);
            backoff_online(&b, START_MS);
            assert_int_equal(window(&b, &lost, false, END_MS), 1500);
        }
    }
}

/* A server that takes a client on and drops it does not get it back every time anew. */
static void only_a_minute_resets(void **state)
{
    struct linnet_error e = make(LINNET_ERROR_CONNECTION_LOST, LINNET_STAGE_READY);
    struct linnet_error login = make(LINNET_ERROR_REFUSED, LINNET_STAGE_CONNECT);
    uint64_t delay_ms;
    struct backoff b = fresh();
    (void)state;
    fail_logins(&b, 3);
    backoff_online(&b, END_MS);
    drawn = 0;
    backoff_ended(&b, &e, true, END_MS + 59999, &random_source, &delay_ms);
    assert_int_equal(b.failures, 4);
    assert_int_equal(b.attempts, 4);
    assert_int_equal(window(&b, &login, false, END_MS), 32000);

    backoff_online(&b, END_MS);
    assert_int_equal(window(&b, &e, true, END_MS + 59999),
                     32000); /* not the 1 s of a healthy one */
    assert_int_equal(window(&b, &e, true, END_MS + 60000), 1000);
    backoff_ended(&b, &e, true, END_MS + 60000, &random_source, &delay_ms);
    assert_int_equal(b.failures, 0);
    assert_int_equal(b.attempts, 1);
    assert_int_equal(window(&b, &login, false, END_MS), 2000);
}

/* A session was there, or nearly: what was lost may have been everybody's. */
static void spreads_from_sign_in_on(void **state)
{
    struct backoff b = fresh();
    (void)state;
    for (int stage = LINNET_STAGE_RESOLVE; stage <= LINNET_STAGE_READY; stage++) {
        struct linnet_error e = make(LINNET_ERROR_CONNECTION_LOST, (enum linnet_stage)stage);
        assert_int_equal(window(&b, &e, false, END_MS), stage >= LINNET_STAGE_BIND ? 60000 : 2000);
    }
}

static void hints_are_lower_bounds(void **state)
{
    struct linnet_error e = make(LINNET_ERROR_AUTH_TEMPORARY, LINNET_STAGE_SIGN_IN);
    struct backoff b = fresh();
    (void)state;
    e.retry_after_s = 90;
    assert_int_equal(ask(&b, &e, false, END_MS, 0).delay_ms, 90000);
    assert_int_equal(window(&b, &e, false, END_MS),
                     2000); /* above it they are spread all the same */
    e.retry_after_s = UINT32_MAX;
    assert_int_equal(ask(&b, &e, false, END_MS, 0).delay_ms, 86400000);
    e.retry = LINNET_RETRY_LONG;
    e.retry_after_s = 0;
    assert_int_equal(ask(&b, &e, false, END_MS, 0).delay_ms, 120000);
    e.retry_after_s = 30;
    assert_int_equal(ask(&b, &e, false, END_MS, 0).delay_ms, 120000);
    e.retry_after_s = 200;
    assert_int_equal(ask(&b, &e, false, END_MS, 0).delay_ms, 200000);
}

static void waits_for_the_network(void **state)
{
    struct linnet_error e = make(LINNET_ERROR_OFFLINE, LINNET_STAGE_CONNECT);
    struct backoff b = fresh();
    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        struct answer a = ask(&b, &e, true, END_MS, i * 30001);
        assert_int_equal(a.next, BACKOFF_ON_NETWORK);
        assert_in_range(a.delay_ms, 150000, 300000); /* for hosts that never tell */
        fail_logins(&b, 1);
    }
}

static uint64_t hurry(struct backoff *b, uint64_t due_ms, uint64_t now_ms, uint64_t n)
{
    drawn = n;
    return backoff_hurry(b, due_ms, now_ms, &random_source);
}

static void network_brings_it_forward(void **state)
{
    struct linnet_error e = make(LINNET_ERROR_AUTH_TEMPORARY, LINNET_STAGE_SIGN_IN);
    struct backoff b = fresh();
    uint64_t delay_ms, due_ms = END_MS + 300000;
    (void)state;
    fail_logins(&b, 2);
    assert_int_equal(hurry(&b, END_MS + 300, END_MS, 700), END_MS + 300); /* it was due anyway */
    assert_int_equal(hurry(&b, due_ms, END_MS, 700), END_MS + 700);       /* within a second */
    assert_int_equal(hurry(&b, due_ms, END_MS + 800, 0), END_MS + 4700);  /* and it changes again */
    assert_int_equal(hurry(&b, due_ms, END_MS + 50000, 1000), END_MS + 51000);
    fail_logins(&b, 20);
    assert_int_equal(hurry(&b, due_ms, END_MS + 51001, 0), END_MS + 61000);
    e.retry_after_s = 200;
    backoff_ended(&b, &e, true, END_MS, &random_source, &delay_ms);
    assert_int_equal(hurry(&b, due_ms, END_MS + 100000, 0), END_MS + 200000); /* as it asked */
}

/* Giving up ends the history too: what comes after is a new beginning. */
static void giving_up_forgets(void **state)
{
    struct linnet_error e = make(LINNET_ERROR_CONFLICT, LINNET_STAGE_READY);
    struct backoff b;
    uint64_t delay_ms;
    (void)state;
    backoff_init(&b, 7000);
    fail_logins(&b, 5);
    backoff_online(&b, END_MS);
    backoff_ended(&b, &e, false, END_MS, &random_source, &delay_ms);
    assert_int_equal(b.attempts, 0);
    assert_int_equal(b.failures, 0);
    assert_false(b.online);
    assert_int_equal(b.cap_ms, 7000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_catalogue),
        cmocka_unit_test(permanent_is_permanent),
        cmocka_unit_test(a_short_cap_bounds_every_window),
        cmocka_unit_test(doubles_up_to_the_cap),
        cmocka_unit_test(only_a_minute_resets),
        cmocka_unit_test(spreads_from_sign_in_on),
        cmocka_unit_test(hints_are_lower_bounds),
        cmocka_unit_test(waits_for_the_network),
        cmocka_unit_test(network_brings_it_forward),
        cmocka_unit_test(giving_up_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
