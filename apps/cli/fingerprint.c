#include "fingerprint.h"

#include <linnet/tls.h>
#include <string.h>

/* RFC 4648 §4; 32 bytes end in one character of padding. */
void fingerprint_pin(const uint8_t sha256[32], char out[PIN_SIZE])
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

void fingerprint_print(FILE *to, unsigned column, const uint8_t sha256[32])
{
    char text[LINNET_FINGERPRINT_SIZE];
    linnet_fingerprint(sha256, text);
    fprintf(to, "%.47s\n%*s%s\n", text, (int)column, "", text + 48);
}

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

bool fingerprint_parse(const char *text, uint8_t ret_sha256[32])
{
    for (int i = 0; i < 32; i++) {
        if (i > 0 && *text == ':')
            text++;
        int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);
        if (low < 0)
            return false;
        ret_sha256[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    return *text == '\0';
}
