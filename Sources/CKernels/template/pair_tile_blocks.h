// A tile of a product by fours in vectors that are blocks of 2 x 2 sums: two rows times two columns, four neighbours along
// the depth each, are added at once (BFMMLA).
#include <arm_neon.h>

#define CK_PAIR_ROWS CK_ROWS
#define CK_PAIR_DEPTH 4
#define CK_PAIR_GROUP 4
#define CK_LANE_TILE "lane_tile_blocks.h"

INLINE void begin_tiles(void) {}
INLINE void end_tiles(void) {}

// Four elements of each of two rows, or of two columns that lie side by side.
typedef bfloat16x8_t two_fours;

INLINE two_fours fours_of(const uint16_t *first, const uint16_t *second) {
  return vreinterpretq_bf16_u16(vcombine_u16(vld1_u16(first), vld1_u16(second)));
}

INLINE two_fours fours_at(const uint16_t *both) { return vreinterpretq_bf16_u16(vld1q_u16(both)); }

INLINE void add_block(vf *sums, two_fours rows, two_fours columns) {
  *sums = (vf)vbfmmlaq_f32((float32x4_t)*sums, rows, columns);
}

// Two rows of four columns are two blocks, and the other way round.
INLINE void exchange_halves(vf x[2]) {
  const vf low = __builtin_shufflevector(x[0], x[1], 0, 1, 4, 5);
  x[1] = __builtin_shufflevector(x[0], x[1], 2, 3, 6, 7);
  x[0] = low;
}

enum { ROW_BLOCKS = CK_PAIR_ROWS / 2, COLUMN_BLOCKS = CK_PAIR_PANEL / 2 };

// One panel. All its columns for few rows, since what rows are made of has to be put together and columns lie as they are
// wanted; more blocks than these 24 would leave no register for both.
INLINE void panel_tile(
  bool accumulate, const uint16_t *a, size_t a_stride, const uint16_t *b, size_t depth, float *c, size_t c_stride
) {
  vf sums[ROW_BLOCKS][COLUMN_BLOCKS];
#pragma clang loop unroll(full)
  for (int i = 0; i < ROW_BLOCKS; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < COLUMN_BLOCKS; j += 2) {
      for (int r = 0; r < 2; r++) {
        sums[i][j + r] = accumulate ? load(CK_F32, c, (2 * i + r) * c_stride + 2 * j) : (vf){0};
      }
      exchange_halves(&sums[i][j]);
    }
  }
  for (size_t k = 0; k < depth; k += 4) {
    two_fours rows[ROW_BLOCKS];
#pragma clang loop unroll(full)
    for (int i = 0; i < ROW_BLOCKS; i++) {
      rows[i] = fours_of(a + 2 * i * a_stride + k, a + (2 * i + 1) * a_stride + k);
    }
#pragma clang loop unroll(full)
    for (int j = 0; j < COLUMN_BLOCKS; j++) {
      const two_fours columns = fours_at(b + k * CK_PAIR_PANEL + j * 8);
#pragma clang loop unroll(full)
      for (int i = 0; i < ROW_BLOCKS; i++) add_block(&sums[i][j], rows[i], columns);
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < ROW_BLOCKS; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < COLUMN_BLOCKS; j += 2) {
      exchange_halves(&sums[i][j]);
      for (int r = 0; r < 2; r++) store(CK_F32, c, (2 * i + r) * c_stride + 2 * j, sums[i][j + r]);
    }
  }
}

INLINE void pair_tile(
  int panels, bool accumulate, const uint16_t *a, size_t a_stride, const uint16_t *b, size_t b_stride, size_t depth,
  float *c, size_t c_stride
) {
#pragma clang loop unroll(disable)
  for (int panel = 0; panel < panels; panel++) {
    panel_tile(accumulate, a, a_stride, b + panel * b_stride, depth, c + panel * CK_PAIR_PANEL, c_stride);
  }
}
