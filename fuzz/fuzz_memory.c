/* Any bytes as the memory of an account. What is accepted comes out as it went in, to the byte, and
 * what is refused leaves nothing behind. */
#include "client/memory.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool truth)
{
    if (!truth)
        abort();
}

static bool is_empty(const struct account_memory *m)
{
    return !m->agent_id[0] && !m->had_scram && !m->had_binding && !m->has_certificate &&
           buf_len(&m->token) == 0 && buf_len(&m->features) == 0 && buf_len(&m->tls_session) == 0;
}

static void check_round_trip(const struct account_memory *m, struct str address, struct str text)
{
    struct buf out;
    buf_init(&out, MEMORY_TEXT_BYTES, true);
    memory_write(m, address, &out);
    demand(!out.failed && str_eq(buf_peek(&out), text));
    buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct account_memory m;
    char reason[MEMORY_REASON_BYTES];
    struct str address = STR_LIT("juliet@example.org"), text = str_of(data, size);
    memory_init(&m);
    if (memory_read(&m, text, address, reason) == LINNET_OK) {
        if (size > 0)
            check_round_trip(&m, address, text);
    } else {
        demand(reason[0] && is_empty(&m));
    }
    memory_finish(&m);
    return 0;
}
