#include "backend.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* An attempt to sign in may be held for 8 seconds; WAIT_S is for a place among the calls. */
enum { ANSWER_S = 30, WAIT_S = 5 };

struct backend {
    char *path;
    pthread_mutex_t lock;
    pthread_cond_t left;
    unsigned calls;
};

struct backend *backend_new(const char *path)
{
    struct backend *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->left, NULL);
    b->path = strdup(path);
    if (!b->path) {
        backend_free(b);
        return NULL;
    }
    return b;
}

void backend_free(struct backend *b)
{
    if (!b)
        return;
    pthread_cond_destroy(&b->left);
    pthread_mutex_destroy(&b->lock);
    free(b->path);
    free(b);
}

static bool enter(struct backend *b)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&b->lock);
    int waited = 0;
    while (b->calls == BACKEND_CALLS_MAX && waited != ETIMEDOUT)
        waited = pthread_cond_clockwait(&b->left, &b->lock, CLOCK_MONOTONIC, &until);
    bool entered = b->calls < BACKEND_CALLS_MAX;
    b->calls += entered;
    pthread_mutex_unlock(&b->lock);
    return entered;
}

static void leave(struct backend *b)
{
    pthread_mutex_lock(&b->lock);
    b->calls--;
    pthread_cond_signal(&b->left);
    pthread_mutex_unlock(&b->lock);
}

enum linnet_error_code backend_open(struct backend *b, struct control_client **ret,
                                    struct linnet_error *error)
{
    return control_client_open(b->path, ret, error);
}

static enum linnet_error_code open_for(struct backend *b, const struct backend_person *person,
                                       struct control_client **ret, struct linnet_error *error)
{
    enum linnet_error_code code = backend_open(b, ret, error);
    if (code == LINNET_OK && person->jid &&
        !control_client_ask_for(*ret, person->jid, person->address, person->mark))
        code = error_set(error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    return code;
}

enum linnet_error_code backend_call(struct backend *b, const struct backend_person *person,
                                    const char *op, json_t *args, json_t **ret_result,
                                    struct linnet_error *error)
{
    struct control_client *client = NULL;
    *ret_result = NULL;
    if (!enter(b)) {
        json_decref(args);
        return error_set(error, LINNET_ERROR_TIMEOUT, LINNET_ORIGIN_HERE, NULL);
    }
    enum linnet_error_code code = open_for(b, person, &client, error);
    if (code == LINNET_OK)
        code = control_client_call(client, op, args, ANSWER_S, ret_result, error);
    else
        json_decref(args);
    control_client_close(client);
    leave(b);
    return code;
}
