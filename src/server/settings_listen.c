#include "server/settings_listen.h"

#include <arpa/inet.h>
#include <stdio.h>

struct list {
    const char *name;
    size_t offset; /* in struct settings */
    bool console;  /* of the console; else of clients */
};

static const struct list lists[] = {
    {"c2s.listen", offsetof(struct settings, c2s_listen), false},
    {"c2s.listen_tls", offsetof(struct settings, c2s_listen_tls), false},
    {"console.listen", offsetof(struct settings, console_listen), true},
    {"console.listen_tls", offsetof(struct settings, console_listen_tls), true},
};

/* One address of a list. */
struct claim {
    const struct list *list;
    bool set;   /* from the console */
    bool every; /* "*", 0.0.0.0 or [::] */
    bool both;  /* "*": of both families */
    uint16_t port;
    struct in6_addr ip; /* IPv4 is mapped, so that each address has one form */
};

static struct in6_addr ip_of(const char *host)
{
    struct in6_addr ip = IN6ADDR_ANY_INIT;
    struct in_addr v4;
    if (inet_pton(AF_INET, host, &v4) == 1) {
        ip.s6_addr[10] = ip.s6_addr[11] = 0xff;
        memcpy(&ip.s6_addr[12], &v4, sizeof v4);
    } else {
        (void)inet_pton(AF_INET6, host, &ip); /* "*" stays [::] */
    }
    return ip;
}

static bool is_every(const struct in6_addr *ip)
{
    static const struct in6_addr every_v4 = {{{[10] = 0xff, [11] = 0xff}}};
    return IN6_IS_ADDR_UNSPECIFIED(ip) || IN6_ARE_ADDR_EQUAL(ip, &every_v4);
}

/* Appends the claims of a list at `ret`; their number. */
static size_t claims_of(const struct settings *s, const struct list *list, struct claim *ret)
{
    size_t index;
    const struct settings_listen *of =
        (const struct settings_listen *)(const void *)((const char *)s + list->offset);
    bool set = settings_row_find(list->name, &index) && s->origin[index].source == SETTINGS_CONSOLE;
    for (size_t i = 0; i < of->count; i++) {
        const struct settings_address *a = &of->items[i];
        struct in6_addr ip = ip_of(a->host);
        ret[i] = (struct claim){list, set, is_every(&ip), strcmp(a->host, "*") == 0, a->port, ip};
    }
    return of->count;
}

/* Every address is in the way of any other, though that be of the other family: "localhost" is of
 * both. */
static bool overlap(const struct claim *a, const struct claim *b)
{
    return a->port != 0 && a->port == b->port &&
           (a->every || b->every || IN6_ARE_ADDR_EQUAL(&a->ip, &b->ip));
}

/* What overlaps and yet can be listened on together: sockets are of one family but for "*". */
static bool can_be_had(const struct claim *a, const struct claim *b)
{
    return !a->both && !b->both && IN6_IS_ADDR_V4MAPPED(&a->ip) != IN6_IS_ADDR_V4MAPPED(&b->ip);
}

/* What a file, the environment or --set says alone is refused where no start could do it. Where it
 * is clients who get a port of the console, that waits until they leave it. */
static bool is_refused(const struct claim *a, const struct claim *b)
{
    bool set = a->set || b->set, displaces = a->list->console != b->list->console;
    return overlap(a, b) && (set || (!displaces && !can_be_had(a, b)));
}

static void explain(const struct claim *a, const struct claim *b, char *reason)
{
    if (a->list == b->list)
        snprintf(reason, SETTINGS_REASON_BYTES,
                 "%s overlaps itself at port %u: name each address once, or *:%u for all",
                 a->list->name, a->port, a->port);
    else
        snprintf(reason, SETTINGS_REASON_BYTES,
                 "%s and %s overlap at port %u: give one of them another port", a->list->name,
                 b->list->name, a->port);
}

bool settings_listen_overlaps(const struct settings *s, char reason[SETTINGS_REASON_BYTES])
{
    struct claim claims[ARRAY_LEN(lists) * SETTINGS_ITEMS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        count += claims_of(s, &lists[i], &claims[count]);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i + 1; k < count; k++) {
            if (is_refused(&claims[i], &claims[k])) {
                explain(&claims[i], &claims[k], reason);
                return true;
            }
        }
    }
    return false;
}
