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

// Turns a row of scores, times `scale`, into weights relative to the largest score so far, and what came before
// accordingly. The weights may take the scores' place.
INLINE void weigh_row(
  ck_type type, const float *scores, float scale, size_t valid, size_t columns, void *weights, float *result,
  size_t width, float *max, float *sum
) {
  vf largest = splat(*max);
  FOR_VECTORS(i, n, valid) {
    const vf x = n == CK_WIDTH ? load(CK_F32, scores, i) * scale
                               : choose(first_lanes(n), load_part(CK_F32, scores, i, n) * scale, largest);
    largest = at_least(x, largest);
  }
  const float maximum = largest_lane(largest);
  if (maximum != *max) {
    const float factor = exponential(splat(*max - maximum))[0];
    for (size_t c = 0; c < width; c += CK_WIDTH) store(CK_F32, result, c, load(CK_F32, result, c) * factor);
    *sum *= factor;
    *max = maximum;
  }
  vf sums = {0};
  FOR_VECTORS(i, n, valid) {
    if (n == CK_WIDTH) {
      const vf x = exponential(load(CK_F32, scores, i) * scale - maximum);
      store(type, weights, i, x);
      sums += x;
    } else {
      const vf score = load_part(CK_F32, scores, i, n) * scale;
      const vf x = choose(first_lanes(n), exponential(score - maximum), (vf){0});
      store_part(type, weights, i, n, x);
      sums += x;
    }
  }
  *sum += sum_of_lanes(sums);
  const size_t size = ck_element_size(type);
  __builtin_memset((char *)weights + valid * size, 0, (columns - valid) * size);
}

INLINE void attend_block(ck_type type, const ck_attention_block *block) {
  const size_t d = block->head_size, width = ck_round_up(d, CK_WIDTH), rows = ck_round_up(block->queries, CK_ROWS);
  const float *keys_packed = block->keys_packed, *values_packed = block->values_packed;
  float *q = block->scratch, *scores = q + CK_QUERY_BLOCK * d, *result = scores + CK_QUERY_BLOCK * CK_KEY_BLOCK;
  float *max = result + CK_QUERY_BLOCK * width, *sum = max + CK_QUERY_BLOCK;

  const float scale = 1.0f / __builtin_sqrtf((float)d);
  for (size_t r = 0; r < block->queries; r++) {
    const size_t at = r * block->row_stride;
    FOR_VECTORS(c, n, d) {
      if (n == CK_WIDTH) store(CK_F32, q, r * d + c, load(type, block->q, at + c) * scale);
      else store_part(CK_F32, q, r * d + c, n, load_part(type, block->q, at + c, n) * scale);
    }
  }
  __builtin_memset(q + block->queries * d, 0, (rows - block->queries) * d * sizeof(float));
  __builtin_memset(result, 0, rows * width * sizeof(float));
  for (size_t r = 0; r < rows; r++) {
    max[r] = -__builtin_inff();
    sum[r] = 0;
  }

  const size_t end = block->first_query + block->queries;
  const size_t keys = block->causal && end < block->keys ? end : block->keys;
  for (size_t start = 0; start < keys; start += CK_KEY_BLOCK) {
    const size_t count = keys - start < CK_KEY_BLOCK ? keys - start : CK_KEY_BLOCK;
    for (size_t c = 0; c < count; c += PANEL) {
      const float *panel = keys_packed + (start + c) * d;
      for (size_t r = 0; r < rows; r += CK_ROWS) {
        multiply_panel(q + r * d, d, panel, d, scores + r * CK_KEY_BLOCK + c, CK_KEY_BLOCK);
      }
    }
    for (size_t r = 0; r < block->queries; r++) {
      const size_t position = block->first_query + r;
      size_t valid = count;
      if (block->causal && position < start + count) valid = position < start ? 0 : position - start + 1;
      float *row = scores + r * CK_KEY_BLOCK;
      if (valid > 0) {
        weigh_row(CK_F32, row, 1, valid, count, row, result + r * width, width, max + r, sum + r);
      } else {
        __builtin_memset(row, 0, count * sizeof(float));
      }
    }
    for (size_t c = 0; c < width; c += PANEL) {
      const bool half = width - c == CK_WIDTH;
      const float *panel = values_packed + c * block->keys + start * (half ? CK_WIDTH : PANEL);
      for (size_t r = 0; r < rows; r += CK_ROWS) {
        const float *weights = scores + r * CK_KEY_BLOCK;
        float *target = result + r * width + c;
        if (half) add_half_panel(weights, CK_KEY_BLOCK, panel, count, target, width);
        else add_panel(weights, CK_KEY_BLOCK, panel, count, target, width);
      }
    }
  }

  for (size_t r = 0; r < block->queries; r++) {
    const size_t at = r * block->row_stride;
    const float factor = 1.0f / sum[r];
    FOR_VECTORS(c, n, d) {
      const vf x = load(CK_F32, result, r * width + c) * factor;
      if (n == CK_WIDTH) store(type, block->out, at + c, x);
      else store_part(type, block->out, at + c, n, x);
    }
  }
}

static void attend(ck_type type, const ck_attention_block *block) { FOR_TYPE(type, attend_block, block); }
