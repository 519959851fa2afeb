// Products by pairs of bfloat16. Included by instance.h where an instruction set has defined a tile, pair_tile.

// Instances, not inlined so that each has the registers for itself.
NOINLINE void pair_tiles(
  bool accumulate, const uint16_t *a, size_t a_stride, const uint16_t *b, size_t b_stride, size_t depth, float *c,
  size_t c_stride
) {
  if (accumulate) pair_tile(2, true, a, a_stride, b, b_stride, depth, c, c_stride);
  else pair_tile(2, false, a, a_stride, b, b_stride, depth, c, c_stride);
}

#ifdef CK_TILES
#include "tile_product.h"
#include "pair_attention.h"
#include "tile_attention.h"
#else
#include "pair_product.h"
#include "lane_attention.h"
#endif
