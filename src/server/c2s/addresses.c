#include "server/c2s/addresses.h"

#include "server/memory.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

struct peer peer_of(const struct sockaddr *sa)
{
    struct peer p = {0};
    if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)sa;
        p = (struct peer){v6->sin6_addr, ntohs(v6->sin6_port)};
    } else if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)sa;
        p.ip.s6_addr[10] = p.ip.s6_addr[11] = 0xff;
        memcpy(p.ip.s6_addr + 12, &v4->sin_addr, 4);
        p.port = ntohs(v4->sin_port);
    }
    return p;
}

const char *peer_text(const struct peer *p, char out[PEER_TEXT_BYTES])
{
    char ip[INET6_ADDRSTRLEN] = "?";
    bool v4 = IN6_IS_ADDR_V4MAPPED(&p->ip);
    inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? p->ip.s6_addr + 12 : p->ip.s6_addr, ip, sizeof ip);
    snprintf(out, PEER_TEXT_BYTES, v4 ? "%s:%u" : "[%s]:%u", ip, p->port);
    return out;
}

static struct str key_of(const struct peer *p)
{
    return str_of(p->ip.s6_addr, IN6_IS_ADDR_V4MAPPED(&p->ip) ? 16 : 8);
}

void addresses_init(struct addresses *a, const uint8_t key[16])
{
    pthread_mutex_init(&a->lock, NULL);
    map_init(&a->counts, key);
}

void addresses_finish(struct addresses *a)
{
    size_t cursor = 0;
    const struct map_entry *e;
    while ((e = map_next(&a->counts, &cursor)))
        free(e->value);
    map_finish(&a->counts);
    pthread_mutex_destroy(&a->lock);
}

bool addresses_enter(struct addresses *a, const struct peer *p, int64_t max)
{
    pthread_mutex_lock(&a->lock);
    int64_t *count = map_get(&a->counts, key_of(p));
    if (!count) {
        count = MEMORY_NEW(int64_t);
        if (!map_set(&a->counts, key_of(p), count))
            memory_exhausted();
    }
    bool fits = *count < max;
    if (fits)
        ++*count;
    pthread_mutex_unlock(&a->lock);
    return fits;
}

void addresses_leave(struct addresses *a, const struct peer *p)
{
    pthread_mutex_lock(&a->lock);
    int64_t *count = map_get(&a->counts, key_of(p));
    if (count && --*count == 0)
        free(map_remove(&a->counts, key_of(p)));
    pthread_mutex_unlock(&a->lock);
}
