#include "server/data_dir.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int make_base(void **state)
{
    static char base[32];
    snprintf(base, sizeof base, "/tmp/linnet-dir-XXXXXX");
    *state = mkdtemp(base);
    return *state ? 0 : -1;
}

static int remove_base(void **state)
{
    return nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void makes_it_private(void **state)
{
    char path[128];
    struct data_dir dir;
    struct stat st;
    snprintf(path, sizeof path, "%s/a/b/", (char *)*state);
    assert_int_equal(data_dir_open(&dir, path, NULL), LINNET_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    data_dir_close(&dir);
    assert_int_equal(data_dir_open(&dir, path, NULL), LINNET_OK);
    data_dir_close(&dir);
}

static void only_one_has_it(void **state)
{
    struct data_dir first, second;
    struct linnet_error error = {0};
    char expected[64];
    assert_int_equal(data_dir_open(&first, *state, NULL), LINNET_OK);
    assert_int_equal(data_dir_open(&second, *state, &error), LINNET_ERROR_SETTINGS);
    snprintf(expected, sizeof expected, "in use by another linnetd (process %ld)", (long)getpid());
    assert_non_null(strstr(error.sentence, expected));
    data_dir_close(&second);
    data_dir_close(&first);
    assert_int_equal(data_dir_open(&first, *state, NULL), LINNET_OK);
    data_dir_close(&first);
}

static void refuses_what_it_cannot_use(void **state)
{
    char path[128];
    struct data_dir dir;
    struct linnet_error error = {0};
    snprintf(path, sizeof path, "%s/file", (char *)*state);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
    assert_int_equal(data_dir_open(&dir, path, &error), LINNET_ERROR_SETTINGS);
    assert_int_equal(data_dir_open(&dir, "", &error), LINNET_ERROR_SETTINGS);
    assert_int_equal(data_dir_open(&dir, "/proc/nowhere", &error), LINNET_ERROR_SETTINGS);
    assert_int_equal(chmod(*state, 0777), 0);
    assert_int_equal(data_dir_open(&dir, *state, &error), LINNET_ERROR_SETTINGS);
    assert_non_null(strstr(error.sentence, "written to by everybody"));
    assert_int_equal(dir.lock_fd, -1);
}

static void checks_without_a_trace(void **state)
{
    char path[128];
    struct linnet_error error = {0};
    assert_int_equal(chdir(*state), 0);
    snprintf(path, sizeof path, "%s/a/b/", (char *)*state);
    assert_int_equal(data_dir_check(*state, &error), LINNET_OK);
    assert_int_equal(data_dir_check(path, &error), LINNET_OK);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(data_dir_check("nothing-here/below", &error), LINNET_OK);
    assert_int_equal(chdir("/"), 0);
    snprintf(path, sizeof path, "%s/file", (char *)*state);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
    assert_int_equal(data_dir_check(path, &error), LINNET_ERROR_SETTINGS);
    strcat(path, "/below");
    assert_int_equal(data_dir_check(path, &error), LINNET_ERROR_SETTINGS);
    assert_int_equal(chmod(*state, 0777), 0);
    assert_int_equal(data_dir_check(*state, &error), LINNET_ERROR_SETTINGS);
    assert_non_null(strstr(error.sentence, "written to by everybody"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(makes_it_private, make_base, remove_base),
        cmocka_unit_test_setup_teardown(only_one_has_it, make_base, remove_base),
        cmocka_unit_test_setup_teardown(checks_without_a_trace, make_base, remove_base),
        cmocka_unit_test_setup_teardown(refuses_what_it_cannot_use, make_base, remove_base),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
