#include "pin.h"

#include <string.h>

/* RFC 4648 §4; 32 bytes end in one byte of padding. */
void pin_format(const uint8_t sha256[32], char out[PIN_SIZE])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *to = out + strlen(strcpy(out, "sha256//"));
    for (int i = 0; i < 33; i += 3) {
        uint32_t bits = (uint32_t)sha256[i] << 16 | (uint32_t)sha256[i + 1] << 8 |
                        (i + 2 < 32 ? sha256[i + 2] : 0);
        for (int shift = 18; shift >= 0; shift -= 6)
            *to++ = digits[bits >> shift & 63];
    }
    to[-1] = '=';
    *to = '\0';
}
