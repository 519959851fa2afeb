// What lane_attention.h computes with where each lane of a vector has a sum of its own. Included by it.

enum { LANE_VECTORS = 2, LANE_QUERIES = LANE_VECTORS * CK_WIDTH, LANE_ROWS = 8 };

// Rows are as they come, one after the other.
INLINE void put_in_row(uint16_t *rows, size_t stride, size_t r, size_t k, const uint16_t *elements, size_t count) {
  __builtin_memcpy(rows + r * stride + k, elements, count * sizeof *rows);
}

// Queries as columns, [depth / 2][query][2]; those that do not exist are zeros.
INLINE void pack_lane_queries(const ck_attention_block *block, size_t query, uint16_t *q) {
  const size_t d = block->head_size, left = block->queries - query;
  for (size_t j = 0; j < LANE_VECTORS; j++) {
    for (size_t c = 0; c < d; c += 2 * CK_WIDTH) {
      const size_t channels = d - c < 2 * CK_WIDTH ? d - c : 2 * CK_WIDTH;
      vu rows[CK_WIDTH] = {{0}};
      for (size_t i = 0; i < CK_WIDTH && j * CK_WIDTH + i < left; i++) {
        const uint16_t *row = (const uint16_t *)block->q + (query + j * CK_WIDTH + i) * block->row_stride + c;
        if (channels == 2 * CK_WIDTH) __builtin_memcpy(&rows[i], row, sizeof rows[i]);
        else __builtin_memcpy(&rows[i], row, channels * sizeof *row);
      }
      transpose(rows);
      for (size_t i = 0; 2 * i < channels; i++) {
        __builtin_memcpy(q + (c + 2 * i) * LANE_QUERIES + j * 2 * CK_WIDTH, &rows[i], sizeof rows[i]);
      }
    }
  }
}

// c [LANE_ROWS][query] = a [LANE_ROWS][depth] times b [depth / 2][query][2], and c as it was times `growth`, if there is
// one. `largest`, if there is one, is raised to what is stored.
INLINE void lane_tile(
  const uint16_t *a, size_t a_stride, const uint16_t *b, size_t depth, const vf *growth, vf *largest, float *c
) {
  vf sums[LANE_ROWS][LANE_VECTORS];
#pragma clang loop unroll(full)
  for (int r = 0; r < LANE_ROWS; r++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < LANE_VECTORS; j++) {
      sums[r][j] = growth ? load(CK_F32, c, r * LANE_QUERIES + j * CK_WIDTH) * growth[j] : (vf){0};
    }
  }
  for (size_t k = 0; k < depth; k += 2) {
    __m512bh columns[LANE_VECTORS];
    __builtin_memcpy(columns, b + k * LANE_QUERIES, sizeof columns);
#pragma clang loop unroll(full)
    for (int r = 0; r < LANE_ROWS; r++) {
      int pair;
      __builtin_memcpy(&pair, a + r * a_stride + k, sizeof pair);
      const __m512bh row = (__m512bh)_mm512_set1_epi32(pair);
#pragma clang loop unroll(full)
      for (int j = 0; j < LANE_VECTORS; j++) sums[r][j] = (vf)_mm512_dpbf16_ps((__m512)sums[r][j], row, columns[j]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < LANE_ROWS; r++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < LANE_VECTORS; j++) {
      store(CK_F32, c, r * LANE_QUERIES + j * CK_WIDTH, sums[r][j]);
      if (largest) largest[j] = at_least(sums[r][j], largest[j]);
    }
  }
}

// Two neighbouring keys' weights as pairs, which are added to the sum.
INLINE vf store_weights(uint16_t *pairs, const vf weights[2], vf sum) {
  const vh even = narrowed(weights[0]), odd = narrowed(weights[1]);
  const vu both = __builtin_convertvector(even, vu) | __builtin_convertvector(odd, vu) << 16;
  __builtin_memcpy(pairs, &both, sizeof both);
  return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)both, (__m512bh)_mm512_set1_epi16(0x3f80));
}
