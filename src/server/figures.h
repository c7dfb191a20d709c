/*
 * figures.h - what a loop counts since the server started. It adds to plain numbers of its own and
 * shows them to other threads once a turn.
 */
#ifndef SERVER_FIGURES_H
#define SERVER_FIGURES_H

#include <stdatomic.h>
#include <stdint.h>

enum figure {
    FIGURE_MESSAGES,    /* of clients, for somebody here */
    FIGURE_STANZAS_IN,  /* of clients */
    FIGURE_STANZAS_OUT, /* to clients; not: those that are sent anew when a session is resumed */
    FIGURE_CHANGES,     /* a session came, went, lost its connection or got another */
    FIGURES
};

struct figures {
    uint64_t own[FIGURES];
    _Atomic uint64_t shown[FIGURES];
};

static inline void figures_count(struct figures *f, enum figure which)
{
    f->own[which]++;
}

static inline void figures_show(struct figures *f)
{
    for (int i = 0; i < FIGURES; i++)
        atomic_store_explicit(&f->shown[i], f->own[i], memory_order_relaxed);
}

/* Any thread. */
static inline uint64_t figures_shown(const struct figures *f, enum figure which)
{
    return atomic_load_explicit(&f->shown[which], memory_order_relaxed);
}

#endif
