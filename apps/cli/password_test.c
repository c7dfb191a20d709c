#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "password.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct options none = {.password_fd = -1, .address = "juliet@localhost"};

static struct password got;
static struct linnet_error error;

static void assert_got(const struct options *o, const char *expected)
{
    enum linnet_error_code code = password_get(o, &got, &error);
    if (code != LINNET_OK)
        fail_msg("%s", error.sentence);
    assert_int_equal(got.len, strlen(expected));
    assert_memory_equal(got.bytes, expected, got.len);
}

/* Refused with words that hold `why`, and nothing is left in memory. */
static void assert_refused(const struct options *o, const char *why)
{
    static const struct password nothing;
    assert_int_equal(password_get(o, &got, &error), LINNET_ERROR_USAGE);
    if (!strstr(error.sentence, why))
        fail_msg("\"%s\" does not say \"%s\"", error.sentence, why);
    assert_memory_equal(&got, &nothing, sizeof got);
}

static const char *file_with(const char *text, size_t len, mode_t mode)
{
    static char path[64];
    strcpy(path, "/tmp/linnet-password-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

static void assert_file(const char *text, const char *expected)
{
    struct options o = none;
    o.password_file = file_with(text, strlen(text), 0600);
    assert_got(&o, expected);
    unlink(o.password_file);
}

static void test_file_gives_its_first_line(void **state)
{
    (void)state;
    assert_file("secret", "secret");
    assert_file("secret\n", "secret");
    assert_file("secret\r\nnot this\n", "secret");
    assert_file("  sea of moons \n", "  sea of moons ");
}

static void test_file_that_is_not_private(void **state)
{
    static const mode_t open_modes[] = {0644, 0640, 0604, 0620, 0601};
    struct options o = none;
    (void)state;
    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++) {
        o.password_file = file_with("secret", 6, open_modes[i]);
        assert_refused(&o, "chmod 600");
        unlink(o.password_file);
    }
}

static void test_file_that_is_none(void **state)
{
    struct options o = none;
    (void)state;
    o.password_file = "/nonexistent/password";
    assert_refused(&o, "cannot be opened");
    o.password_file = "/tmp";
    assert_refused(&o, "no regular file");
    o.password_file = "/dev/null";
    assert_refused(&o, "no regular file");
}

static void test_file_without_password(void **state)
{
    struct options o = none;
    char longer[sizeof got.bytes + 1];
    (void)state;
    o.password_file = file_with("", 0, 0600);
    assert_refused(&o, "empty");
    unlink(o.password_file);
    o.password_file = file_with("\nsecret", 7, 0600);
    assert_refused(&o, "empty");
    unlink(o.password_file);
    memset(longer, 'a', sizeof longer);
    o.password_file = file_with(longer, sizeof longer, 0600);
    assert_refused(&o, "too long");
    unlink(o.password_file);
}

static void test_the_longest_password(void **state)
{
    struct options o = none;
    char longest[sizeof got.bytes + 1] = {0};
    (void)state;
    memset(longest, 'a', sizeof got.bytes);
    o.password_file = file_with(longest, sizeof got.bytes, 0600);
    assert_got(&o, longest);
    unlink(o.password_file);
}

/* What follows the line is left for others: the text of a message. */
static void test_descriptor(void **state)
{
    struct options o = none;
    int pipe_fds[2];
    char rest[16] = "";
    (void)state;
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(write(pipe_fds[1], "secret\nrest", 11), 11);
    close(pipe_fds[1]);
    o.password_fd = pipe_fds[0];
    assert_got(&o, "secret");
    assert_int_equal(read(pipe_fds[0], rest, sizeof rest), 4);
    assert_string_equal(rest, "rest");
    close(pipe_fds[0]);
    assert_refused(&o, "cannot be read");
}

static void test_command(void **state)
{
    struct options o = none;
    (void)state;
    o.password_command = "echo secret";
    assert_got(&o, "secret");
    o.password_command = "echo secret; yes no | head -n 100000; echo more";
    assert_got(&o, "secret");
    o.password_command = "echo secret; exit 3";
    assert_refused(&o, "exit status 3");
    o.password_command = "exit 3";
    assert_refused(&o, "exit status 3");
    o.password_command = "true";
    assert_refused(&o, "empty");
    o.password_command = "kill -9 $$";
    assert_refused(&o, "killed");
}

static void test_environment(void **state)
{
    (void)state;
    setenv("LINNET_PASSWORD", "secret", 1);
    assert_got(&none, "secret");
    assert_null(getenv("LINNET_PASSWORD"));
    setenv("LINNET_PASSWORD", "", 1);
    assert_refused(&none, "empty");
}

/* The bytes that /proc/PID/environ shows are gone, too. */
static void test_environment_is_wiped(void **state)
{
    (void)state;
    setenv("LINNET_PASSWORD", "secret", 1);
    const char *bytes = getenv("LINNET_PASSWORD");
    assert_got(&none, "secret");
    assert_int_equal(bytes[0], '\0');
}

static void test_an_option_overrides_the_environment(void **state)
{
    struct options o = none;
    (void)state;
    setenv("LINNET_PASSWORD", "other", 1);
    o.password_command = "echo ${LINNET_PASSWORD-secret}"; /* nor does the command see it */
    assert_got(&o, "secret");
    assert_null(getenv("LINNET_PASSWORD"));
}

static void test_two_sources(void **state)
{
    struct options o = none;
    (void)state;
    o.password_file = "/dev/null";
    o.password_command = "echo secret";
    assert_refused(&o, "more than one");
}

/* Without a terminal nobody can be asked: main() has taken it away. */
static void test_nobody_to_ask(void **state)
{
    (void)state;
    assert_refused(&none, "no source");
    assert_false(password_can_ask());
    assert_int_equal(password_ask("juliet@localhost", "", &got, &error), LINNET_ERROR_USAGE);
    assert_int_equal(got.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_gives_its_first_line),
        cmocka_unit_test(test_file_that_is_not_private),
        cmocka_unit_test(test_file_that_is_none),
        cmocka_unit_test(test_file_without_password),
        cmocka_unit_test(test_the_longest_password),
        cmocka_unit_test(test_descriptor),
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_environment_is_wiped),
        cmocka_unit_test(test_an_option_overrides_the_environment),
        cmocka_unit_test(test_two_sources),
        cmocka_unit_test(test_nobody_to_ask),
    };
    unsetenv("LINNET_PASSWORD");
    /* Without a terminal, in a process of its own: one that leads its group cannot leave it. */
    int status = 1;
    pid_t child = fork();
    if (child != 0)
        return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status)
                   ? WEXITSTATUS(status)
                   : 1;
    setsid();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
