#include "net/dns.h"

#include "base/list.h"
#include "net/chan.h"
#include "net/loop.h"

#include <ares.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { DNS_CLASS_IN = 1, DNS_TYPE_SRV = 33 };

/* A channel of c-ares, and what drives it. */
struct dns_channel {
    uv_loop_t *loop;
    ares_channel ares; /* NULL: not open */
    struct list sockets;
    struct loop_timer *timeout; /* when c-ares wants to be called again */
};

/* One of its sockets. */
struct dns_socket {
    struct list node;
    struct dns_channel *channel;
    int fd;
    struct loop_poll *poll;
};

struct dns {
    uv_loop_t *loop;
    struct dns_settings settings;
    char *servers; /* what settings.servers points to */
    struct dns_channel usual;
    /* c-ares asks the next server after a failure, and in the end says only that nobody answered.
     * So one more question goes out here, where the first answer counts, to learn why. */
    struct dns_channel diagnosis;
    struct list answered; /* queries whose answer is delivered on the next turn */
    struct loop_timer *deliver;
    struct list asked; /* queries that c-ares holds */
    bool *ret_freed;   /* set while delivering, to notice dns_free */
};

struct dns_query {
    struct list node;
    struct dns *dns;
    bool cancelled, answered, diagnosing;
    bool direct_tls;
    int family;
    void *ctx;
    /* One of the two. */
    void (*done_srv)(void *ctx, const struct dns_srv_answer *answer);
    void (*done_addresses)(void *ctx, const struct dns_address_answer *answer);
    enum dns_status status;
    enum srv_answer answer;
    size_t count;
    struct srv_record *records;
    struct dns_address addresses[DNS_MAX_ADDRESSES];
    char name[];
};

const char *dns_status_text(enum dns_status status)
{
    static const char *const texts[] = {
        [DNS_OK] = "found",
        [DNS_NXDOMAIN] = "there is no such name",
        [DNS_NODATA] = "the name has no such record",
        [DNS_TIMEOUT] = "the name server did not answer",
        [DNS_SERVFAIL] = "the name server could not find out",
        [DNS_REFUSED] = "the name server refused to answer",
        [DNS_UNREACHABLE] = "no name server can be reached",
        [DNS_BAD_NAME] = "this cannot be a name",
        [DNS_BAD_ANSWER] = "the name server's answer makes no sense",
        [DNS_NO_MEMORY] = "out of memory",
    };
    return (size_t)status < ARRAY_LEN(texts) ? texts[status] : "";
}

bool dns_status_is_none(enum dns_status status)
{
    return status == DNS_NXDOMAIN || status == DNS_NODATA || status == DNS_BAD_NAME;
}

static enum dns_status status_from_ares(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return DNS_OK;
    case ARES_ENOTFOUND:
        return DNS_NXDOMAIN;
    case ARES_ENODATA:
        return DNS_NODATA;
    case ARES_ETIMEOUT:
        return DNS_TIMEOUT;
    case ARES_ESERVFAIL:
        return DNS_SERVFAIL;
    case ARES_EREFUSED:
    case ARES_ENOTIMP:
        return DNS_REFUSED;
    case ARES_ECONNREFUSED:
        return DNS_UNREACHABLE;
    case ARES_EBADNAME:
    case ARES_EBADSTR:
        return DNS_BAD_NAME;
    case ARES_ENOMEM:
        return DNS_NO_MEMORY;
    default:
        return DNS_BAD_ANSWER;
    }
}

/* ---- c-ares on the loop ---- */

static void channel_set_timeout(struct dns_channel *c)
{
    struct timeval tv;
    if (ares_timeout(c->ares, NULL, &tv))
        loop_timer_set(c->timeout,
                       (uint64_t)tv.tv_sec * 1000 + (uint64_t)(tv.tv_usec + 999) / 1000);
    else
        loop_timer_stop(c->timeout);
}

static void channel_timed_out(void *ctx)
{
    struct dns_channel *c = ctx;
    ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    channel_set_timeout(c);
}

static void socket_ready(void *ctx, unsigned events)
{
    const struct dns_socket *s = ctx;
    struct dns_channel *c = s->channel;
    int fd = s->fd; /* processing may free `s` */
    ares_process_fd(c->ares, events & CHAN_WANTS_READ ? fd : ARES_SOCKET_BAD,
                    events & CHAN_WANTS_WRITE ? fd : ARES_SOCKET_BAD);
    channel_set_timeout(c);
}

static void socket_free(struct dns_socket *s)
{
    list_remove(&s->node);
    loop_poll_free(s->poll);
    free(s);
}

static struct dns_socket *socket_find(struct dns_channel *c, int fd)
{
    LIST_EACH(&c->sockets, node)
    {
        struct dns_socket *s = CONTAINER_OF(node, struct dns_socket, node);
        if (s->fd == fd)
            return s;
    }
    return NULL;
}

/* Without memory for a socket its queries time out. */
static struct dns_socket *socket_new(struct dns_channel *c, int fd)
{
    struct dns_socket *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->channel = c;
    s->fd = fd;
    s->poll = loop_poll_new(c->loop, fd, socket_ready, s);
    if (!s->poll) {
        free(s);
        return NULL;
    }
    list_push(&c->sockets, &s->node);
    return s;
}

/* c-ares says what it waits for on a socket; nothing, before it closes it. */
static void socket_changed(void *ctx, ares_socket_t fd, int readable, int writable)
{
    struct dns_channel *c = ctx;
    struct dns_socket *s = socket_find(c, fd);
    if (!readable && !writable) {
        if (s)
            socket_free(s);
        return;
    }
    if (!s)
        s = socket_new(c, fd);
    if (s)
        loop_poll_set(s->poll,
                      (readable ? CHAN_WANTS_READ : 0) | (writable ? CHAN_WANTS_WRITE : 0));
}

static bool channel_open(struct dns_channel *c, const struct dns *d, int flags)
{
    const struct dns_settings *s = &d->settings;
    struct ares_options o = {
        .flags = ARES_FLAG_NOSEARCH | flags,
        .timeout = s->timeout_ms ? (int)s->timeout_ms : 3000,
        .tries = s->tries ? (int)s->tries : 2,
        .lookups = (char[]){"fb"}, /* /etc/hosts, then the name servers */
        .sock_state_cb = socket_changed,
        .sock_state_cb_data = c,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
               ARES_OPT_SOCK_STATE_CB;
    c->loop = d->loop;
    list_init(&c->sockets);
    c->timeout = loop_timer_new(d->loop, channel_timed_out, c);
    if (!c->timeout || ares_init_options(&c->ares, &o, mask) != ARES_SUCCESS) {
        c->ares = NULL;
        return false;
    }
    return !s->servers || ares_set_servers_ports_csv(c->ares, s->servers) == ARES_SUCCESS;
}

/* Answers every query of the channel, and closes its sockets. */
static void channel_close(struct dns_channel *c)
{
    if (c->ares)
        ares_destroy(c->ares);
    loop_timer_free(c->timeout);
    c->ares = NULL;
    c->timeout = NULL;
}

/* ---- queries ---- */

static struct dns_query *query_new(struct dns *d, const char *name, void *ctx)
{
    size_t size = strlen(name) + 1;
    struct dns_query *q = calloc(1, sizeof(*q) + size);
    if (!q)
        return NULL;
    memcpy(q->name, name, size);
    q->dns = d;
    q->ctx = ctx;
    list_push(&d->asked, &q->node);
    return q;
}

static void query_free(struct dns_query *q)
{
    list_remove(&q->node);
    free(q->records);
    free(q);
}

static void query_ask(struct dns_query *q, struct dns_channel *c);

/* Whether the query goes out once more, since nobody answered it. */
static bool query_diagnose(struct dns_query *q, enum dns_status status)
{
    struct dns *d = q->dns;
    if (status != DNS_UNREACHABLE || q->diagnosing)
        return false;
    q->diagnosing = true;
    if (!d->diagnosis.ares && !channel_open(&d->diagnosis, d, ARES_FLAG_NOCHECKRESP)) {
        channel_close(&d->diagnosis);
        return false;
    }
    query_ask(q, &d->diagnosis);
    return true;
}

/* c-ares is through with the query. Its owner hears of it on the next turn of the loop, when no
 * function of c-ares is on the stack: it may do as it likes then. */
static void query_answered(struct dns_query *q, enum dns_status status)
{
    if (q->cancelled) {
        query_free(q);
        return;
    }
    if (query_diagnose(q, status))
        return;
    q->status = status;
    q->answered = true;
    list_remove(&q->node);
    list_push(&q->dns->answered, &q->node);
    loop_timer_set(q->dns->deliver, 0);
}

static void query_deliver(struct dns_query *q)
{
    list_remove(&q->node);
    if (q->done_srv) {
        const struct dns_srv_answer answer = {q->status, q->answer, q->records, q->count};
        q->done_srv(q->ctx, &answer);
    } else {
        const struct dns_address_answer answer = {q->status, q->addresses, q->count};
        q->done_addresses(q->ctx, &answer);
    }
    query_free(q);
}

static void dns_deliver(void *ctx)
{
    struct dns *d = ctx;
    bool freed = false;
    d->ret_freed = &freed;
    while (!list_empty(&d->answered)) {
        query_deliver(CONTAINER_OF(d->answered.next, struct dns_query, node));
        if (freed)
            return;
    }
    d->ret_freed = NULL;
}

void dns_cancel(struct dns_query *q)
{
    if (!q)
        return;
    if (q->answered)
        query_free(q);
    else
        q->cancelled = true; /* c-ares cannot let go of a single query */
}

/* A target must be a host name; c-ares gives "" for the root, and escapes odd bytes. */
static bool is_target(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t len = strlen(name);
    return len > 0 && len < SRV_TARGET_BYTES && strspn(name, allowed) == len;
}

static enum dns_status query_read_srv(struct dns_query *q, const struct ares_srv_reply *list)
{
    size_t total = 0;
    for (const struct ares_srv_reply *r = list; r; r = r->next)
        total++;
    bool is_root = list->host[0] == 0 || strcmp(list->host, ".") == 0;
    if (total == 1 && is_root) {
        q->answer = SRV_NOT_OFFERED; /* RFC 2782: "decidedly not available at this domain" */
        return DNS_OK;
    }
    q->records = calloc(total < SRV_MAX_RECORDS ? total : SRV_MAX_RECORDS, sizeof(q->records[0]));
    if (!q->records)
        return DNS_NO_MEMORY;
    for (const struct ares_srv_reply *r = list; r && q->count < SRV_MAX_RECORDS; r = r->next) {
        if (!is_target(r->host))
            continue;
        struct srv_record *record = &q->records[q->count++];
        *record = (struct srv_record){r->priority, r->weight, r->port, q->direct_tls, ""};
        strcpy(record->target, r->host);
    }
    q->answer = q->count > 0 ? SRV_RECORDS : SRV_NO_ANSWER;
    return q->count > 0 ? DNS_OK : DNS_BAD_ANSWER;
}

static void srv_answered(void *ctx, int ares_status, int timeouts, unsigned char *answer, int len)
{
    struct dns_query *q = ctx;
    struct ares_srv_reply *list = NULL;
    (void)timeouts;
    if (ares_status == ARES_SUCCESS)
        ares_status = ares_parse_srv_reply(answer, len, &list);
    enum dns_status status = status_from_ares(ares_status);
    if (status == DNS_OK)
        status = list ? query_read_srv(q, list) : DNS_NODATA;
    if (list)
        ares_free_data(list);
    query_answered(q, status);
}

static void query_read_address(struct dns_query *q, const struct ares_addrinfo_node *node)
{
    struct dns_address *a = &q->addresses[q->count];
    if (node->ai_family == AF_INET)
        memcpy(&a->ip.v4, &((const struct sockaddr_in *)(const void *)node->ai_addr)->sin_addr, 4);
    else if (node->ai_family == AF_INET6)
        memcpy(&a->ip.v6, &((const struct sockaddr_in6 *)(const void *)node->ai_addr)->sin6_addr,
               16);
    else
        return;
    a->family = node->ai_family;
    q->count++;
}

static void addresses_answered(void *ctx, int ares_status, int timeouts, struct ares_addrinfo *info)
{
    struct dns_query *q = ctx;
    (void)timeouts;
    enum dns_status status = status_from_ares(ares_status);
    if (status == DNS_OK)
        for (const struct ares_addrinfo_node *n = info->nodes; n && q->count < DNS_MAX_ADDRESSES;
             n = n->ai_next)
            query_read_address(q, n);
    if (status == DNS_OK && q->count == 0)
        status = DNS_NODATA;
    ares_freeaddrinfo(info);
    query_answered(q, status);
}

static void query_ask(struct dns_query *q, struct dns_channel *c)
{
    const struct ares_addrinfo_hints hints = {
        .ai_flags = ARES_AI_NOSORT, .ai_family = q->family, .ai_socktype = SOCK_STREAM};
    if (q->done_srv)
        ares_query(c->ares, q->name, DNS_CLASS_IN, DNS_TYPE_SRV, srv_answered, q);
    else
        ares_getaddrinfo(c->ares, q->name, NULL, &hints, addresses_answered, q);
    channel_set_timeout(c);
}

/* Such names mean this machine and are never asked for (RFC 6761 §6.3). */
static bool is_localhost(const char *name)
{
    static const char local[] = "localhost";
    size_t len = strlen(name), local_len = sizeof local - 1;
    if (len > 0 && name[len - 1] == '.')
        len--;
    if (len < local_len || strncasecmp(name + len - local_len, local, local_len) != 0)
        return false;
    return len == local_len || name[len - local_len - 1] == '.';
}

static void answer_localhost(struct dns_query *q)
{
    static const struct dns_address loopback[] = {
        {.family = AF_INET6, .ip.v6 = IN6ADDR_LOOPBACK_INIT},
        {.family = AF_INET, .ip.v4 = {0}},
    };
    for (size_t i = 0; q->done_addresses && i < ARRAY_LEN(loopback); i++) {
        if (q->family != AF_UNSPEC && q->family != loopback[i].family)
            continue;
        struct dns_address *a = &q->addresses[q->count++];
        *a = loopback[i];
        if (a->family == AF_INET)
            a->ip.v4.s_addr = htonl(INADDR_LOOPBACK);
    }
    query_answered(q, q->count > 0 ? DNS_OK : DNS_NXDOMAIN);
}

static void query_begin(struct dns_query *q)
{
    if (is_localhost(q->name))
        answer_localhost(q);
    else
        query_ask(q, &q->dns->usual);
}

struct dns_query *dns_query_srv(struct dns *d, const char *name, bool direct_tls,
                                void (*done)(void *ctx, const struct dns_srv_answer *answer),
                                void *ctx)
{
    struct dns_query *q = query_new(d, name, ctx);
    if (!q)
        return NULL;
    q->done_srv = done;
    q->direct_tls = direct_tls;
    query_begin(q);
    return q;
}

struct dns_query *
dns_query_addresses(struct dns *d, const char *host, int family,
                    void (*done)(void *ctx, const struct dns_address_answer *answer), void *ctx)
{
    struct dns_query *q = query_new(d, host, ctx);
    if (!q)
        return NULL;
    q->done_addresses = done;
    q->family = family;
    query_begin(q);
    return q;
}

/* ---- the object ---- */

struct dns *dns_new(uv_loop_t *loop, const struct dns_settings *s)
{
    struct dns *d = calloc(1, sizeof(*d));
    if (!d)
        return NULL;
    d->loop = loop;
    list_init(&d->asked);
    list_init(&d->answered);
    if (s)
        d->settings = *s;
    if (s && s->servers)
        d->settings.servers = d->servers = strdup(s->servers);
    bool copied = !s || !s->servers || d->servers;
    d->deliver = loop_timer_new(loop, dns_deliver, d);
    if (copied && d->deliver && channel_open(&d->usual, d, 0))
        return d;
    dns_free(d);
    return NULL;
}

void dns_free(struct dns *d)
{
    if (!d)
        return;
    if (d->ret_freed)
        *d->ret_freed = true;
    LIST_EACH(&d->asked, node)
    CONTAINER_OF(node, struct dns_query, node)->cancelled = true;
    channel_close(&d->usual);
    channel_close(&d->diagnosis);
    while (!list_empty(&d->answered))
        query_free(CONTAINER_OF(d->answered.next, struct dns_query, node));
    loop_timer_free(d->deliver);
    free(d->servers);
    free(d);
}
