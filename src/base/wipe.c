#include "base/wipe.h"

#include <openssl/crypto.h>
#include <stdlib.h>

void wipe(void *ptr, size_t len)
{
    if (len > 0)
        OPENSSL_cleanse(ptr, len);
}

void wipe_free(void *ptr, size_t len)
{
    if (ptr)
        wipe(ptr, len);
    free(ptr);
}

void wipe_free_cstr(char *s)
{
    if (s)
        wipe_free(s, strlen(s));
}

bool wipe_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
