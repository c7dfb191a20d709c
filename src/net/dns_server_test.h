/*
 * dns_server_test.h - a name server for tests, on a loopback port and on the loop of its client.
 * It answers from a table; a name that is not there is NXDOMAIN.
 */
#ifndef NET_DNS_SERVER_TEST_H
#define NET_DNS_SERVER_TEST_H

#include "net/chan.h"
#include "net/loop.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TEST_A = 1, TEST_AAAA = 28, TEST_SRV_TYPE = 33 };

enum test_dns_behaviour {
    TEST_ANSWERS = 0, /* with no records: NODATA */
    TEST_NXDOMAIN,
    TEST_SERVFAIL,
    TEST_SERVFAIL_ONCE, /* then answers */
    TEST_REFUSED,
    TEST_SILENT,
    TEST_SILENT_ONCE,
    TEST_GARBAGE
};

/* How long a client waits for an answer that comes, and for one that does not: client and server
 * are in one thread, so that on a slow machine one that comes may be late. */
enum { TEST_RECORDS = 16, TEST_DNS_PATIENCE_MS = 1000000, TEST_DNS_SILENCE_MS = 50 };

struct test_dns_record {
    const char *target; /* host of an SRV, text of an address */
    uint16_t priority, weight, port;
};

struct test_dns_name {
    const char *name;
    uint16_t type;
    enum test_dns_behaviour behaviour;
    struct test_dns_record records[TEST_RECORDS];
    unsigned asked;
};

struct test_dns {
    int fd;
    char servers[32]; /* for struct dns_settings */
    struct loop_poll *poll;
    struct test_dns_name *names;
    size_t count;
    unsigned asked;
};

static inline size_t test_dns_put_name(uint8_t *out, const char *name)
{
    size_t at = 0;
    while (*name && strcmp(name, ".") != 0) {
        size_t len = strcspn(name, ".");
        out[at++] = (uint8_t)len;
        memcpy(out + at, name, len);
        at += len;
        name += len + (name[len] == '.');
    }
    out[at++] = 0;
    return at;
}

static inline size_t test_dns_put_record(uint8_t *out, uint16_t type,
                                         const struct test_dns_record *r)
{
    uint8_t data[300];
    size_t len;
    if (type == TEST_SRV_TYPE) {
        const uint16_t numbers[] = {htons(r->priority), htons(r->weight), htons(r->port)};
        memcpy(data, numbers, 6);
        len = 6 + test_dns_put_name(data + 6, r->target);
    } else {
        len = type == TEST_A ? 4 : 16;
        int ok = inet_pton(type == TEST_A ? AF_INET : AF_INET6, r->target, data);
        assert(ok == 1);
        (void)ok;
    }
    const uint8_t head[] = {0xc0, 12, 0, (uint8_t)type, 0, 1, 0, 0, 0, 60, 0, (uint8_t)len};
    memcpy(out, head, sizeof(head));
    memcpy(out + sizeof(head), data, len);
    return sizeof(head) + len;
}

static inline struct test_dns_name *test_dns_find(struct test_dns *s, const char *name,
                                                  uint16_t type)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcasecmp(s->names[i].name, name) == 0 && s->names[i].type == type)
            return &s->names[i];
    return NULL;
}

/* Reads the question at offset 12; returns the length of the message up to its end. */
static inline size_t test_dns_question(const uint8_t *query, char name[256], uint16_t *ret_type)
{
    size_t at = 12, out = 0;
    while (query[at]) {
        if (out)
            name[out++] = '.';
        memcpy(name + out, query + at + 1, query[at]);
        out += query[at];
        at += 1u + query[at];
    }
    name[out] = 0;
    *ret_type = (uint16_t)(query[at + 1] << 8 | query[at + 2]);
    return at + 5;
}

/* Answers one question; false when there is none. */
static inline bool test_dns_answer(struct test_dns *s)
{
    uint8_t m[2048];
    struct sockaddr_in from;
    socklen_t from_len = sizeof(from);
    char name[256];
    uint16_t type;
    ssize_t got = recvfrom(s->fd, m, sizeof(m), 0, (struct sockaddr *)&from, &from_len);
    if (got < 17)
        return got >= 0;
    size_t len = test_dns_question(m, name, &type);
    struct test_dns_name *n = test_dns_find(s, name, type);
    enum test_dns_behaviour b = n ? n->behaviour : TEST_NXDOMAIN;
    s->asked++;
    if (n)
        n->asked++;
    if (b == TEST_SILENT || (b == TEST_SILENT_ONCE && n->asked == 1))
        return true;
    uint8_t rcode = b == TEST_NXDOMAIN                                                 ? 3
                    : b == TEST_SERVFAIL || (b == TEST_SERVFAIL_ONCE && n->asked == 1) ? 2
                    : b == TEST_REFUSED                                                ? 5
                                                                                       : 0;
    uint8_t count = 0;
    for (size_t i = 0; rcode == 0 && i < TEST_RECORDS && n->records[i].target; i++, count++)
        len += test_dns_put_record(m + len, type, &n->records[i]);
    const uint8_t counts[] = {0x81, (uint8_t)(0x80 | rcode), 0, 1, 0, count, 0, 0, 0, 0};
    memcpy(m + 2, counts, sizeof(counts));
    if (b == TEST_GARBAGE)
        memset(m + 12, 0xff, len - 12);
    sendto(s->fd, m, len, 0, (struct sockaddr *)&from, from_len);
    return true;
}

/* Answers all that was asked so far. Questions that were asked together are answered together: no
 * timer of the client comes in between. */
static inline void test_dns_hear(struct test_dns *s)
{
    while (test_dns_answer(s))
        continue;
}

static inline void test_dns_ready(void *ctx, unsigned events)
{
    (void)events;
    test_dns_hear(ctx);
}

static inline void test_dns_open(struct test_dns *s, uv_loop_t *loop, struct test_dns_name *names,
                                 size_t count)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    *s = (struct test_dns){
        .fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), .names = names, .count = count};
    int result = bind(s->fd, (struct sockaddr *)&a, sizeof(a));
    assert(result == 0);
    result = getsockname(s->fd, (struct sockaddr *)&a, &len);
    assert(result == 0);
    (void)result;
    snprintf(s->servers, sizeof(s->servers), "127.0.0.1:%u", ntohs(a.sin_port));
    s->poll = loop_poll_new(loop, s->fd, test_dns_ready, s);
    loop_poll_set(s->poll, CHAN_WANTS_READ);
}

static inline void test_dns_close(struct test_dns *s)
{
    loop_poll_free(s->poll);
    close(s->fd);
}

#endif
