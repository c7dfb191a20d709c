/* ops_private.h - what the files of ops share. */
#ifndef SERVER_OPS_OPS_PRIVATE_H
#define SERVER_OPS_OPS_PRIVATE_H

#include "net/entropy.h"
#include "server/ops/ops.h"
#include "server/ops/ops_writer.h"

struct ops {
    struct ops_config config;
    struct work_pool *derive, *read, *write;
    struct ops_writer writer;
    uint8_t fake_key[32];
};

struct ops_port {
    struct ops *ops;
    struct work_port *derive, *read, *write;
    struct entropy entropy;
    struct random_source random; /* over `entropy` */
};

#endif
