// A tile of a product by pairs in vectors of 16 lanes, each of which adds two products to its sum (VDPBF16PS).
#include <immintrin.h>

#define CK_PAIR_ROWS CK_ROWS
#define CK_PAIR_DEPTH 2
#define CK_PAIR_GROUP 2
#define CK_LANE_TILE "lane_tile_vectors.h"

INLINE void begin_tiles(void) {}
INLINE void end_tiles(void) {}

INLINE void pair_tile(
  int panels, bool accumulate, const uint16_t *a, size_t a_stride, const uint16_t *b, size_t b_stride, size_t depth,
  float *c, size_t c_stride
) {
  vf sums[CK_PAIR_ROWS][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < CK_PAIR_ROWS; r++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < panels; j++) {
      sums[r][j] = accumulate ? load(CK_F32, c, r * c_stride + j * CK_PAIR_PANEL) : (vf){0};
    }
  }
  for (size_t k = 0; k < depth; k += 2) {
    __m512bh columns[2];
    for (int j = 0; j < panels; j++) __builtin_memcpy(&columns[j], b + j * b_stride + k * CK_PAIR_PANEL, 64);
#pragma clang loop unroll(full)
    for (int r = 0; r < CK_PAIR_ROWS; r++) {
      int pair;
      __builtin_memcpy(&pair, a + r * a_stride + k, sizeof pair);
      const __m512bh row = (__m512bh)_mm512_set1_epi32(pair);
#pragma clang loop unroll(full)
      for (int j = 0; j < panels; j++) sums[r][j] = (vf)_mm512_dpbf16_ps((__m512)sums[r][j], row, columns[j]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < CK_PAIR_ROWS; r++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < panels; j++) store(CK_F32, c, r * c_stride + j * CK_PAIR_PANEL, sums[r][j]);
  }
}
