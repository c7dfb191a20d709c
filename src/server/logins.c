#include "server/logins.h"

#include <arpa/inet.h>
#include <stdio.h>

void logins_init(struct logins *l)
{
    *l = (struct logins){0};
    pthread_mutex_init(&l->lock, NULL);
    list_init(&l->records);
}

static struct login_record *record_of(struct list *node)
{
    return CONTAINER_OF(node, struct login_record, link);
}

static bool is_silent(const struct login_record *r)
{
    return r->failure && r->step_count == 1;
}

static void forget(struct logins *l, struct login_record *r)
{
    list_remove(&r->link);
    l->count--;
    l->bytes -= login_record_bytes(r);
    l->silent_count -= is_silent(r);
    login_record_unref(r);
}

static void forget_oldest_silent(struct logins *l)
{
    struct list *node = l->records.next;
    while (!is_silent(record_of(node)))
        node = node->next;
    forget(l, record_of(node));
}

void logins_finish(struct logins *l)
{
    while (l->count > 0)
        forget(l, record_of(l->records.next));
    pthread_mutex_destroy(&l->lock);
}

void logins_listen(struct logins *l, void (*added)(void *ctx), void *ctx)
{
    l->added = added;
    l->ctx = ctx;
}

void logins_add(struct logins *l, struct login_record *r, size_t keep)
{
    pthread_mutex_lock(&l->lock);
    r->id = ++l->last_id;
    list_push(&l->records, &r->link);
    l->count++;
    l->bytes += login_record_bytes(r);
    l->silent_count += is_silent(r);
    if (l->silent_count > keep / 4 + 1)
        forget_oldest_silent(l);
    while (l->count > keep || l->bytes > LOGINS_MAX_BYTES)
        forget(l, record_of(l->records.next));
    pthread_mutex_unlock(&l->lock);
    if (l->followed)
        l->added(l->ctx);
}

/* ---- what is asked for ---- */

/* One of the many ways to write an IPv6 address, as it is printed; false when it is none. */
static bool print_canonical(const char *typed, char out[PEER_TEXT_BYTES])
{
    struct in6_addr ip;
    if (inet_pton(AF_INET6, typed, &ip) != 1)
        return false;
    bool v4 = IN6_IS_ADDR_V4MAPPED(&ip);
    return inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ip.s6_addr + 12 : ip.s6_addr, out,
                     PEER_TEXT_BYTES) != NULL;
}

/* Kept without the bracket that IPv6 addresses are printed in; the one behind, which says that the
 * address ends there, stays. */
void logins_query_address(struct logins_query *q, const char *typed)
{
    char text[PEER_TEXT_BYTES], canonical[PEER_TEXT_BYTES];
    snprintf(text, sizeof text, "%s", typed + (typed[0] == '['));
    size_t len = strlen(text);
    bool ends = len > 0 && text[len - 1] == ']';
    if (ends)
        text[len - 1] = '\0';
    bool is_whole = print_canonical(text, canonical);
    snprintf(q->address, sizeof q->address, "%.*s%s", PEER_TEXT_BYTES - 2,
             is_whole ? canonical : text, ends ? "]" : "");
    for (char *c = q->address; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
}

static bool comes_from(const struct login_record *r, const char *address)
{
    char text[PEER_TEXT_BYTES];
    const char *ip = peer_text(&r->peer, text);
    return strncmp(ip + (ip[0] == '['), address, strlen(address)) == 0;
}

bool logins_matches(const struct logins_query *q, const struct login_record *r)
{
    return r->id > q->after_id && (!q->failed || r->failure) && (!q->id || q->id == r->id) &&
           (!q->user || cstr_eq(q->user, r->user)) && (!q->address[0] || comes_from(r, q->address));
}

/* ---- looking ---- */

static void turn_round(struct login_record **records, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct login_record *first = records[i];
        records[i] = records[count - 1 - i];
        records[count - 1 - i] = first;
    }
}

/* From the oldest on, or from the newest back. */
static size_t find(struct logins *l, const struct logins_query *q, struct login_record **ret,
                   bool *ret_more)
{
    size_t count = 0;
    struct list *node = &l->records;
    while ((node = q->oldest ? node->next : node->prev) != &l->records) {
        struct login_record *r = record_of(node);
        if (!logins_matches(q, r))
            continue;
        *ret_more = count == q->limit;
        if (*ret_more)
            break;
        ret[count++] = login_record_ref(r);
    }
    return count;
}

size_t logins_find(struct logins *l, const struct logins_query *q, struct login_record **ret,
                   bool *ret_more)
{
    *ret_more = false;
    pthread_mutex_lock(&l->lock);
    size_t count = find(l, q, ret, ret_more);
    pthread_mutex_unlock(&l->lock);
    if (!q->oldest)
        turn_round(ret, count);
    return count;
}

uint64_t logins_last_id(struct logins *l)
{
    pthread_mutex_lock(&l->lock);
    uint64_t id = l->last_id;
    pthread_mutex_unlock(&l->lock);
    return id;
}
