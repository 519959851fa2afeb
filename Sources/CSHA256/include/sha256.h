#ifndef CSHA256_H
#define CSHA256_H

#include <stddef.h>
#include <stdint.h>

/// Takes blocks of 64 bytes into the state of SHA-256 (FIPS 180-4).
void sha256_blocks(uint32_t state[8], const uint8_t *data, size_t blocks);

/// The same without the processor's own instructions for it.
void sha256_blocks_portable(uint32_t state[8], const uint8_t *data, size_t blocks);

#endif
