#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka wants some of the above */
#include <cmocka.h>

/* A folder of the test's own, which is its working folder. */
static int enter(void **state)
{
    static char folder[32];
    strcpy(folder, "/tmp/linnet-test-XXXXXX");
    *state = folder;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    unlink("file");
    rmdir("aside");
    return chdir("/") == 0 && rmdir(*state) == 0 ? 0 : -1;
}

static void assert_holds(const char *text)
{
    char got[16];
    size_t len;
    assert_null(private_file_read("file", got, sizeof got, &len));
    assert_int_equal(len, strlen(text));
    assert_memory_equal(got, text, len);
}

static void replaces_the_whole(void **state)
{
    struct stat st;
    (void)state;
    umask(0);
    assert_holds("");
    assert_int_equal(private_file_replace("file", "aside", "secret", 6), 0);
    assert_holds("secret");
    assert_int_equal(private_file_replace("file", "aside", "se", 2), 0);
    assert_holds("se");
    assert_int_equal(stat("file", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(access("aside", F_OK), -1);
}

/* What one who was interrupted left is replaced; a link is not followed. */
static void trusts_nothing_that_lies_aside(void **state)
{
    (void)state;
    assert_int_equal(symlink("elsewhere", "aside"), 0);
    assert_int_equal(private_file_replace("file", "aside", "secret", 6), 0);
    assert_holds("secret");
    assert_int_equal(access("elsewhere", F_OK), -1);
}

static void fails_and_leaves_it_as_it_was(void **state)
{
    (void)state;
    assert_int_equal(private_file_replace("file", "aside", "old", 3), 0);
    assert_int_equal(mkdir("aside", 0700), 0);
    assert_int_equal(private_file_replace("file", "aside", "new", 3), EEXIST);
    assert_holds("old");
    assert_int_equal(private_file_replace("no/file", "no/aside", "new", 3), ENOENT);
    assert_int_equal(private_file_replace("file", "/dev/full/aside", "new", 3), ENOTDIR);
    assert_holds("old");
}

static void reads_only_what_is_private(void **state)
{
    char got[4];
    size_t len;
    (void)state;
    assert_int_equal(private_file_replace("file", "aside", "secret", 6), 0);
    assert_string_equal(private_file_read("file", got, sizeof got, &len), "it is too long");
    for (mode_t bit = 1; bit <= 040; bit <<= 1) {
        assert_int_equal(chmod("file", 0600 | bit), 0);
        assert_non_null(strstr(private_file_read("file", got, sizeof got, &len), "chmod 600"));
        assert_int_equal(len, 0);
    }
    assert_string_equal(private_file_read("/dev/null", got, sizeof got, &len),
                        "it is no regular file");
    assert_string_equal(private_file_read(".", got, sizeof got, &len), "it is no regular file");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        TEST(replaces_the_whole),
        TEST(trusts_nothing_that_lies_aside),
        TEST(fails_and_leaves_it_as_it_was),
        TEST(reads_only_what_is_private),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
