#include "server/store/store_tokens.h"

#include <stdio.h>

/* A token with less than this part of its life left is replaced unasked. */
enum { RENEW_PART = 4 };

/* Texts are bounded by whoever fills the change (ops); here they are cut, never overrun. */
static void set_text(char *out, size_t out_size, struct str text)
{
    snprintf(out, out_size, "%.*s", STR_ARG(text));
}

void store_tokens_lay_out(const struct store_token *tokens, size_t count,
                          struct store_token slots[STORE_SLOTS])
{
    memset(slots, 0, STORE_SLOTS * sizeof *slots);
    for (size_t i = 0; i < count; i++) {
        if (tokens[i].slot < STORE_SLOTS)
            slots[tokens[i].slot] = tokens[i];
    }
}

static void drop_expired(struct store_token slots[STORE_SLOTS], int64_t now_s)
{
    for (size_t i = 0; i < STORE_SLOTS; i++) {
        if (slots[i].expires_s <= now_s)
            slots[i].id[0] = '\0';
    }
}

static struct store_token *find(struct store_token slots[STORE_SLOTS], struct str id)
{
    for (size_t i = 0; i < STORE_SLOTS; i++) {
        if (slots[i].id[0] && str_is(id, slots[i].id))
            return &slots[i];
    }
    return NULL;
}

/* XEP-0484 §3.5: what was issued to the same client with an earlier expiry ends with this use. A
 * new token has one only if their life was made shorter meanwhile. */
static void outlive(const struct store_token *used, struct store_token *new)
{
    if (new->expires_s < used->expires_s)
        new->id[0] = '\0';
}

/* Compares and sets the count, and makes a new token that is used the current one (XEP-0484 §5.1).
 * Gives the used one's place, or NULL when it may not be used. */
static struct store_token *use(const struct store_token_change *change,
                               struct store_token slots[STORE_SLOTS])
{
    struct store_token *used = find(slots, change->used_id);
    if (!used || (change->has_count && change->count <= used->count))
        return NULL;
    if (change->has_count)
        used->count = change->count;
    if (used->slot == STORE_SLOT_CURRENT) {
        outlive(used, &slots[STORE_SLOT_NEW]);
        return used;
    }
    slots[STORE_SLOT_CURRENT] = *used;
    slots[STORE_SLOT_CURRENT].slot = STORE_SLOT_CURRENT;
    used->id[0] = '\0';
    return &slots[STORE_SLOT_CURRENT];
}

static bool is_ageing(const struct store_token *used, int64_t now_s)
{
    return used->expires_s - now_s < (used->expires_s - used->issued_s) / RENEW_PART;
}

/* Which mechanism a new token is wanted for, or STR_NONE. */
static struct str wanted(const struct store_token_change *change, const struct store_token *used,
                         int64_t now_s)
{
    if (change->life_s <= 0)
        return STR_NONE;
    if (change->issue_mechanism.ptr)
        return change->issue_mechanism;
    if (used && !change->invalidate && is_ageing(used, now_s))
        return str_from(used->mechanism);
    return STR_NONE;
}

/* Into the new slot; one that was there and never used goes (XEP-0484 §3.5). */
static void issue(struct store_token_change *change, int64_t now_s,
                  struct store_token slots[STORE_SLOTS])
{
    const struct store_token *old = &slots[STORE_SLOT_CURRENT];
    struct store_token *t = &slots[STORE_SLOT_NEW];
    *t = *(old->client[0] ? old : t); /* for what is known of the client */
    t->slot = STORE_SLOT_NEW;
    t->count = 0;
    t->issued_s = now_s;
    t->expires_s = now_s + change->life_s;
    set_text(t->id, sizeof t->id, change->new_id);
    set_text(t->mechanism, sizeof t->mechanism, str_from(change->mechanism));
    change->issued = true;
    change->expires_s = t->expires_s;
}

/* What is told about a client is told about each of its tokens. */
static void describe(const struct store_token_change *change, int64_t now_s, struct store_token *t)
{
    set_text(t->client, sizeof t->client, change->client);
    t->used_s = now_s;
    if (change->software.ptr)
        set_text(t->software, sizeof t->software, change->software);
    if (change->device.ptr)
        set_text(t->device, sizeof t->device, change->device);
}

enum store_result store_tokens_change(const struct store_tokens *account,
                                      struct store_token_change *change, int64_t now_s,
                                      struct store_token slots[STORE_SLOTS])
{
    struct store_token *used = NULL;
    change->issued = false;
    drop_expired(slots, now_s);
    if (account->disabled || (!change->used_id.ptr && change->mark != account->mark))
        return STORE_REFUSED;
    if (change->used_id.ptr && !(used = use(change, slots)))
        return STORE_REFUSED;
    struct str mechanism = wanted(change, used, now_s);
    set_text(change->mechanism, sizeof change->mechanism, mechanism);
    for (size_t i = 0; change->invalidate && i < STORE_SLOTS; i++)
        slots[i].id[0] = '\0';
    if (mechanism.ptr)
        issue(change, now_s, slots);
    for (size_t i = 0; i < STORE_SLOTS; i++)
        describe(change, now_s, &slots[i]);
    return STORE_OK;
}
