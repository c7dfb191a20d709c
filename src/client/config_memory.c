#include "base/wipe.h"
#include "client/config.h"
#include "client/memory.h"

#include <stdlib.h>
#include <time.h>

void config_memory_free(struct config_memory *m)
{
    wipe_free(m->text, m->len);
    m->text = NULL;
    m->len = 0;
}

/* One more byte, so that a memory of nothing is not a NULL. */
static bool set_text(struct config_memory *m, const char *text, size_t len)
{
    config_memory_free(m);
    if (!text)
        return true;
    m->text = malloc(len + 1);
    if (!m->text)
        return false;
    memcpy(m->text, text, len);
    m->len = len;
    return true;
}

bool config_memory_copy(struct config_memory *to, const struct config_memory *from)
{
    *to = *from;
    to->text = NULL;
    return set_text(to, from->text, from->len);
}

bool config_wants_token(const struct linnet_config *c)
{
    const struct config_memory *m = &c->memory;
    return !m->no_sasl2 && !m->alongside && !c->texts[CONFIG_MECHANISM] &&
           (m->fast_set ? m->fast : m->text != NULL);
}

void linnet_config_set_memory(struct linnet_config *c, const char *text, size_t len)
{
    if (!c)
        return;
    bool fits = !text || len <= MEMORY_TEXT_BYTES;
    if (fits && set_text(&c->memory, text, len))
        return;
    if (c->fault.code != LINNET_OK)
        return;
    if (fits)
        error_set(&c->fault, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    else
        error_set(&c->fault, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason",
                  "the memory is too long", NULL);
}

void linnet_config_set_sasl2(struct linnet_config *c, bool sasl2)
{
    if (c)
        c->memory.no_sasl2 = !sasl2;
}

void linnet_config_set_early_data(struct linnet_config *c, bool early_data)
{
    if (c)
        c->memory.early_data = early_data;
}

void linnet_config_set_fast(struct linnet_config *c, bool fast)
{
    if (!c)
        return;
    c->memory.fast_set = true;
    c->memory.fast = fast;
}

void linnet_config_set_alongside(struct linnet_config *c, bool alongside)
{
    if (c)
        c->memory.alongside = alongside;
}

void linnet_config_accept_change(struct linnet_config *c, bool accept)
{
    if (c)
        c->memory.accept_change = accept;
}

bool linnet_config_has_token(const struct linnet_config *c)
{
    char reason[MEMORY_REASON_BYTES];
    struct account_memory memory;
    if (!c || !c->memory.text || !c->address.full || !config_wants_token(c) ||
        c->memory.accept_change)
        return false;
    memory_init(&memory);
    bool has = memory_read(&memory, str_of(c->memory.text, c->memory.len), jid_bare(&c->address),
                           reason) == LINNET_OK &&
               memory_has_token(&memory, (int64_t)time(NULL));
    memory_finish(&memory);
    return has;
}
