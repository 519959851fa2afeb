// Tile registers in hardware (Intel, Architecture Instruction Set Extensions: AMX). Every thread configures its own.
#include <immintrin.h>

// All eight registers of 16 rows of 64 bytes.
INLINE void begin_tiles(void) {
  struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  } configuration = {.palette = 1};
  for (int i = 0; i < 8; i++) {
    configuration.row_bytes[i] = 64;
    configuration.rows[i] = 16;
  }
  _tile_loadconfig(&configuration);
}

// Registers in use are saved at each change of threads.
INLINE void end_tiles(void) { _tile_release(); }

#define TILE_ZERO(tile) _tile_zero(tile)
#define TILE_LOAD(tile, address, stride) _tile_loadd(tile, address, stride)
#define TILE_STORE(tile, address, stride) _tile_stored(tile, address, stride)
#define TILE_ADD_PRODUCT(sum, a, b) _tile_dpbf16ps(sum, a, b)
#include "pair_tile_registers.h"
