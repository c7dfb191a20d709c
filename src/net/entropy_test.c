#include "net/entropy.h"

#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void bytes_differ(void **state)
{
    (void)state;
    struct entropy e;
    entropy_init(&e);
    struct random_source r = entropy_source(&e);
    uint8_t seen[64][16];
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
        random_fill(&r, seen[i], sizeof(seen[i]));
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(seen[i], seen[k], sizeof(seen[i]));
    }
    entropy_finish(&e);
}

static void every_length_is_filled(void **state)
{
    (void)state;
    struct entropy e;
    entropy_init(&e);
    struct random_source r = entropy_source(&e);
    static uint8_t all[600], out[601];
    for (size_t len = 0; len < sizeof(out); len++) {
        /* a byte that stays 0 in 32 fills was not written */
        memset(all, 0, sizeof(all));
        for (int i = 0; i < 32; i++) {
            out[len] = 0xa5;
            random_fill(&r, out, len);
            assert_int_equal(out[len], 0xa5);
            for (size_t k = 0; k < len; k++)
                all[k] |= out[k];
        }
        for (size_t k = 0; k < len; k++)
            assert_int_not_equal(all[k], 0);
    }
    entropy_finish(&e);
}

static void handed_out_bytes_are_wiped(void **state)
{
    (void)state;
    struct entropy e;
    uint8_t out[16];
    static const uint8_t zeros[sizeof(e.bytes)];
    entropy_init(&e);
    struct random_source r = entropy_source(&e);
    random_fill(&r, out, sizeof(out));
    assert_memory_equal(e.bytes, zeros, sizeof(out));
    assert_memory_not_equal(e.bytes + sizeof(out), zeros, sizeof(out));
    entropy_finish(&e);
    assert_memory_equal(e.bytes, zeros, sizeof(zeros));
}

static void child_draws_anew(void **state)
{
    (void)state;
    struct entropy e;
    uint8_t own[16], child[16];
    int fds[2];
    entropy_init(&e);
    struct random_source r = entropy_source(&e);
    random_fill(&r, own, sizeof(own));
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    random_fill(&r, own, sizeof(own));
    if (pid == 0)
        _exit(write(fds[1], own, sizeof(own)) != sizeof(own));
    assert_int_equal(read(fds[0], child, sizeof(child)), sizeof(child));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_memory_not_equal(own, child, sizeof(own));
    close(fds[0]);
    close(fds[1]);
    entropy_finish(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_differ),
        cmocka_unit_test(every_length_is_filled),
        cmocka_unit_test(handed_out_bytes_are_wiped),
        cmocka_unit_test(child_draws_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
