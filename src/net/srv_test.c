#include "net/srv.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Gives the numbers of a list, one for each draw. */
struct fixed {
    const uint64_t *numbers;
    size_t at;
};

static void fixed_fill(void *ctx, void *out, size_t len)
{
    struct fixed *f = ctx;
    assert_int_equal(len, sizeof(uint64_t));
    memcpy(out, &f->numbers[f->at++], len);
}

static void order(struct srv_record *records, size_t count, const uint64_t *numbers)
{
    struct fixed f = {numbers, 0};
    srv_order(records, count, &(struct random_source){fixed_fill, &f});
}

static struct srv_record record(uint16_t priority, uint16_t weight, uint16_t port)
{
    return (struct srv_record){.priority = priority, .weight = weight, .port = port};
}

static void priorities_come_first(void **state)
{
    (void)state;
    struct srv_record r[] = {record(20, 65535, 1), record(10, 0, 2), record(0, 1, 3),
                             record(20, 65535, 4), record(5, 9, 5)};
    static const uint64_t zeros[5] = {0};
    order(r, 5, zeros);
    assert_int_equal(r[0].port, 3);
    assert_int_equal(r[1].port, 5);
    assert_int_equal(r[2].port, 2);
    assert_int_equal(r[3].priority, 20);
    assert_int_equal(r[4].priority, 20);
}

/* RFC 2782: the first whose running sum reaches the number drawn from 0 to the total. */
static void weights_choose(void **state)
{
    (void)state;
    static const struct {
        uint64_t draws[3];
        uint16_t ports[3];
    } cases[] = {
        {{0, 0, 0}, {1, 2, 3}}, /* the weightless one, then the sums 10 and 30 */
        {{1, 0, 0}, {2, 1, 3}},  {{10, 21, 0}, {2, 3, 1}}, {{11, 0, 0}, {3, 1, 2}},
        {{40, 1, 0}, {3, 2, 1}}, {{41, 0, 0}, {1, 2, 3}}, /* 41 mod 41 */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct srv_record r[] = {record(1, 10, 2), record(1, 0, 1), record(1, 30, 3)};
        order(r, 3, cases[i].draws);
        for (int k = 0; k < 3; k++)
            assert_int_equal(r[k].port, cases[i].ports[k]);
    }
}

static void lcg_fill(void *ctx, void *out, size_t len)
{
    uint64_t *x = ctx;
    for (size_t i = 0; i < len; i++) {
        *x = *x * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t *)out)[i] = (uint8_t)(*x >> 33);
    }
}

static void load_follows_weight(void **state)
{
    (void)state;
    uint64_t seed = 1;
    const struct random_source random = {lcg_fill, &seed};
    unsigned first[4] = {0};
    for (int i = 0; i < 10000; i++) {
        struct srv_record r[] = {record(1, 100, 1), record(1, 300, 2), record(1, 600, 3)};
        srv_order(r, 3, &random);
        first[r[0].port]++;
        assert_int_equal(r[0].port + r[1].port + r[2].port, 6);
    }
    assert_in_range(first[1], 800, 1200);
    assert_in_range(first[2], 2700, 3300);
    assert_in_range(first[3], 5600, 6400);
}

static void large_weights_do_not_overflow(void **state)
{
    (void)state;
    struct srv_record r[SRV_MAX_RECORDS];
    uint64_t draws[SRV_MAX_RECORDS];
    for (size_t i = 0; i < SRV_MAX_RECORDS; i++) {
        r[i] = record(1, 65535, (uint16_t)i);
        draws[i] = (SRV_MAX_RECORDS - i) * UINT64_C(65535); /* the whole sum */
    }
    order(r, SRV_MAX_RECORDS, draws);
    unsigned sum = 0;
    for (size_t i = 0; i < SRV_MAX_RECORDS; i++)
        sum += r[i].port;
    assert_int_equal(sum, SRV_MAX_RECORDS * (SRV_MAX_RECORDS - 1) / 2);
    srv_order(r, 0, NULL);
}

static void answers_make_a_plan(void **state)
{
    (void)state;
    static const enum srv_plan plans[3][3] = {
        /* starttls:        no answer              records            not offered */
        [SRV_NO_ANSWER] = {SRV_PLAN_FALLBACK, SRV_PLAN_RECORDS, SRV_PLAN_NOT_OFFERED},
        [SRV_RECORDS] = {SRV_PLAN_RECORDS, SRV_PLAN_RECORDS, SRV_PLAN_RECORDS},
        [SRV_NOT_OFFERED] = {SRV_PLAN_NOT_OFFERED, SRV_PLAN_RECORDS, SRV_PLAN_NOT_OFFERED},
    };
    for (unsigned direct = 0; direct < 3; direct++)
        for (unsigned starttls = 0; starttls < 3; starttls++)
            assert_int_equal(srv_decide(direct, starttls), plans[direct][starttls]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(priorities_come_first), cmocka_unit_test(weights_choose),
        cmocka_unit_test(load_follows_weight),   cmocka_unit_test(large_weights_do_not_overflow),
        cmocka_unit_test(answers_make_a_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
