// What lane_attention.h computes with where vectors are blocks of 2 x 2 sums. Included by it.
//
// Rows are packed in twos that take turns, four elements of each, so that nothing has to be put together: a block of keys
// meets many queries.

enum { LANE_VECTORS = 3, LANE_QUERIES = LANE_VECTORS * CK_WIDTH, LANE_ROWS = 8 };

// Some elements of a row, a multiple of four from its beginning.
INLINE void put_in_row(uint16_t *rows, size_t stride, size_t r, size_t k, const uint16_t *elements, size_t count) {
  uint16_t *fours = rows + r / 2 * 2 * stride + 2 * k + r % 2 * 4;
  for (; count >= 4; count -= 4, elements += 4, fours += 8) __builtin_memcpy(fours, elements, 4 * sizeof *fours);
  __builtin_memcpy(fours, elements, count * sizeof *fours);
}

// Queries as columns, [depth / 4][query][4]; those that do not exist are zeros.
INLINE void pack_lane_queries(const ck_attention_block *block, size_t query, uint16_t *q) {
  const size_t d = block->head_size, left = block->queries - query;
  __builtin_memset(q, 0, ck_round_up(d, 4) * LANE_QUERIES * sizeof *q);
  for (size_t i = 0; i < LANE_QUERIES && i < left; i++) {
    const uint16_t *row = (const uint16_t *)block->q + (query + i) * block->row_stride;
    size_t c = 0;
    for (; c + 4 <= d; c += 4) __builtin_memcpy(q + c * LANE_QUERIES + 4 * i, row + c, 4 * sizeof *q);
    __builtin_memcpy(q + c * LANE_QUERIES + 4 * i, row + c, (d - c) * sizeof *q);
  }
}

// c [LANE_ROWS][query] = a [LANE_ROWS][depth] times b [depth / 4][query][4], and c as it was times `growth`, if there is
// one. `largest`, if there is one, is raised to what is stored.
INLINE void lane_tile(
  const uint16_t *a, size_t a_stride, const uint16_t *b, size_t depth, const vf *growth, vf *largest, float *c
) {
  vf sums[LANE_ROWS / 2][LANE_VECTORS][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < LANE_ROWS / 2; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < LANE_VECTORS; j++) {
      for (int r = 0; r < 2; r++) {
        sums[i][j][r] = growth ? load(CK_F32, c, (2 * i + r) * LANE_QUERIES + j * CK_WIDTH) * growth[j] : (vf){0};
      }
      exchange_halves(sums[i][j]);
    }
  }
  for (size_t k = 0; k < depth; k += 4) {
    two_fours rows[LANE_ROWS / 2];
#pragma clang loop unroll(full)
    for (int i = 0; i < LANE_ROWS / 2; i++) rows[i] = fours_at(a + 2 * i * a_stride + 2 * k);
#pragma clang loop unroll(full)
    for (int j = 0; j < 2 * LANE_VECTORS; j++) {
      const two_fours columns = fours_at(b + k * LANE_QUERIES + j * 8);
#pragma clang loop unroll(full)
      for (int i = 0; i < LANE_ROWS / 2; i++) add_block(&sums[i][j / 2][j % 2], rows[i], columns);
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < LANE_ROWS / 2; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < LANE_VECTORS; j++) {
      exchange_halves(sums[i][j]);
      for (int r = 0; r < 2; r++) {
        store(CK_F32, c, (2 * i + r) * LANE_QUERIES + j * CK_WIDTH, sums[i][j][r]);
        if (largest) largest[j] = at_least(sums[i][j][r], largest[j]);
      }
    }
  }
}

// The weights of four neighbouring keys, four to a query, which are added to the sum.
INLINE vf store_weights(uint16_t *fours, const vf weights[4], vf sum) {
  uint16x4_t narrow[4];
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    narrow[i] = (uint16x4_t)narrowed(weights[i]);
    // Else the compiler would have the lanes change places before they are narrowed, in twice as many instructions.
    __asm__("" : "+w"(narrow[i]));
  }
  const uint16x4x2_t even = vzip_u16(narrow[0], narrow[2]), odd = vzip_u16(narrow[1], narrow[3]);
#pragma clang loop unroll(full)
  for (int i = 0; i < 2; i++) {
    const uint16x4x2_t both = vzip_u16(even.val[i], odd.val[i]);
    vst1q_u16(fours + 8 * i, vcombine_u16(both.val[0], both.val[1]));
  }
  return sum + ((weights[0] + weights[1]) + (weights[2] + weights[3]));
}
