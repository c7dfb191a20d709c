#include "server/logins.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { MANY = 100000 };

static int make(void **state)
{
    static struct logins l;
    logins_init(&l);
    *state = &l;
    return 0;
}

static int unmake(void **state)
{
    logins_finish(*state);
    return 0;
}

static struct login_record *login(const char *user, bool failed)
{
    struct login_record *r = login_record_new(0, 0);
    login_record_header(r, 0);
    login_record_user(r, str_from(user));
    if (failed)
        login_record_over(r, 0, &(struct linnet_error){.code = LINNET_OK});
    else
        login_record_bound(r, 0, "a@b/c");
    return r;
}

/* The ids found, as "1 2 3", with "..." when there are more. */
static const char *find(struct logins *l, struct logins_query q)
{
    static char text[256];
    struct login_record *found[16];
    bool more;
    size_t len = 0, count;
    assert_true(q.limit <= ARRAY_LEN(found));
    count = logins_find(l, &q, found, &more);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%llu", i ? " " : "",
                                (unsigned long long)found[i]->id);
        login_record_unref(found[i]);
    }
    snprintf(text + len, sizeof text - len, "%s", more ? "..." : "");
    return text;
}

static void the_newest_are_found(void **state)
{
    struct logins *l = *state;
    assert_string_equal(find(l, (struct logins_query){.limit = 3}), "");
    for (int i = 0; i < 6; i++)
        logins_add(l, login(i % 2 ? "romeo" : "juliet", i >= 3), 5);
    assert_int_equal(logins_last_id(l), 6);
    assert_string_equal(find(l, (struct logins_query){.limit = 9}), "2 3 4 5 6");
    assert_string_equal(find(l, (struct logins_query){.limit = 2}), "5 6...");
    assert_string_equal(find(l, (struct logins_query){.limit = 5}), "2 3 4 5 6");
    assert_string_equal(find(l, (struct logins_query){.limit = 9, .failed = true}), "4 5 6");
    assert_string_equal(find(l, (struct logins_query){.limit = 9, .user = "romeo"}), "2 4 6");
    assert_string_equal(find(l, (struct logins_query){.limit = 9, .user = "tybalt"}), "");
    assert_string_equal(find(l, (struct logins_query){.limit = 9, .after_id = 4}), "5 6");
    assert_string_equal(find(l, (struct logins_query){.limit = 2, .after_id = 2, .oldest = true}),
                        "3 4...");
}

static void add_from(struct logins *l, const char *ip)
{
    struct login_record *r = login("juliet", false);
    assert_int_equal(inet_pton(AF_INET6, ip, &r->peer.ip), 1);
    r->peer.port = 5222;
    logins_add(l, r, 8);
}

static const char *find_from(struct logins *l, const char *typed)
{
    struct logins_query q = {.limit = 9};
    logins_query_address(&q, typed);
    return find(l, q);
}

static void addresses_are_found_by_their_beginning(void **state)
{
    struct logins *l = *state;
    add_from(l, "::ffff:192.0.2.1");
    add_from(l, "::ffff:192.0.2.17");
    add_from(l, "2001:db8::1");
    add_from(l, "2001:db8::12");
    assert_string_equal(find_from(l, ""), "1 2 3 4");
    assert_string_equal(find_from(l, "192.0.2.1"), "1 2");
    assert_string_equal(find_from(l, "192.0.2.1:"), "1");
    assert_string_equal(find_from(l, "92.0.2.1"), "");
    assert_string_equal(find_from(l, "::ffff:192.0.2.17"), "2");
    assert_string_equal(find_from(l, "2001:"), "3 4");
    assert_string_equal(find_from(l, "2001:DB8:0:0::1"), "3 4");
    assert_string_equal(find_from(l, "[2001:db8:0::1]"), "3");
    assert_string_equal(find_from(l, "[2001:db8::1]:5222"), "3");
    assert_string_equal(find_from(l, "["), "1 2 3 4");
    assert_string_equal(find_from(l, "]"), "");
    assert_string_equal(find_from(l, "fe80"), "");
}

static void one_is_found_by_its_id(void **state)
{
    struct logins *l = *state;
    for (int i = 0; i < 3; i++)
        logins_add(l, login("juliet", false), 2);
    assert_string_equal(find(l, (struct logins_query){.limit = 1, .id = 2}), "2");
    assert_string_equal(find(l, (struct logins_query){.limit = 1, .id = 1}), "");
    assert_string_equal(find(l, (struct logins_query){.limit = 1, .id = 4}), "");
}

static void one_that_is_looked_at_outlives_the_ring(void **state)
{
    struct logins *l = *state;
    struct login_record *found[1];
    bool more;
    logins_add(l, login("juliet", false), 1);
    assert_int_equal(logins_find(l, &(struct logins_query){.limit = 1}, found, &more), 1);
    logins_add(l, login("romeo", false), 1);
    assert_string_equal(found[0]->user, "juliet");
    assert_int_equal(l->count, 1);
    login_record_unref(found[0]);
    logins_add(l, login("tybalt", false), 0);
    assert_int_equal(l->count, 0);
    assert_int_equal(l->bytes, 0);
}

static void those_who_say_nothing_push_nobody_out(void **state)
{
    struct logins *l = *state;
    logins_add(l, login("juliet", true), 8);
    for (int i = 0; i < 20; i++) {
        struct login_record *r = login_record_new(0, 0);
        login_record_over(r, 0, &(struct linnet_error){.code = LINNET_OK});
        logins_add(l, r, 8);
    }
    logins_add(l, login("romeo", false), 8);
    assert_string_equal(find(l, (struct logins_query){.limit = 16}), "1 19 20 21 22");
}

static void its_memory_is_bounded(void **state)
{
    struct logins *l = *state;
    static const char xml[500] = {[0 ... 498] = 'x'};
    for (int i = 0; i < 1000; i++) {
        struct login_record *r = login("juliet", true);
        for (int line = 0; line < 100; line++)
            login_record_wire(r, 0, false, str_from(xml));
        logins_add(l, r, MANY);
        assert_true(l->bytes <= LOGINS_MAX_BYTES);
    }
    assert_true(l->count > 50);
    assert_true(l->count < 200);
}

static void count(void *ctx)
{
    ++*(_Atomic int *)ctx;
}

static void who_follows_is_told(void **state)
{
    struct logins *l = *state;
    _Atomic int told = 0;
    logins_add(l, login("juliet", false), MANY);
    logins_listen(l, count, &told);
    logins_add(l, login("juliet", false), MANY);
    assert_int_equal(told, 0);
    l->followed = true;
    logins_add(l, login("juliet", false), MANY);
    assert_int_equal(told, 1);
    l->followed = false;
    logins_add(l, login("juliet", false), MANY);
    assert_int_equal(told, 1);
}

static void *add_many(void *ctx)
{
    for (int i = 0; i < 500; i++)
        logins_add(ctx, login("juliet", i % 2), 50);
    return NULL;
}

static void loops_share_it(void **state)
{
    pthread_t threads[4];
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, *state), 0);
    for (int i = 0; i < 200; i++)
        find(*state, (struct logins_query){.limit = 16, .failed = true});
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(logins_last_id(*state), 2000);
    assert_string_equal(find(*state, (struct logins_query){.limit = 2}), "1999 2000...");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(the_newest_are_found),
        TEST(addresses_are_found_by_their_beginning),
        TEST(one_is_found_by_its_id),
        TEST(one_that_is_looked_at_outlives_the_ring),
        TEST(those_who_say_nothing_push_nobody_out),
        TEST(its_memory_is_bounded),
        TEST(who_follows_is_told),
        TEST(loops_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
