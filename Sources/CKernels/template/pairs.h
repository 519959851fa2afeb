// Products by pairs of bfloat16. Included by instance.h where an instruction set has defined a tile, pair_tile.

// Instances, not inlined so that each has the registers for itself.
NOINLINE void pair_tiles(
  bool accumulate, const uint16_t *a, size_t a_stride, const uint16_t *b, size_t b_stride, size_t depth, float *c,
  size_t c_stride
) {
  if (accumulate) pair_tile(2, true, a, a_stride, b, b_stride, depth, c, c_stride);
  else pair_tile(2, false, a, a_stride, b, b_stride, depth, c, c_stride);
}

// Results of a gated product: values times gelu of their gates, of which `bias` has those `half` floats later.
INLINE void gated_row(
  const float *values, const float *gates, const float *bias, void *out, size_t at, size_t columns, size_t half
) {
  FOR_VECTORS(c, n, columns) {
    vf x = load(CK_F32, values, c), gate = load(CK_F32, gates, c);
    if (bias) {
      x += n == CK_WIDTH ? load(CK_F32, bias, c) : load_part(CK_F32, bias, c, n);
      gate += n == CK_WIDTH ? load(CK_F32, bias + half, c) : load_part(CK_F32, bias + half, c, n);
    }
    x *= rough_gelu(gate);
    if (n == CK_WIDTH) store(CK_BF16, out, at + c, x);
    else store_part(CK_BF16, out, at + c, n, x);
  }
}

#ifdef CK_TILES
#include "tile_product.h"
#include "pair_attention.h"
#include "tile_attention.h"
#else
#include "pair_product.h"
#include "lane_attention.h"
#endif
