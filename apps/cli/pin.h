/* pin.h - the SHA-256 of a public key as --pin takes it, "sha256//BASE64". Pure. */
#ifndef CLI_PIN_H
#define CLI_PIN_H

#include <stdint.h>

enum { PIN_SIZE = 8 + 44 + 1 };

void pin_format(const uint8_t sha256[32], char out[PIN_SIZE]);

#endif
