#include "server/settings_stored.h"

#include <stdlib.h>

/* --- the pairs --- */

static struct settings_pair *find(const struct settings_stored *stored, const char *name)
{
    for (size_t i = 0; i < stored->count; i++)
        if (strcmp(stored->pairs[i].name, name) == 0)
            return &stored->pairs[i];
    return NULL;
}

const char *settings_stored_find(const struct settings_stored *stored, const char *name)
{
    const struct settings_pair *pair = find(stored, name);
    return pair ? pair->value : NULL;
}

static void free_pair(struct settings_pair *pair)
{
    free((char *)(uintptr_t)pair->name);
    free((char *)(uintptr_t)pair->value);
}

static bool add(struct settings_stored *stored, const char *name, const char *value)
{
    struct settings_pair *grown =
        realloc(stored->pairs, (stored->count + 1) * sizeof *stored->pairs);
    if (!grown)
        return false;
    stored->pairs = grown;
    struct settings_pair pair = {strdup(name), strdup(value)};
    if (!pair.name || !pair.value) {
        free_pair(&pair);
        return false;
    }
    stored->pairs[stored->count++] = pair;
    return true;
}

bool settings_stored_set(struct settings_stored *stored, const char *name, const char *value)
{
    struct settings_pair *pair = find(stored, name);
    if (!pair)
        return !value || add(stored, name, value);
    if (!value) {
        free_pair(pair);
        *pair = stored->pairs[--stored->count];
        return true;
    }
    char *copy = strdup(value);
    if (!copy)
        return false;
    free((char *)(uintptr_t)pair->value);
    pair->value = copy;
    return true;
}

void settings_stored_finish(struct settings_stored *stored)
{
    for (size_t i = 0; i < stored->count; i++)
        free_pair(&stored->pairs[i]);
    free(stored->pairs);
    *stored = (struct settings_stored){0};
}

/* --- all layers with them --- */

/* Those of the pairs that can be used. */
struct choice {
    const struct settings_layers *layers;
    struct settings_pair *good;
    size_t good_count;
    bool *taken; /* which they are */
};

static enum linnet_error_code load(struct settings *ret, const struct choice *c, size_t count,
                                   struct linnet_error *error)
{
    struct settings_layers layers = *c->layers;
    layers.stored = c->good;
    layers.stored_count = count;
    return settings_load(ret, &layers, error);
}

/* Takes the pair at `index` if what is loaded with it is whole; `ret` is then that. */
static bool take(struct settings *ret, struct choice *c, const struct settings_stored *stored,
                 size_t index)
{
    struct settings fresh;
    c->good[c->good_count] = stored->pairs[index];
    if (load(&fresh, c, c->good_count + 1, NULL) != LINNET_OK)
        return false;
    settings_finish(ret);
    *ret = fresh;
    c->good_count++;
    c->taken[index] = true;
    return true;
}

/* One that does not fit alone may fit with another: until none is added any more. */
static void take_what_fits(struct settings *ret, struct choice *c,
                           const struct settings_stored *stored)
{
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < stored->count; i++)
            more |= !c->taken[i] && take(ret, c, stored, i);
    }
}

static void tell_skipped(struct choice *c, const struct settings_stored *stored,
                         const struct settings_skip *skip)
{
    for (size_t i = 0; skip && skip->skipped && i < stored->count; i++) {
        struct settings scratch;
        struct linnet_error error = {0};
        if (c->taken[i])
            continue;
        c->good[c->good_count] = stored->pairs[i];
        if (load(&scratch, c, c->good_count + 1, &error) == LINNET_OK)
            settings_finish(&scratch);
        const char *reason = linnet_error_param(&error, "reason");
        skip->skipped(skip->ctx, stored->pairs[i].name, reason ? reason : "");
    }
}

static enum linnet_error_code choose(struct settings *ret, struct choice *c,
                                     const struct settings_stored *stored,
                                     const struct settings_skip *skip, struct linnet_error *error)
{
    if (stored->count > 0)
        memcpy(c->good, stored->pairs, stored->count * sizeof *c->good);
    c->good_count = stored->count;
    if (load(ret, c, stored->count, NULL) == LINNET_OK)
        return LINNET_OK;
    c->good_count = 0;
    enum linnet_error_code code = load(ret, c, 0, error);
    if (code == LINNET_OK) {
        take_what_fits(ret, c, stored);
        tell_skipped(c, stored, skip);
    }
    return code;
}

static enum linnet_error_code choice_init(struct choice *c, const struct settings_layers *layers,
                                          size_t count, struct linnet_error *error)
{
    *c = (struct choice){layers, calloc(count + 1, sizeof *c->good), 0,
                         calloc(count + 1, sizeof *c->taken)};
    if (c->good && c->taken)
        return LINNET_OK;
    return error_set(error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
}

static void choice_finish(struct choice *c)
{
    free(c->good);
    free(c->taken);
}

enum linnet_error_code settings_load_with(struct settings *ret,
                                          const struct settings_layers *layers,
                                          const struct settings_stored *stored,
                                          const struct settings_skip *skip,
                                          struct linnet_error *error)
{
    struct choice c;
    *ret = (struct settings){0};
    enum linnet_error_code code = choice_init(&c, layers, stored->count, error);
    if (code == LINNET_OK)
        code = choose(ret, &c, stored, skip, error);
    choice_finish(&c);
    return code;
}

/* Puts the candidate in the place of the pair of its name, if there is one. */
static void put_candidate(struct choice *c, const struct settings_pair *candidate)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->good_count; i++)
        if (strcmp(c->good[i].name, candidate->name) != 0)
            c->good[kept++] = c->good[i];
    if (candidate->value)
        c->good[kept++] = *candidate;
    c->good_count = kept;
}

enum linnet_error_code settings_load_candidate(struct settings *ret,
                                               const struct settings_layers *layers,
                                               const struct settings_stored *stored,
                                               const struct settings_pair *candidate,
                                               struct linnet_error *error)
{
    struct choice c;
    *ret = (struct settings){0};
    enum linnet_error_code code = choice_init(&c, layers, stored->count, error);
    if (code == LINNET_OK)
        code = choose(ret, &c, stored, NULL, error);
    settings_finish(ret);
    if (code == LINNET_OK) {
        put_candidate(&c, candidate);
        code = load(ret, &c, c.good_count, error);
    }
    choice_finish(&c);
    return code;
}
