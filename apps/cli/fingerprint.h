/*
 * fingerprint.h - SHA-256 values as people compare them and as --pin takes them. Nothing fails.
 */
#ifndef CLI_FINGERPRINT_H
#define CLI_FINGERPRINT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { PIN_SIZE = 8 + 44 + 1 };

/* "sha256//BASE64" */
void fingerprint_pin(const uint8_t sha256[32], char out[PIN_SIZE]);

/* "AB:CD:…" in two lines of 16 bytes, which the eye can follow; the cursor is at `column`. */
void fingerprint_print(FILE *to, unsigned column, const uint8_t sha256[32]);

/* Reads 64 hexadecimal digits, with or without colons; false when it is something else. */
bool fingerprint_parse(const char *text, uint8_t ret_sha256[32]);

#endif
