// Attention of a block of queries. Included once per instruction set, by instance.h.

INLINE void pack_keys_of(
  ck_type type, const void *k, size_t stride, size_t first, size_t count, size_t head_size, float *out
) {
  for (size_t start = first; start < first + count; start += PANEL) {
    float *panel = out + start * head_size;
    for (size_t lane = 0; lane < PANEL; lane++) {
      const size_t key = start + lane;
      const char *row = (const char *)k + key * stride * ck_element_size(type);
      for (size_t c = 0; c < head_size; c++) {
        panel[c * PANEL + lane] = key < first + count ? element(type, row + c * ck_element_size(type)) : 0;
      }
    }
  }
}

static void pack_keys(
  ck_type type, const void *k, size_t stride, size_t first, size_t count, size_t head_size, float *out
) {
  FOR_TYPE(type, pack_keys_of, k, stride, first, count, head_size, out);
}

INLINE void pack_values_of(
  ck_type type, const void *v, size_t stride, size_t first, size_t count, size_t keys, size_t head_size, float *out
) {
  for (size_t start = 0; start < head_size; start += PANEL) {
    const size_t columns = head_size - start < PANEL ? head_size - start : PANEL;
    const size_t width = columns <= CK_WIDTH ? CK_WIDTH : PANEL;
    float *panel = out + start * keys;
    for (size_t key = first; key < first + count; key++) {
      for (size_t c = 0; c < width; c += CK_WIDTH) {
        const size_t n = c >= columns ? 0 : columns - c < CK_WIDTH ? columns - c : CK_WIDTH;
        const vf x = n == CK_WIDTH ? load(type, v, key * stride + start + c)
                                   : load_part(type, v, key * stride + start + c, n);
        store(CK_F32, panel, key * width + c, x);
      }
    }
  }
}

static void pack_values(
  ck_type type, const void *v, size_t stride, size_t first, size_t count, size_t keys, size_t head_size, float *out
) {
  FOR_TYPE(type, pack_values_of, v, stride, first, count, keys, head_size, out);
}

// Turns a row of scores, which are exponents of two, into weights relative to the largest score so far, and what came
// before accordingly. `sums` has a lane for each lane of the weights.
INLINE void weigh_row(
  float *scores, size_t valid, size_t columns, float *result, size_t width, float *max, float *sums
) {
  vf largest = splat(*max);
  FOR_VECTORS(i, n, valid) {
    const vf x = load(CK_F32, scores, i);
    largest = at_least(n == CK_WIDTH ? x : choose(first_lanes(n), x, largest), largest);
  }
  const float maximum = largest_lane(largest);
  vf sum = load(CK_F32, sums, 0);
  if (maximum != *max) {
    const vf factor = power_to_one(splat(*max - maximum));
    for (size_t c = 0; c < width; c += CK_WIDTH) store(CK_F32, result, c, load(CK_F32, result, c) * factor);
    sum *= factor;
    *max = maximum;
  }
  FOR_VECTORS(i, n, columns) {
    vf x = {0};
    if (i < valid) x = power_to_one(load(CK_F32, scores, i) - maximum);
    if (i + CK_WIDTH > valid && i < valid) x = choose(first_lanes(valid - i), x, (vf){0});
    store(CK_F32, scores, i, x);
    sum += x;
  }
  store(CK_F32, sums, 0, sum);
}

// Keys among `count` from position `start` that the query of row r sees.
INLINE size_t visible_keys(const ck_attention_block *block, size_t r, size_t start, size_t count) {
  const size_t position = block->first_query + r;
  if (r >= block->queries || !block->causal || position >= start + count) return count;
  return position < start ? 0 : position - start + 1;
}

INLINE void attend_block(ck_type type, const ck_attention_block *block) {
  const size_t d = block->head_size, width = ck_round_up(d, CK_WIDTH), rows = ck_round_up(block->queries, CK_ROWS);
  const float *keys_packed = block->keys_packed, *values_packed = block->values_packed;
  float *q = block->scratch, *result = q + CK_QUERY_BLOCK * d, *max = result + CK_QUERY_BLOCK * width;
  float *sums = max + CK_QUERY_BLOCK, *scores = sums + CK_QUERY_BLOCK * CK_WIDTH;

  const float log2_e = 1.44269504f, scale = log2_e / __builtin_sqrtf((float)d);
  for (size_t r = 0; r < block->queries; r++) {
    const size_t at = r * block->row_stride;
    FOR_VECTORS(c, n, d) {
      if (n == CK_WIDTH) store(CK_F32, q, r * d + c, load(type, block->q, at + c) * scale);
      else store_part(CK_F32, q, r * d + c, n, load_part(type, block->q, at + c, n) * scale);
    }
  }
  __builtin_memset(q + block->queries * d, 0, (rows - block->queries) * d * sizeof(float));
  __builtin_memset(result, 0, rows * width * sizeof(float));
  __builtin_memset(sums, 0, rows * CK_WIDTH * sizeof(float));
  for (size_t r = 0; r < rows; r++) max[r] = -__builtin_inff();

  const size_t end = block->first_query + block->queries;
  const size_t keys = block->causal && end < block->keys ? end : block->keys;
  for (size_t start = 0; start < keys; start += CK_KEY_BLOCK) {
    const size_t count = keys - start < CK_KEY_BLOCK ? keys - start : CK_KEY_BLOCK;
    // A tile of rows at a time: its scores stay in the first-level cache until they have met the values.
    for (size_t first = 0; first < rows; first += CK_ROWS) {
      for (size_t c = 0; c < count; c += PANEL) {
        multiply_panel(q + first * d, d, keys_packed + (start + c) * d, d, scores + c, CK_KEY_BLOCK);
      }
      for (size_t i = 0; i < CK_ROWS; i++) {
        const size_t r = first + i, valid = visible_keys(block, r, start, count);
        float *row = scores + i * CK_KEY_BLOCK;
        if (valid > 0) weigh_row(row, valid, count, result + r * width, width, max + r, sums + r * CK_WIDTH);
        else __builtin_memset(row, 0, count * sizeof(float));
      }
      for (size_t c = 0; c < width; c += PANEL) {
        const bool half = width - c == CK_WIDTH;
        const float *panel = values_packed + c * block->keys + start * (half ? CK_WIDTH : PANEL);
        float *target = result + first * width + c;
        if (half) add_half_panel(scores, CK_KEY_BLOCK, panel, count, target, width);
        else add_panel(scores, CK_KEY_BLOCK, panel, count, target, width);
      }
    }
  }

  for (size_t r = 0; r < block->queries; r++) {
    const size_t at = r * block->row_stride;
    const float factor = 1.0f / sum_of_lanes(load(CK_F32, sums, r * CK_WIDTH));
    FOR_VECTORS(c, n, d) {
      const vf x = load(CK_F32, result, r * width + c) * factor;
      if (n == CK_WIDTH) store(type, block->out, at + c, x);
      else store_part(type, block->out, at + c, n, x);
    }
  }
}

static void attend(ck_type type, const ck_attention_block *block) { FOR_TYPE(type, attend_block, block); }
