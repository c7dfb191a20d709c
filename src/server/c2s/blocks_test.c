#include "server/c2s/blocks.h"

#include "server/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
    struct blocks blocks;
    char added[NETWORK_TEXT_BYTES]; /* the last */
};

static void network_added(void *ctx, const struct network *network)
{
    network_text(network, ((struct fixture *)ctx)->added);
}

static int make(void **state)
{
    struct fixture *f = MEMORY_NEW(struct fixture);
    blocks_init(&f->blocks, network_added, f);
    *state = f;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *f = *state;
    blocks_finish(&f->blocks);
    free(f);
    return 0;
}

/* Loopback is as good as any here: it is refused where operators ask (control_blocks.c). */
static struct network parsed(const char *text)
{
    struct network n;
    assert_int_equal(network_parse(str_from(text), &n), NETWORK_OK);
    return n;
}

static void block(struct fixture *f, const char *text, int64_t now_s, int64_t until_s)
{
    const struct network n = parsed(text);
    const struct store_block about = {
        .since_s = now_s, .until_s = until_s, .reason = STR_LIT("why"), .actor = STR_LIT("who")};
    blocks_put(&f->blocks, &n, &about, now_s);
}

static bool unblock(struct fixture *f, const char *text)
{
    const struct network n = parsed(text);
    return blocks_remove(&f->blocks, &n);
}

static bool hit(struct fixture *f, const char *address, int64_t now_s)
{
    const struct network n = parsed(address);
    return blocks_hit(&f->blocks, &n.base, now_s);
}

static void print_one(void *ctx, const struct network_block *b)
{
    char network[NETWORK_TEXT_BYTES], *text = ctx;
    assert_string_equal(b->reason, "why");
    assert_string_equal(b->actor, "who");
    snprintf(text + strlen(text), 200, "%s %llu; ", network_text(&b->network, network), b->hits);
}

static const char *listed(struct fixture *f, int64_t now_s)
{
    static char text[4096];
    text[0] = '\0';
    blocks_each(&f->blocks, now_s, print_one, text);
    return text;
}

static void any_match_blocks(void **state)
{
    struct fixture *f = *state;
    assert_false(hit(f, "192.0.2.7", 1));
    block(f, "192.0.2.0/24", 1, 0);
    block(f, "192.0.2.7", 1, 0);
    block(f, "198.51.100.128/25", 1, 0);
    block(f, "2001:db8::/32", 1, 0);
    block(f, "2001:db8:1::/48", 1, 0);
    assert_true(hit(f, "192.0.2.7", 1));
    assert_true(hit(f, "192.0.2.255", 1));
    assert_true(hit(f, "::ffff:192.0.2.255", 1));
    assert_false(hit(f, "192.0.3.0", 1));
    assert_true(hit(f, "198.51.100.200", 1));
    assert_false(hit(f, "198.51.100.100", 1));
    assert_true(hit(f, "2001:db8:1::1", 1));
    assert_true(hit(f, "2001:db8:ffff::1", 1));
    assert_false(hit(f, "2001:db9::1", 1));
    assert_true(unblock(f, "192.0.2.0/24"));
    assert_false(unblock(f, "192.0.2.0/24"));
    assert_false(unblock(f, "192.0.2.0/25"));
    assert_true(hit(f, "192.0.2.7", 1));
    assert_false(hit(f, "192.0.2.8", 1));
}

static void counts_whom_it_turned_away(void **state)
{
    struct fixture *f = *state;
    block(f, "192.0.2.7", 1, 0);
    block(f, "192.0.2.0/24", 1, 0);
    hit(f, "192.0.2.7", 1); /* one of them counts it */
    hit(f, "192.0.2.8", 1);
    assert_string_equal(listed(f, 1), "192.0.2.0/24 2; 192.0.2.7/32 0; ");
    block(f, "192.0.2.0/24", 2, 100); /* blocked anew */
    assert_string_equal(listed(f, 2), "192.0.2.0/24 2; 192.0.2.7/32 0; ");
}

static void tells_of_new_ones(void **state)
{
    struct fixture *f = *state;
    block(f, "192.0.2.0/24", 1, 0);
    assert_string_equal(f->added, "192.0.2.0/24");
    block(f, "2001:db8::1", 1, 0);
    assert_string_equal(f->added, "2001:db8::1/128");
}

static void ends_in_time(void **state)
{
    struct fixture *f = *state;
    block(f, "192.0.2.0/24", 1000, 1010);
    assert_true(hit(f, "192.0.2.7", 1009));
    assert_false(hit(f, "192.0.2.7", 1010));
    assert_string_equal(listed(f, 1009), "192.0.2.0/24 1; ");
    assert_string_equal(listed(f, 1010), "");
    block(f, "192.0.2.0/26", 1000, 1020); /* a longer one that lasts */
    assert_true(hit(f, "192.0.2.7", 1010));
    block(f, "203.0.113.0/24", 1020, 0); /* and what has expired goes */
    assert_string_equal(listed(f, 0), "203.0.113.0/24 0; ");
}

/* Against a list that is searched from one end to the other. */
static void finds_what_a_list_would_find(void **state)
{
    enum { NETWORKS = 300, PROBES = 3000 };
    static struct network all[NETWORKS];
    struct fixture *f = *state;
    uint32_t seed = 7;
    for (int i = 0; i < NETWORKS; i++) {
        struct in6_addr ip = parsed("10.0.0.0").base;
        seed = seed * 1664525 + 1013904223;
        ip.s6_addr[14] = (uint8_t)(seed >> 24);
        ip.s6_addr[15] = (uint8_t)(seed >> 16);
        unsigned bits = 118 + (seed >> 8) % 11;
        all[i] = (struct network){network_mask(&ip, bits), (uint8_t)bits};
        blocks_put(&f->blocks, &all[i], &(struct store_block){.until_s = 0}, 1);
    }
    for (int i = 0; i < NETWORKS; i += 3)
        if (blocks_remove(&f->blocks, &all[i]))
            for (int j = 0; j < NETWORKS; j++)
                if (j != i && memcmp(&all[j], &all[i], sizeof all[i]) == 0)
                    all[j].bits = 0;
    for (int i = 0; i < PROBES; i++) {
        struct in6_addr ip = parsed("10.0.0.0").base;
        bool expected = false;
        seed = seed * 1664525 + 1013904223;
        ip.s6_addr[14] = (uint8_t)(seed >> 24);
        ip.s6_addr[15] = (uint8_t)(seed >> 16);
        for (int j = 0; j < NETWORKS; j++)
            expected |= j % 3 != 0 && all[j].bits > 0 && network_has(&all[j], &ip);
        assert_int_equal(blocks_hit(&f->blocks, &ip, 1), expected);
    }
}

static void commit(struct store *store, const char *network, int64_t until_s)
{
    const struct store_block row = {.network = str_from(network),
                                    .until_s = until_s,
                                    .reason = STR_LIT("why"),
                                    .actor = STR_LIT("who")};
    struct store_write w = {.change = STORE_BLOCK, .block = &row, .now_s = 1}, *one = &w;
    assert_int_equal(store->ops->commit(store, &one, 1, NULL), STORE_OK);
}

static void takes_what_the_store_has(void **state)
{
    struct fixture *f = *state;
    struct store *store;
    struct linnet_error error = {0};
    assert_int_equal(store_mem_new(&store), STORE_OK);
    commit(store, "192.0.2.0/24", 0);
    commit(store, "198.51.100.0/24", 1000);
    commit(store, "203.0.113.0/24", 1001);
    commit(store, "no network", 0);
    assert_int_equal(blocks_load(&f->blocks, store, 1000, NULL, &error), LINNET_OK);
    assert_string_equal(listed(f, 1000), "192.0.2.0/24 0; 203.0.113.0/24 0; ");
    assert_string_equal(f->added, "");
    store_free(store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(any_match_blocks), TEST(counts_whom_it_turned_away),   TEST(tells_of_new_ones),
        TEST(ends_in_time),     TEST(finds_what_a_list_would_find), TEST(takes_what_the_store_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
