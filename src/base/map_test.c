#include "base/map.h"

#include "base/alloc_fail_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const uint8_t key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* Vectors of SipHash-1-3 with the key 00..0f over the bytes 00 01 02 ..., computed with another
 * implementation. */
static void hashes_as_siphash_1_3(void **state)
{
    (void)state;
    uint8_t in[16];
    for (uint8_t i = 0; i < sizeof in; i++)
        in[i] = i;
    assert_true(map_hash(key, str_of(in, 0)) == 0xabac0158050fc4dc);
    assert_true(map_hash(key, str_of(in, 1)) == 0xc9f49bf37d57ca93);
    assert_true(map_hash(key, str_of(in, 7)) == 0xd3927d989bb11140);
    assert_true(map_hash(key, str_of(in, 8)) == 0x369095118d299a8e);
    assert_true(map_hash(key, str_of(in, 15)) == 0xd320d86d2a519956);
}

static void sets_gets_removes(void **state)
{
    (void)state;
    struct map m;
    int a = 1, b = 2;
    map_init(&m, key);
    assert_null(map_get(&m, STR_LIT("x")));
    assert_null(map_remove(&m, STR_LIT("x")));
    assert_true(map_set(&m, STR_LIT("x"), &a));
    assert_true(map_set(&m, STR_LIT("x"), &b));
    assert_true(map_set(&m, STR_LIT(""), &a));
    assert_int_equal(m.count, 2);
    assert_ptr_equal(map_get(&m, STR_LIT("x")), &b);
    assert_ptr_equal(map_get(&m, STR_LIT("")), &a);
    assert_ptr_equal(map_remove(&m, STR_LIT("x")), &b);
    assert_null(map_get(&m, STR_LIT("x")));
    assert_int_equal(m.count, 1);
    map_finish(&m);
    assert_null(map_get(&m, STR_LIT("")));
}

static void keys_may_be_parts_of_the_values(void **state)
{
    (void)state;
    struct named {
        char name[8];
    } a = {"romeo"}, b = {"juliet"}, other_a = {"romeo"};
    struct map m;
    size_t cursor = 0;
    map_init_borrowing(&m, key);
    assert_true(map_set(&m, str_from(a.name), &a));
    assert_true(map_set(&m, str_from(b.name), &b));
    assert_ptr_equal(map_remove(&m, STR_LIT("juliet")), &b);
    assert_true(map_set(&m, str_from(other_a.name), &other_a));
    memset(&a, 0, sizeof a); /* neither it nor its key is in there any more */
    assert_int_equal(m.count, 1);
    assert_ptr_equal(map_get(&m, STR_LIT("romeo")), &other_a);
    assert_ptr_equal(map_next(&m, &cursor)->key, other_a.name);
    map_finish(&m);
    assert_string_equal(other_a.name, "romeo");
}

static void keys_are_bytes_and_copied(void **state)
{
    (void)state;
    struct map m;
    int a = 1, b = 2;
    char name[] = "a\0b";
    map_init(&m, key);
    assert_true(map_set(&m, str_of(name, 3), &a));
    assert_true(map_set(&m, str_of(name, 1), &b));
    name[2] = 'c';
    assert_null(map_get(&m, str_of(name, 3)));
    assert_ptr_equal(map_get(&m, str_of("a\0b", 3)), &a);
    assert_ptr_equal(map_get(&m, STR_LIT("a")), &b);
    map_finish(&m);
}

/* Against an array indexed by the key: growth, collisions and shifted runs. */
static void behaves_like_an_array(void **state)
{
    (void)state;
    enum { KEYS = 300 };
    int *model[KEYS] = {0};
    int values[KEYS];
    size_t count = 0;
    unsigned seed = 7;
    struct map m;
    map_init(&m, key);
    for (int round = 0; round < 60000; round++) {
        seed = seed * 1103515245 + 12345;
        unsigned k = (seed >> 16) % KEYS;
        char name[16];
        struct str s = {name, (size_t)snprintf(name, sizeof name, "key%u", k)};
        /* Long stretches of growing and of shrinking. */
        bool growing = round / 5000 % 2 == 0;
        if ((seed >> 8) % 4 == (growing ? 0u : 1u) || (!growing && (seed >> 8) % 4 == 0)) {
            assert_ptr_equal(map_remove(&m, s), model[k]);
            count -= model[k] != NULL;
            model[k] = NULL;
        } else if (growing || (seed >> 8) % 4 == 2) {
            assert_true(map_set(&m, s, &values[(k + 1) % KEYS]));
            count += model[k] == NULL;
            model[k] = &values[(k + 1) % KEYS];
        }
        assert_ptr_equal(map_get(&m, s), model[k]);
        assert_int_equal(m.count, count);
        if (round % 1000 == 0) {
            size_t cursor = 0, seen = 0;
            for (const struct map_entry *e; (e = map_next(&m, &cursor)); seen++) {
                unsigned at = 0;
                assert_int_equal(sscanf(e->key, "key%u", &at), 1);
                assert_ptr_equal(e->value, model[at]);
                assert_int_equal(e->key_len, strlen(e->key));
            }
            assert_int_equal(seen, count);
        }
    }
    map_finish(&m);
}

static bool scenario(void *ctx)
{
    struct map *m = ctx;
    bool ok = true;
    for (int i = 0; ok && i < 14; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        size_t before = m->count;
        ok = map_set(m, str_from(name), m);
        assert_int_equal(m->count, before + ok);
        assert_true((map_get(m, str_from(name)) != NULL) == ok);
    }
    map_finish(m);
    return ok;
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    struct map m;
    map_init(&m, key);
    /* A table, its doubling, and a key each. */
    assert_int_equal(alloc_fail_sweep(scenario, &m), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_as_siphash_1_3),
        cmocka_unit_test(sets_gets_removes),
        cmocka_unit_test(keys_are_bytes_and_copied),
        cmocka_unit_test(keys_may_be_parts_of_the_values),
        cmocka_unit_test(behaves_like_an_array),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
