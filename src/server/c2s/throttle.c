#include "server/c2s/throttle.h"

#include "base/error.h"
#include "core/jid.h"
#include "server/c2s/network.h"
#include "server/memory.h"

#include <stdlib.h>

enum {
    WAYS = 4, /* places that an entry may be in */
    SETS = 1024,
    PLACES = SETS * WAYS,
    ONE = 1024, /* a failure, in the unit of debts */
    /* What can be owed at most: at the longest delay, and free again soon after the guessing. */
    ADDRESS_DEBT_MAX = (THROTTLE_ADDRESS_FREE + 4) * ONE,
    ACCOUNT_DEBT_MAX = (THROTTLE_ACCOUNT_FREE + 3) * ONE
};

struct slot {
    uint64_t tag;   /* the hash of whose it is; 0 for nobody's */
    uint64_t at_ms; /* when `debt` was owed */
    uint32_t debt;
    uint32_t open; /* attempts that have not ended; of an address or a place, those that are held */
};

struct table {
    struct slot slots[PLACES]; /* set after set */
};

/* Who the slots of a table stand for, at the same places. */
struct names {
    struct in6_addr address[PLACES]; /* of IPv6, the /64 */
    char user[PLACES][THROTTLE_WHO_BYTES];
};

struct throttle {
    pthread_mutex_t lock;
    uint8_t key[16];
    struct table addresses, accounts;
    struct names names;
    struct table pairs; /* what an address owes because of one account */
    struct table known; /* pairs that signed in: here a debt only means that there was one */
    struct table held;  /* what waits at a door: of an address, and of a pair */
};

struct throttle *throttle_new(const uint8_t key[16])
{
    struct throttle *t = MEMORY_NEW(struct throttle);
    pthread_mutex_init(&t->lock, NULL);
    memcpy(t->key, key, sizeof t->key);
    return t;
}

void throttle_free(struct throttle *t)
{
    if (!t)
        return;
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* ---- debts ---- */

/* What is left of it now: halved for each half-life, and in a straight line in between. */
static uint32_t debt_of(const struct slot *s, uint64_t now_ms)
{
    uint64_t age_ms = now_ms > s->at_ms ? now_ms - s->at_ms : 0;
    uint64_t halves = age_ms / THROTTLE_HALF_LIFE_MS;
    if (halves >= 32)
        return 0;
    uint64_t debt = s->debt >> halves;
    return (uint32_t)(debt - debt * (age_ms % THROTTLE_HALF_LIFE_MS) / (2 * THROTTLE_HALF_LIFE_MS));
}

static void owe(struct slot *s, uint64_t now_ms, uint32_t debt)
{
    s->debt = debt;
    s->at_ms = now_ms;
}

/* One failure more; returns by how much the debt grew. */
static uint32_t owe_more(struct slot *s, uint64_t now_ms, uint32_t max)
{
    uint32_t before = debt_of(s, now_ms);
    uint32_t after = before + ONE < max ? before + ONE : max;
    owe(s, now_ms, after);
    return after > before ? after - before : 0;
}

static void owe_less(struct slot *s, uint64_t now_ms, uint32_t less)
{
    if (!s)
        return;
    uint32_t debt = debt_of(s, now_ms);
    owe(s, now_ms, debt > less ? debt - less : 0);
}

static uint32_t failures_of(const struct slot *s, uint64_t now_ms)
{
    return s ? (debt_of(s, now_ms) + ONE / 2) / ONE : 0;
}

static uint32_t delay_ms(uint32_t failures, uint32_t free_tries, uint32_t max_ms)
{
    if (failures < free_tries)
        return 0;
    uint32_t over = failures - free_tries;
    return over < 8 && 1000u << over < max_ms ? 1000u << over : max_ms;
}

/* ---- the tables ---- */

static struct slot *find(struct table *table, uint64_t tag)
{
    struct slot *set = &table->slots[tag % SETS * WAYS];
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].tag == tag)
            return &set[i];
    return NULL;
}

static uint64_t weight_of(const struct slot *s, uint64_t now_ms)
{
    return debt_of(s, now_ms) + (uint64_t)s->open * ONE;
}

/* Whether `a` is the one to be forgotten rather than `b`. */
static bool matters_less(const struct slot *a, const struct slot *b, uint64_t now_ms)
{
    uint64_t debt_a = weight_of(a, now_ms), debt_b = weight_of(b, now_ms);
    return debt_a != debt_b ? debt_a < debt_b : a->at_ms < b->at_ms;
}

static struct slot *find_or_make(struct table *table, uint64_t tag, uint64_t now_ms)
{
    struct slot *found = find(table, tag);
    if (found)
        return found;
    struct slot *set = &table->slots[tag % SETS * WAYS], *least = &set[0];
    for (size_t i = 1; i < WAYS; i++)
        if (matters_less(&set[i], least, now_ms))
            least = &set[i];
    *least = (struct slot){.tag = tag, .at_ms = now_ms};
    return least;
}

/* ---- whose they are ---- */

struct tags {
    uint64_t address, account, pair; /* 0 where there is no account */
    uint64_t held_address, held_pair;
};

static uint64_t tag_of(const struct throttle *t, const char *address, size_t address_len,
                       struct str user)
{
    char text[1 + sizeof(struct in6_addr) + JID_PART_MAX_BYTES];
    size_t user_len = user.len < JID_PART_MAX_BYTES ? user.len : JID_PART_MAX_BYTES;
    text[0] = (char)address_len; /* so that no address is taken for a name */
    memcpy(text + 1, address, address_len);
    memcpy(text + 1 + address_len, user.ptr, user_len);
    uint64_t hash = map_hash(t->key, str_of(text, 1 + address_len + user_len));
    return hash ? hash : 1;
}

/* Whose of `tag`, and through which door. */
static uint64_t held_tag(const struct throttle *t, uint64_t tag, enum throttle_door door)
{
    char text[sizeof tag + 1];
    memcpy(text, &tag, sizeof tag);
    text[sizeof tag] = (char)door;
    uint64_t hash = map_hash(t->key, str_of(text, sizeof text));
    return hash ? hash : 1;
}

/* Counts for all of an IPv6 subscriber. */
static struct network network_of(const struct peer *peer)
{
    unsigned bits = IN6_IS_ADDR_V4MAPPED(&peer->ip) ? 128 : 64;
    return (struct network){network_mask(&peer->ip, bits), (uint8_t)bits};
}

static struct tags tags_of(const struct throttle *t, const struct throttle_who *who)
{
    const char *ip = (const char *)who->peer->ip.s6_addr;
    size_t len = IN6_IS_ADDR_V4MAPPED(&who->peer->ip) ? 16 : 8;
    struct tags tags = {.address = tag_of(t, ip, len, STR_LIT(""))};
    tags.held_address = held_tag(t, tags.address, who->door);
    if (who->user.len > 0) {
        tags.account = tag_of(t, "", 0, who->user);
        tags.pair = tag_of(t, ip, len, who->user);
        tags.held_pair = held_tag(t, tags.pair, who->door);
    }
    return tags;
}

/* The slot, which now says whose it is. */
static struct slot *address_slot(struct throttle *t, uint64_t now_ms, const struct tags *tags,
                                 const struct throttle_who *who)
{
    struct slot *s = find_or_make(&t->addresses, tags->address, now_ms);
    t->names.address[s - t->addresses.slots] = network_of(who->peer).base;
    return s;
}

static struct slot *account_slot(struct throttle *t, uint64_t now_ms, const struct tags *tags,
                                 const struct throttle_who *who)
{
    struct slot *s = find_or_make(&t->accounts, tags->account, now_ms);
    error_copy_text(t->names.user[s - t->accounts.slots], THROTTLE_WHO_BYTES, who->user);
    return s;
}

/* ---- attempts ---- */

static uint32_t open_of(const struct slot *s)
{
    return s ? s->open : 0;
}

static void close_one(struct slot *s)
{
    if (s && s->open > 0) /* it may have been forgotten meanwhile */
        s->open--;
}

static void open_one(struct throttle *t, uint64_t now_ms, const struct tags *tags,
                     const struct throttle_who *who)
{
    if (!tags->account)
        return;
    account_slot(t, now_ms, tags, who)->open++;
    find_or_make(&t->pairs, tags->pair, now_ms)->open++;
}

static uint32_t held_ms(struct throttle *t, uint64_t now_ms, const struct tags *tags)
{
    uint32_t failures = failures_of(find(&t->addresses, tags->address), now_ms);
    uint32_t address_ms, account_ms = 0;
    if (tags->account)
        failures += open_of(find(&t->pairs, tags->pair));
    address_ms = delay_ms(failures, THROTTLE_ADDRESS_FREE, THROTTLE_ADDRESS_MAX_MS);
    if (tags->account && !find(&t->known, tags->pair)) {
        const struct slot *account = find(&t->accounts, tags->account);
        account_ms = delay_ms(failures_of(account, now_ms) + open_of(account),
                              THROTTLE_ACCOUNT_FREE, THROTTLE_ACCOUNT_MAX_MS);
    }
    return address_ms > account_ms ? address_ms : account_ms;
}

/* ---- places to wait at ---- */

static bool has_room(struct throttle *t, uint64_t tag)
{
    return open_of(find(&t->held, tag)) < THROTTLE_WAITING_MAX;
}

/* Whoever has signed in from there finds a place when others of the address took all of them. */
static bool may_wait(struct throttle *t, const struct tags *tags)
{
    bool known = tags->account && find(&t->known, tags->pair);
    return has_room(t, tags->held_address) || (known && has_room(t, tags->held_pair));
}

static void take_place(struct throttle *t, uint64_t now_ms, const struct tags *tags,
                       const struct throttle_who *who)
{
    address_slot(t, now_ms, tags, who)->open++;
    find_or_make(&t->held, tags->held_address, now_ms)->open++;
    if (tags->account)
        find_or_make(&t->held, tags->held_pair, now_ms)->open++;
}

static void leave_place(struct throttle *t, const struct tags *tags)
{
    close_one(find(&t->addresses, tags->address));
    close_one(find(&t->held, tags->held_address));
    if (tags->account)
        close_one(find(&t->held, tags->held_pair));
}

/* ---- what happens ---- */

bool throttle_enter(struct throttle *t, uint64_t now_ms, const struct throttle_who *who,
                    uint32_t *ret_held_ms)
{
    struct tags tags = tags_of(t, who);
    bool fits = true;
    pthread_mutex_lock(&t->lock);
    *ret_held_ms = held_ms(t, now_ms, &tags);
    if (*ret_held_ms > 0) {
        fits = may_wait(t, &tags);
        if (fits)
            take_place(t, now_ms, &tags, who);
    }
    if (fits)
        open_one(t, now_ms, &tags, who);
    pthread_mutex_unlock(&t->lock);
    return fits;
}

void throttle_go_on(struct throttle *t, const struct throttle_who *who)
{
    struct tags tags = tags_of(t, who);
    pthread_mutex_lock(&t->lock);
    leave_place(t, &tags);
    pthread_mutex_unlock(&t->lock);
}

void throttle_left(struct throttle *t, const struct throttle_who *who)
{
    struct tags tags = tags_of(t, who);
    pthread_mutex_lock(&t->lock);
    if (tags.account) {
        close_one(find(&t->accounts, tags.account));
        close_one(find(&t->pairs, tags.pair));
    }
    pthread_mutex_unlock(&t->lock);
}

void throttle_failed(struct throttle *t, uint64_t now_ms, const struct throttle_who *who)
{
    struct tags tags = tags_of(t, who);
    pthread_mutex_lock(&t->lock);
    uint32_t grown = owe_more(address_slot(t, now_ms, &tags, who), now_ms, ADDRESS_DEBT_MAX);
    if (tags.account) {
        struct slot *pair = find_or_make(&t->pairs, tags.pair, now_ms);
        owe_more(account_slot(t, now_ms, &tags, who), now_ms, ACCOUNT_DEBT_MAX);
        owe(pair, now_ms, debt_of(pair, now_ms) + grown);
    }
    pthread_mutex_unlock(&t->lock);
}

void throttle_succeeded(struct throttle *t, uint64_t now_ms, const struct throttle_who *who)
{
    struct tags tags = tags_of(t, who);
    if (!tags.account)
        return;
    pthread_mutex_lock(&t->lock);
    struct slot *pair = find(&t->pairs, tags.pair);
    if (pair) {
        uint32_t debt = debt_of(pair, now_ms);
        owe_less(find(&t->addresses, tags.address), now_ms, debt);
        owe_less(find(&t->accounts, tags.account), now_ms, debt);
        owe(pair, now_ms, 0);
    }
    owe(find_or_make(&t->known, tags.pair, now_ms), now_ms, ONE);
    pthread_mutex_unlock(&t->lock);
}

/* ---- for the operator ---- */

/* What was owed at one moment. */
struct copy {
    struct table addresses, accounts;
    struct names names;
};

static struct copy *copy_of(struct throttle *t)
{
    struct copy *copy = MEMORY_NEW(struct copy);
    pthread_mutex_lock(&t->lock);
    copy->addresses = t->addresses;
    copy->accounts = t->accounts;
    copy->names = t->names;
    pthread_mutex_unlock(&t->lock);
    return copy;
}

/* A slot that somebody stands in. */
struct found {
    enum throttle_kind kind;
    size_t place;
    uint64_t weight;
};

static int compare_found(const void *left, const void *right)
{
    const struct found *a = left, *b = right;
    if (a->weight != b->weight)
        return a->weight < b->weight ? 1 : -1;
    return a->kind != b->kind ? (int)a->kind - (int)b->kind
                              : (a->place > b->place) - (a->place < b->place);
}

/* One attempt that is under way is no more than somebody who signs in. */
static bool is_debt(const struct slot *s, enum throttle_kind kind, uint64_t now_ms)
{
    uint32_t open_free = kind == THROTTLE_ADDRESS ? 1 : THROTTLE_ACCOUNT_FREE;
    return s->tag && (failures_of(s, now_ms) > 0 || s->open >= open_free);
}

static size_t find_all(const struct table *table, enum throttle_kind kind, uint64_t now_ms,
                       struct found *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < PLACES; i++) {
        const struct slot *s = &table->slots[i];
        if (is_debt(s, kind, now_ms))
            ret[count++] = (struct found){kind, i, weight_of(s, now_ms)};
    }
    return count;
}

void throttle_peer_text(const struct peer *peer, char out[THROTTLE_WHO_BYTES])
{
    struct network n = network_of(peer);
    network_text(&n, out);
    if (n.bits == 128) /* an address is enough said */
        *strchr(out, '/') = '\0';
}

static struct throttle_debt debt_at(const struct copy *copy, const struct found *found,
                                    uint64_t now_ms)
{
    bool address = found->kind == THROTTLE_ADDRESS;
    const struct slot *s = &(address ? &copy->addresses : &copy->accounts)->slots[found->place];
    struct throttle_debt debt = {
        .kind = found->kind, .failures = failures_of(s, now_ms), .waiting = s->open};
    if (address) {
        debt.hold_ms = delay_ms(debt.failures, THROTTLE_ADDRESS_FREE, THROTTLE_ADDRESS_MAX_MS);
        throttle_peer_text(&(struct peer){.ip = copy->names.address[found->place]}, debt.who);
    } else {
        debt.hold_ms =
            delay_ms(debt.failures + s->open, THROTTLE_ACCOUNT_FREE, THROTTLE_ACCOUNT_MAX_MS);
        memcpy(debt.who, copy->names.user[found->place], sizeof debt.who);
    }
    return debt;
}

size_t throttle_debts(struct throttle *t, uint64_t now_ms,
                      struct throttle_debt ret[THROTTLE_DEBTS_MAX])
{
    struct copy *copy = copy_of(t);
    struct found *found = memory_alloc((size_t)2 * PLACES * sizeof *found);
    size_t count = find_all(&copy->addresses, THROTTLE_ADDRESS, now_ms, found);
    count += find_all(&copy->accounts, THROTTLE_ACCOUNT, now_ms, found + count);
    qsort(found, count, sizeof *found, compare_found);
    if (count > THROTTLE_DEBTS_MAX)
        count = THROTTLE_DEBTS_MAX;
    for (size_t i = 0; i < count; i++)
        ret[i] = debt_at(copy, &found[i], now_ms);
    free(found);
    free(copy);
    return count;
}

bool throttle_forgive(struct throttle *t, uint64_t now_ms, const struct throttle_who *who)
{
    pthread_mutex_lock(&t->lock);
    struct slot *s = who->peer ? find(&t->addresses, tags_of(t, who).address)
                               : find(&t->accounts, tag_of(t, "", 0, who->user));
    bool owed = s && debt_of(s, now_ms) > 0;
    if (owed)
        owe(s, now_ms, 0);
    pthread_mutex_unlock(&t->lock);
    return owed;
}
