/*
 * load.c - the generator: puts one kind of work on a server and tells what it cost there.
 *
 *     load handshake|login|message|idle [OPTION VALUE]...
 *
 *     --port N                      on 127.0.0.1
 *     --pid N                       the server's process: its CPU time and memory are read
 *     --tls none|starttls|direct    (starttls)
 *     --mech SCRAM-SHA-256|SCRAM-SHA-1
 *     --domain NAME  --password TEXT
 *     --users N                     accounts u0 to uN-1, all with that password
 *     --count N                     operations to measure
 *     --at-once N                   logins or handshakes under way; pairs of a message run
 *     --window N                    messages of a pair that are under way
 *
 * One JSON object on standard output: the server's CPU per operation (all its threads, from the
 * process clock, to the nanosecond), the wall rate, and how busy the generator's own core was: a
 * wall rate says something about the server only while that is below 0.8.
 *
 * What comes before the measured part (each account's first login, which derives its keys; the
 * sessions of a message run) is not counted.
 */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS = 256,
    SETTLE_MS = 200,
    IDLE_SETTLE_MS = 3000,
    STALL_MS = 20000,
    PREPARING = 16 /* logins under way before the measured part */
};

struct load {
    const char *mode;
    struct client_config config;
    pid_t pid;
    unsigned users, count, at_once, window;
    int epoll;
    struct client_account *accounts;
    struct client *clients;
};

/* --- clocks --- */

static double clock_s(clockid_t clock)
{
    struct timespec ts;
    if (clock_gettime(clock, &ts) != 0)
        die("the clock of the server's process cannot be read: %s", strerror(errno));
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

struct sample {
    double wall_s, own_s, server_s;
};

static struct sample sample(const struct load *l)
{
    clockid_t server;
    if (clock_getcpuclockid(l->pid, &server) != 0)
        die("there is no process %d", (int)l->pid);
    return (struct sample){clock_s(CLOCK_MONOTONIC), clock_s(CLOCK_PROCESS_CPUTIME_ID),
                           clock_s(server)};
}

static void sleep_ms(unsigned ms)
{
    nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

/* `end` is when the last operation ended; what the server does after that (closing, freeing) is
 * waited for and counted, but not as wall time. */
static void report(const struct load *l, struct sample start, struct sample end)
{
    sleep_ms(SETTLE_MS);
    double server_s = sample(l).server_s - start.server_s;
    double wall_s = end.wall_s - start.wall_s, own_s = end.own_s - start.own_s;
    printf("{\"mode\":\"%s\",\"operations\":%u,\"cpu_us\":%.3f,\"per_s\":%.1f,"
           "\"generator_busy\":%.3f,\"server_busy\":%.3f}\n",
           l->mode, l->count, server_s / l->count * 1e6, l->count / wall_s, own_s / wall_s,
           server_s / wall_s);
}

/* --- the loop --- */

static int wait_events(const struct load *l, struct epoll_event *events)
{
    int count = epoll_wait(l->epoll, events, EVENTS, STALL_MS);
    if (count == 0)
        die("%s: nothing came from the server for %d s", l->mode, STALL_MS / 1000);
    return count < 0 ? 0 : count;
}

/* Logs in `count` times, `at_once` under way. Each leaves once bound and its place is used again,
 * or all stay, in the places from `first` on. */
struct logins {
    unsigned first, count, at_once, begun, done;
    bool stay;
};

static void begin_login(struct load *l, struct logins *r, struct client *c)
{
    client_connect(c, &l->config, l->epoll, &l->accounts[(r->first + r->begun) % l->users]);
    r->begun++;
}

/* One more is done, so one more begins. */
static void end_login(struct load *l, struct logins *r, struct client *c)
{
    r->done++;
    if (r->begun < r->count)
        begin_login(l, r, r->stay ? &l->clients[r->first + r->begun] : c);
}

static void advance_login(struct load *l, struct logins *r, struct client *c, uint32_t events)
{
    bool was_bound = c->state == CLIENT_BOUND;
    client_ready(c, events);
    if (was_bound) { /* a server may say something at any time */
        buf_reset(&c->wire.in);
        buf_trim(&c->wire.in);
        return;
    }
    if (c->state == CLIENT_BOUND && !r->stay)
        client_leave(c);
    if (c->state == CLIENT_GONE || c->state == CLIENT_BOUND)
        end_login(l, r, c);
}

static void run_logins(struct load *l, struct logins r)
{
    struct epoll_event events[EVENTS];
    while (r.begun < r.count && r.begun < r.at_once)
        begin_login(l, &r, &l->clients[r.first + r.begun]);
    while (r.done < r.count) {
        int ready = wait_events(l, events);
        for (int i = 0; i < ready; i++)
            advance_login(l, &r, events[i].data.ptr, events[i].events);
    }
}

static void measure_logins(struct load *l)
{
    unsigned warm = l->config.handshake_only ? l->at_once : l->users;
    run_logins(l, (struct logins){.count = warm, .at_once = l->at_once});
    sleep_ms(SETTLE_MS);
    struct sample start = sample(l);
    run_logins(l, (struct logins){.count = l->count, .at_once = l->at_once});
    report(l, start, sample(l));
}

/* --- messages: client 2i writes to client 2i+1, which only counts --- */

struct pair {
    unsigned sent, heard;
};

/* Each in a record of its own, as people write them; those that are due at once in one send, which
 * keeps the generator ahead of the servers. */
static void write_messages(const struct load *l, unsigned i, struct pair *p, unsigned count)
{
    struct wire *w = &l->clients[2 * i].wire;
    for (; count > 0 && p->sent < l->count / l->at_once; count--, p->sent++) {
        buf_printf(&w->out,
                   "<message to='%s' type='chat' id='m%08x'>"
                   "<body>Art thou not Romeo, and a Montague?</body></message>",
                   l->clients[2 * i + 1].jid, p->sent);
        wire_seal(w);
    }
    wire_flush(w);
}

/* How many messages ended in what was read, which is consumed. */
static unsigned count_messages(struct wire *w)
{
    static const char end[] = "</message>";
    struct str text = buf_peek(&w->in);
    unsigned count = 0;
    size_t used = 0;
    for (const char *at; (at = memmem(text.ptr + used, text.len - used, end, sizeof(end) - 1));) {
        used = (size_t)(at - text.ptr) + sizeof(end) - 1;
        count++;
    }
    if (count == 0 && memmem(text.ptr, text.len, "<stream:error", 13))
        die("instead of messages: %.*s", STR_ARG(text));
    buf_consume(&w->in, used);
    buf_trim(&w->in);
    return count;
}

static void run_messages(struct load *l, struct pair *pairs)
{
    struct epoll_event events[EVENTS];
    unsigned heard = 0, total = l->count / l->at_once * l->at_once;
    for (unsigned i = 0; i < l->at_once; i++)
        write_messages(l, i, &pairs[i], l->window);
    while (heard < total) {
        int ready = wait_events(l, events);
        for (int i = 0; i < ready; i++) {
            struct client *c = events[i].data.ptr;
            unsigned index = (unsigned)(c - l->clients), pair = index / 2;
            client_ready(c, events[i].events);
            unsigned count = count_messages(&c->wire);
            if (count == 0)
                continue;
            if (index % 2 == 0)
                die("a message came back to its sender");
            heard += count;
            pairs[pair].heard += count;
            write_messages(l, pair, &pairs[pair], count);
        }
    }
    for (unsigned i = 0; i < l->at_once; i++)
        if (pairs[i].heard != l->count / l->at_once)
            die("pair %u heard %u messages of %u", i, pairs[i].heard, l->count / l->at_once);
}

static void measure_messages(struct load *l)
{
    struct pair *pairs = calloc(l->at_once, sizeof(*pairs));
    if (!pairs)
        die("out of memory");
    unsigned count = l->count;
    run_logins(l, (struct logins){.count = 2 * l->at_once, .at_once = PREPARING, .stay = true});
    l->count = count / 10; /* warm */
    run_messages(l, pairs);
    memset(pairs, 0, l->at_once * sizeof(*pairs));
    l->count = count;
    struct sample start = sample(l);
    run_messages(l, pairs);
    report(l, start, sample(l));
    free(pairs);
}

/* --- idle sessions --- */

static double private_kib(pid_t pid)
{
    char path[64], line[256];
    double total = 0;
    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    FILE *f = fopen(path, "r");
    if (!f)
        die("%s: %s (a server that cannot be traced shows its memory to root only)", path,
            strerror(errno));
    while (fgets(line, sizeof(line), f)) {
        unsigned long kib;
        if (sscanf(line, "Private_Clean: %lu kB", &kib) == 1 ||
            sscanf(line, "Private_Dirty: %lu kB", &kib) == 1)
            total += (double)kib;
    }
    fclose(f);
    return total;
}

/* Two things bring the server to its working size and are not counted: a sign-in of each account,
 * that leaves behind what is kept of sign-ins and of accounts (records, pages of the database), and
 * a tenth of the sessions. */
static void measure_idle(struct load *l)
{
    unsigned first = l->count / 10;
    run_logins(l, (struct logins){.count = l->users, .at_once = PREPARING});
    run_logins(l, (struct logins){.count = first, .at_once = PREPARING, .stay = true});
    sleep_ms(IDLE_SETTLE_MS);
    double before = private_kib(l->pid);
    run_logins(l, (struct logins){first, l->count, PREPARING, .stay = true});
    sleep_ms(IDLE_SETTLE_MS);
    double after = private_kib(l->pid);
    struct sample start = sample(l);
    sleep_ms(1000);
    printf("{\"mode\":\"idle\",\"sessions\":%u,\"private_kib\":%.3f,\"cpu_us\":%.1f}\n", l->count,
           (after - before) / l->count, (sample(l).server_s - start.server_s) * 1e6);
}

/* --- arguments --- */

static unsigned number(const char *name, const char *value)
{
    char *end;
    unsigned long n = strtoul(value, &end, 10);
    if (*end || n == 0 || n > 10000000)
        die("%s wants a number, not %s", name, value);
    return (unsigned)n;
}

static void set_mechanism(struct load *l, const char *name)
{
    l->config.mechanism = name;
    l->config.hash = strcmp(name, "SCRAM-SHA-1") == 0 ? HASH_SHA1 : HASH_SHA256;
}

static void set_tls(struct load *l, const char *how)
{
    l->config.tls = strcmp(how, "none") == 0     ? CLIENT_TLS_NONE
                    : strcmp(how, "direct") == 0 ? CLIENT_TLS_DIRECT
                                                 : CLIENT_TLS_START;
}

static void set_option(struct load *l, const char *name, const char *value)
{
    if (strcmp(name, "--port") == 0)
        l->config.port = (uint16_t)number(name, value);
    else if (strcmp(name, "--pid") == 0)
        l->pid = (pid_t)number(name, value);
    else if (strcmp(name, "--tls") == 0)
        set_tls(l, value);
    else if (strcmp(name, "--mech") == 0)
        set_mechanism(l, value);
    else if (strcmp(name, "--domain") == 0)
        l->config.domain = value;
    else if (strcmp(name, "--password") == 0)
        l->config.password = value;
    else if (strcmp(name, "--users") == 0)
        l->users = number(name, value);
    else if (strcmp(name, "--count") == 0)
        l->count = number(name, value);
    else if (strcmp(name, "--at-once") == 0)
        l->at_once = number(name, value);
    else if (strcmp(name, "--window") == 0)
        l->window = number(name, value);
    else
        die("there is no option %s", name);
}

static void prepare(struct load *l)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    size_t clients = 2 * (size_t)l->count + 2 * l->at_once;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->config.tls_context = wire_tls_context(false, NULL, NULL);
    l->accounts = calloc(l->users, sizeof(*l->accounts));
    l->clients = calloc(clients, sizeof(*l->clients));
    if (!l->accounts || !l->clients)
        die("out of memory");
    for (unsigned i = 0; i < l->users; i++)
        snprintf(l->accounts[i].name, sizeof(l->accounts[i].name), "u%u", i);
}

static const struct mode {
    const char *name;
    void (*measure)(struct load *l);
} modes[] = {{"handshake", measure_logins},
             {"login", measure_logins},
             {"message", measure_messages},
             {"idle", measure_idle}};

int main(int argc, char **argv)
{
    struct load load = {.users = 50, .count = 1000, .at_once = 16, .window = 1};
    load.config.domain = "localhost";
    load.config.password = "secret";
    load.config.tls = CLIENT_TLS_START;
    set_mechanism(&load, "SCRAM-SHA-256");
    if (argc < 2)
        die("usage: load handshake|login|message|idle [OPTION VALUE]...");
    load.mode = argv[1];
    for (int i = 2; i + 1 < argc; i += 2)
        set_option(&load, argv[i], argv[i + 1]);
    load.config.handshake_only = strcmp(load.mode, "handshake") == 0;
    prepare(&load);
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        if (strcmp(modes[i].name, load.mode) == 0) {
            modes[i].measure(&load);
            return 0;
        }
    }
    die("there is no mode %s", load.mode);
}
