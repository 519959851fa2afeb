// Attention of a block of queries in bfloat16, both products by pairs in tile registers, for heads of any width. Included
// after pairs.h's tile.
//
// Scores, their softmax and the sums are 32-bit; weights of the values are rounded to bfloat16, as in PyTorch.

// One panel of pair_tiles.
NOINLINE void pair_half(
  bool accumulate, const uint16_t *a, size_t a_stride, const uint16_t *b, size_t b_stride, size_t depth, float *c,
  size_t c_stride
) {
  if (accumulate) pair_tile(1, true, a, a_stride, b, b_stride, depth, c, c_stride);
  else pair_tile(1, false, a, a_stride, b, b_stride, depth, c, c_stride);
}

INLINE uint16_t *pair_at(uint16_t *panels, size_t depth, size_t padded_depth, size_t column) {
  return panels + column / CK_PAIR_PANEL * CK_PAIR_PANEL * padded_depth + depth / 2 * 2 * CK_PAIR_PANEL +
    column % CK_PAIR_PANEL * 2 + depth % 2;
}

// Keys are columns, their channels the depth.
static void pack_key_pairs(
  const uint16_t *k, size_t stride, size_t first, size_t count, size_t head_size, uint16_t *out
) {
  const size_t padded = ck_round_up(head_size, CK_PAIR_STEP), end = first + ck_round_up(count, CK_PAIR_STEP);
  for (size_t key = first; key < end; key += CK_WIDTH) {
    for (size_t c = 0; c < padded; c += 2 * CK_WIDTH) {
      // Squares of keys and pairs of channels change sides in registers.
      vu rows[CK_WIDTH] = {{0}};
      const size_t left = head_size > c ? head_size - c : 0, channels = left < 2 * CK_WIDTH ? left : 2 * CK_WIDTH;
      for (size_t i = 0; i < CK_WIDTH && key + i < first + count; i++) {
        if (channels == 2 * CK_WIDTH) __builtin_memcpy(&rows[i], k + (key + i) * stride + c, sizeof rows[i]);
        else __builtin_memcpy(&rows[i], k + (key + i) * stride + c, channels * sizeof *k);
      }
      transpose(rows);
      for (size_t i = 0; i < CK_WIDTH; i++) {
        __builtin_memcpy(pair_at(out, c + 2 * i, padded, key), &rows[i], sizeof rows[i]);
      }
    }
  }
}

// Channels are columns, keys the depth.
static void pack_value_pairs(
  const uint16_t *v, size_t stride, size_t first, size_t count, size_t keys, size_t head_size, uint16_t *out
) {
  const size_t padded = ck_round_up(keys, CK_PAIR_STEP), columns = ck_round_up(head_size, CK_PAIR_STEP);
  const size_t end = first + ck_round_up(count, CK_PAIR_STEP);
  for (size_t c = 0; c < columns; c += CK_PAIR_PANEL) {
    const size_t left = head_size > c ? head_size - c : 0, channels = left < CK_PAIR_PANEL ? left : CK_PAIR_PANEL;
    for (size_t key = first; key < end; key += 2) {
      uint16_t rows[2][CK_PAIR_PANEL] = {{0}};
      for (size_t i = 0; i < 2 && key + i < first + count; i++) {
        if (channels == CK_PAIR_PANEL) __builtin_memcpy(rows[i], v + (key + i) * stride + c, sizeof rows[i]);
        else __builtin_memcpy(rows[i], v + (key + i) * stride + c, channels * sizeof *v);
      }
      store_pairs((const char *)rows[0], (const char *)rows[1], CK_PAIR_PANEL, (char *)pair_at(out, key, padded, c));
    }
  }
}

// Turns a row of scores into weights, as weigh_row does. `factor` brings scores to powers of two.
INLINE void weigh_row_of_pairs(
  const float *scores, float factor, size_t valid, size_t columns, uint16_t *weights, float *result, size_t width,
  float *max, float *sums
) {
  vf largest = splat(-__builtin_inff());
  FOR_VECTORS(i, n, valid) {
    const vf x = load(CK_F32, scores, i);
    largest = at_least(n == CK_WIDTH ? x : choose(first_lanes(n), x, largest), largest);
  }
  const float of_block = largest_lane(largest) * factor, maximum = of_block > *max ? of_block : *max;
  vf sum = load(CK_F32, sums, 0);
  if (maximum != *max) {
    const vf rescaling = rough_power_to_one(splat(*max - maximum));
    for (size_t c = 0; c < width; c += CK_WIDTH) store(CK_F32, result, c, load(CK_F32, result, c) * rescaling);
    sum *= rescaling;
    *max = maximum;
  }
  FOR_VECTORS(i, n, columns) {
    vf x = {0};
    if (i < valid) x = rough_power_to_one(load(CK_F32, scores, i) * factor - maximum);
    if (i + CK_WIDTH > valid && i < valid) x = choose(first_lanes(valid - i), x, (vf){0});
    store(CK_BF16, weights, i, x);
    sum += x;
  }
  store(CK_F32, sums, 0, sum);
}

static void attend_pairs(const ck_attention_block *block) {
  const size_t d = block->head_size, padded = ck_round_up(d, CK_PAIR_STEP), depth = ck_round_up(d, CK_PAIR_DEPTH);
  const size_t rows = ck_round_up(block->queries, CK_PAIR_ROWS), padded_keys = ck_round_up(block->keys, CK_PAIR_STEP);
  const uint16_t *keys_packed = block->keys_packed, *values_packed = block->values_packed;
  float *result = block->scratch, *max = result + CK_QUERY_BLOCK * padded, *sums = max + CK_QUERY_BLOCK;
  float *scores = sums + CK_QUERY_BLOCK * CK_WIDTH;
  uint16_t *q = (uint16_t *)(scores + CK_PAIR_ROWS * CK_KEY_BLOCK), *weights = q + CK_QUERY_BLOCK * padded;

  const float log2_e = 1.44269504f, factor = log2_e / __builtin_sqrtf((float)d);
  __builtin_memset(q, 0, rows * padded * sizeof *q);
  __builtin_memset(result, 0, rows * padded * sizeof *result);
  __builtin_memset(sums, 0, rows * CK_WIDTH * sizeof *sums);
  for (size_t r = 0; r < block->queries; r++) {
    __builtin_memcpy(q + r * padded, (const uint16_t *)block->q + r * block->row_stride, d * sizeof *q);
  }
  for (size_t r = 0; r < rows; r++) max[r] = -__builtin_inff();

  begin_tiles();
  const size_t end = block->first_query + block->queries;
  const size_t keys = block->causal && end < block->keys ? end : block->keys;
  for (size_t start = 0; start < keys; start += CK_KEY_BLOCK) {
    const size_t count = keys - start < CK_KEY_BLOCK ? keys - start : CK_KEY_BLOCK;
    const size_t columns = ck_round_up(count, CK_PAIR_STEP);
    // A tile of rows at a time: its scores stay in the first-level cache until they have met the values.
    for (size_t first = 0; first < rows; first += CK_PAIR_ROWS) {
      for (size_t c = 0; c < columns; c += 2 * CK_PAIR_PANEL) {
        const uint16_t *panels = keys_packed + (start + c) * padded;
        pair_tiles(
          false, q + first * padded, padded, panels, CK_PAIR_PANEL * padded, depth, scores + c, CK_KEY_BLOCK);
      }
      for (size_t i = 0; i < CK_PAIR_ROWS; i++) {
        const size_t r = first + i, valid = visible_keys(block, r, start, count);
        uint16_t *row = weights + i * CK_KEY_BLOCK;
        if (valid > 0) {
          weigh_row_of_pairs(
            scores + i * CK_KEY_BLOCK, factor, valid, columns, row, result + r * padded, padded, max + r,
            sums + r * CK_WIDTH);
        } else {
          __builtin_memset(row, 0, columns * sizeof *row);
        }
      }
      for (size_t c = 0; c < d; c += 2 * CK_PAIR_PANEL) {
        const uint16_t *panels = values_packed + c * padded_keys + start * CK_PAIR_PANEL;
        float *target = result + first * padded + c;
        if (d - c <= CK_PAIR_PANEL) pair_half(true, weights, CK_KEY_BLOCK, panels, 0, columns, target, padded);
        else pair_tiles(true, weights, CK_KEY_BLOCK, panels, CK_PAIR_PANEL * padded_keys, columns, target, padded);
      }
    }
  }
  end_tiles();

  for (size_t r = 0; r < block->queries; r++) {
    const size_t at = r * block->row_stride;
    const float quotient = 1.0f / sum_of_lanes(load(CK_F32, sums, r * CK_WIDTH));
    FOR_VECTORS(c, n, d) {
      const vf x = load(CK_F32, result, r * padded + c) * quotient;
      if (n == CK_WIDTH) store(CK_BF16, block->out, at + c, x);
      else store_part(CK_BF16, block->out, at + c, n, x);
    }
  }
}
