/* Any bytes as base64, and as what is to be encoded. What is accepted has one spelling: encoding
 * what came out gives the input again. */
#include "base/base64.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool truth)
{
    if (!truth)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of(data, size);
    struct buf decoded, again, encoded = {0}, back = {0};
    buf_init(&decoded, 0, size % 2);
    buf_init(&again, 0, false);
    buf_cstr(&decoded, "kept");
    bool ok = base64_decode(&decoded, in);
    demand(!decoded.failed && buf_len(&decoded) == 4 + (ok ? size / 4 * 3 : 0) -
                                                       (ok && size > 0 && data[size - 1] == '=') -
                                                       (ok && size > 1 && data[size - 2] == '='));
    buf_consume(&decoded, 4);
    if (ok) {
        base64_encode(&again, buf_peek(&decoded));
        demand(str_eq(buf_peek(&again), in));
    }
    base64_encode(&encoded, in);
    demand(base64_decode(&back, buf_peek(&encoded)) && str_eq(buf_peek(&back), in));
    buf_finish(&decoded);
    buf_finish(&again);
    buf_finish(&encoded);
    buf_finish(&back);
    return 0;
}
