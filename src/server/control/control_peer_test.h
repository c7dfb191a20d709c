/*
 * control_peer_test.h - a control socket for each test, and a client that says what a test wants,
 * byte by byte. Everything asserts.
 */
#ifndef CONTROL_PEER_TEST_H
#define CONTROL_PEER_TEST_H

#include "server/control/client.h"
#include "server/control/control_fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

static inline int make(void **state)
{
    struct control_fixture *f = calloc(1, sizeof *f);
    *state = f;
    return f && control_fixture_start(f) ? 0 : -1;
}

static inline int unmake(void **state)
{
    control_fixture_stop(*state);
    free(*state);
    return 0;
}

#define CONTROL_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

/* --- a raw peer --- */

static inline int connect_raw(const struct control_fixture *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, f->path, strlen(f->path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Whether all could be sent; the server may have closed. */
static inline bool send_text(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n < 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

/* The next line, or NULL at the end. The caller frees. */
static inline char *read_text(int fd)
{
    struct buf line = {0};
    char byte;
    ssize_t n;
    while ((n = recv(fd, &byte, 1, 0)) == 1 && byte != '\n')
        buf_byte(&line, (uint8_t)byte);
    char *text = n == 1 ? buf_take_cstr(&line) : NULL;
    buf_finish(&line);
    return text;
}

/* Sends a line and gives the answer to it. */
static inline json_t *exchange(int fd, const char *line)
{
    assert_true(send_text(fd, line, strlen(line)));
    assert_true(send_text(fd, "\n", 1));
    char *text = read_text(fd);
    assert_non_null(text);
    json_t *answer = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_object(answer));
    free(text);
    return answer;
}

static inline void fails(int fd, const char *line, const char *code, const char *words)
{
    json_t *answer = exchange(fd, line);
    json_t *error = json_object_get(answer, "error");
    assert_true(json_is_false(json_object_get(answer, "ok")));
    assert_null(json_object_get(answer, "result"));
    assert_string_equal(json_string_value(json_object_get(error, "code")), code);
    const char *sentence = json_string_value(json_object_get(error, "sentence"));
    if (!strstr(sentence, words))
        fail_msg("\"%s\" does not hold \"%s\"", sentence, words);
    json_decref(answer);
}

static inline void succeeds(int fd, const char *line, const char *expected)
{
    json_t *answer = exchange(fd, line);
    char *text = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, expected);
    free(text);
    json_decref(answer);
}

/* --- our own client --- */

static inline struct control_client *client_of(const struct control_fixture *f)
{
    struct control_client *c;
    assert_int_equal(control_client_open(f->path, &c, NULL), LINNET_OK);
    return c;
}

#endif
