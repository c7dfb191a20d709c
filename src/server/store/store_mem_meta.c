#include "server/store/store_mem_meta.h"

#include "base/wipe.h"
#include "server/store/store_mem_text.h"

struct mem_meta {
    char *key, *value;
};

static const struct mem_meta *find(const struct mem_metas *m, struct str key)
{
    for (size_t i = 0; i < m->count; i++)
        if (str_is(key, m->rows[i].key))
            return &m->rows[i];
    return NULL;
}

enum store_result mem_metas_read(const struct mem_metas *m, struct str key, struct buf *out)
{
    const struct mem_meta *meta = find(m, key);
    if (!meta)
        return STORE_NOT_FOUND;
    buf_cstr(out, meta->value);
    return out->failed ? STORE_NO_MEMORY : STORE_OK;
}

enum store_result mem_metas_add(struct mem_metas *m, struct str key, struct str value)
{
    if (find(m, key))
        return STORE_EXISTS;
    struct mem_meta *grown = realloc(m->rows, (m->count + 1) * sizeof *grown);
    if (!grown)
        return STORE_NO_MEMORY;
    m->rows = grown;
    struct mem_meta meta = {mem_dup(key), mem_dup(value)};
    if (!meta.key || !meta.value) {
        free(meta.key);
        wipe_free_cstr(meta.value);
        return STORE_NO_MEMORY;
    }
    m->rows[m->count++] = meta;
    return STORE_OK;
}

void mem_metas_finish(struct mem_metas *m)
{
    for (size_t i = 0; i < m->count; i++) {
        free(m->rows[i].key);
        wipe_free_cstr(m->rows[i].value);
    }
    free(m->rows);
}
