/*
 * entropy.h - random bytes of the system as a struct random_source, buffered per object so that a
 * nonce costs no system call. Handed-out bytes are wiped from the buffer, and a forked child draws
 * anew. One thread at a time: an object per loop. A system without entropy ends the program.
 */
#ifndef NET_ENTROPY_H
#define NET_ENTROPY_H

#include "base/base.h"

#include <sys/types.h>

struct entropy {
    uint8_t bytes[256];
    size_t left; /* unused bytes, at the end of `bytes` */
    pid_t pid;   /* whose they are */
};

void entropy_init(struct entropy *e);
void entropy_finish(struct entropy *e);

/* Borrows `e`, which must outlive it. */
struct random_source entropy_source(struct entropy *e);

#endif
