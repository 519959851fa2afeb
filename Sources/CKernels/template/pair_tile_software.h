// Tile registers in software, slow: so that what only processors with AMX run is tested on all others.

static _Thread_local union {
  float sums[16][16];
  uint16_t pairs[16][32];
  unsigned char rows[16][64];
} tile_registers[8];

INLINE void begin_tiles(void) {}
// A register that is read before it is set again shows in the results.
INLINE void end_tiles(void) { __builtin_memset(tile_registers, 0xff, sizeof tile_registers); }

INLINE void tile_load(int tile, const void *address, size_t stride) {
  for (int r = 0; r < 16; r++) __builtin_memcpy(tile_registers[tile].rows[r], (const char *)address + r * stride, 64);
}

INLINE void tile_store(int tile, void *address, size_t stride) {
  for (int r = 0; r < 16; r++) __builtin_memcpy((char *)address + r * stride, tile_registers[tile].rows[r], 64);
}

static void tile_add_product(int sum, int a, int b) {
  for (int r = 0; r < 16; r++) {
    for (int k = 0; k < 32; k++) {
      const float x = element(CK_BF16, &tile_registers[a].pairs[r][k]);
      for (int c = 0; c < 16; c++) {
        tile_registers[sum].sums[r][c] += x * element(CK_BF16, &tile_registers[b].pairs[k / 2][2 * c + k % 2]);
      }
    }
  }
}

#define TILE_ZERO(tile) __builtin_memset(&tile_registers[tile], 0, sizeof tile_registers[tile])
#define TILE_LOAD(tile, address, stride) tile_load(tile, address, stride)
#define TILE_STORE(tile, address, stride) tile_store(tile, address, stride)
#define TILE_ADD_PRODUCT(sum, a, b) tile_add_product(sum, a, b)
#include "pair_tile_registers.h"
