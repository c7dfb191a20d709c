#include "places.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Of all there are: it is held for a look at a few of them. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int find(const struct places *p, unsigned total, unsigned each, const char *who)
{
    unsigned have = 0;
    int free_one = -1;
    for (unsigned i = 0; i < total; i++) {
        have += strncmp(p->who[i], who, PLACES_WHO_BYTES - 1) == 0;
        if (p->who[i][0] == '\0')
            free_one = (int)i;
    }
    return have < each ? free_one : -1;
}

int places_enter(struct places *p, unsigned total, unsigned each, const char *who)
{
    pthread_mutex_lock(&lock);
    int place = find(p, total, each, who);
    if (place >= 0)
        snprintf(p->who[place], PLACES_WHO_BYTES, "%s", who);
    pthread_mutex_unlock(&lock);
    return place;
}

void places_leave(struct places *p, int place)
{
    pthread_mutex_lock(&lock);
    if (place >= 0)
        p->who[place][0] = '\0';
    pthread_mutex_unlock(&lock);
}
