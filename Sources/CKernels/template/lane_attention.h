// Attention of a block of queries in bfloat16, both products by pairs in vectors, with a query in each lane. Included by
// instruction sets that define CK_LANE_TILE, the file with what depends on how they multiply:
//
//   LANE_QUERIES, in LANE_VECTORS vectors; LANE_ROWS of a tile: keys or channels
//   put_in_row(rows, stride, r, k, elements, count)    `count` elements from the k-th on of a row that tiles are made of
//   pack_lane_queries(block, query, q)                 queries as the columns of tiles
//   lane_tile(a, a_stride, b, depth, growth, largest, c)
//   store_weights(columns, weights, sum)               weights of CK_PAIR_GROUP keys as the columns of tiles
//
// Scores are [key][query] and results [channel][query]: a query's largest score, its sum and its rescaling are a lane of a
// vector, and channels are rows, so that no vector of them is filled up with zeros. Scores, their softmax and the sums are
// 32-bit; weights of the values are rounded to bfloat16, as in PyTorch.

#include CK_LANE_TILE

// A score whose weight is 0, whatever the largest is.
static const float HIDDEN_SCORE = -1e30f;

// Elements from one packed key to the next.
INLINE size_t lane_key_stride(size_t head_size) { return ck_round_up(head_size, CK_PAIR_GROUP); }

// Elements from one channel's values to the next, in the CK_KEY_BLOCK keys, or the last few, from `start` on.
INLINE size_t lane_value_stride(size_t start, size_t keys) {
  const size_t left = ck_round_up(keys, CK_PAIR_STEP) - start;
  return left < CK_KEY_BLOCK ? left : CK_KEY_BLOCK;
}

// Keys are rows; those that fill the last step are zeros.
static void pack_key_pairs(
  const uint16_t *k, size_t stride, size_t first, size_t count, size_t head_size, uint16_t *out
) {
  const size_t width = lane_key_stride(head_size);
  uint16_t *rows = out + first * width;
  __builtin_memset(rows, 0, ck_round_up(count, CK_PAIR_STEP) * width * sizeof *rows);
  for (size_t key = 0; key < count; key++) put_in_row(rows, width, key, 0, k + (first + key) * stride, head_size);
}

// Of each CK_KEY_BLOCK keys, a row for each channel.
static void pack_value_pairs(
  const uint16_t *v, size_t stride, size_t first, size_t count, size_t keys, size_t head_size, uint16_t *out
) {
  const size_t channels = ck_round_up(head_size, LANE_ROWS), width = lane_value_stride(first, keys);
  uint16_t *block = out + first * channels;
  for (size_t c = 0; c < channels; c += CK_WIDTH) {
    const size_t left = head_size > c ? head_size - c : 0, n = left < CK_WIDTH ? left : CK_WIDTH;
    for (size_t key = 0; key < width; key += 2 * CK_WIDTH) {
      // Squares of pairs of keys and channels change sides in registers.
      vu rows[CK_WIDTH];
      for (size_t i = 0; i < CK_WIDTH; i++) {
        uint16_t pair[2][CK_WIDTH] = {{0}};
        for (size_t j = 0; j < 2 && key + 2 * i + j < count; j++) {
          const uint16_t *row = v + (first + key + 2 * i + j) * stride + c;
          if (n == CK_WIDTH) __builtin_memcpy(pair[j], row, sizeof pair[j]);
          else __builtin_memcpy(pair[j], row, n * sizeof *row);
        }
        store_pairs((const char *)pair[0], (const char *)pair[1], CK_WIDTH, (char *)&rows[i]);
      }
      transpose(rows);
      for (size_t i = 0; i < CK_WIDTH && c + i < channels; i++) {
        uint16_t row[2 * CK_WIDTH];
        __builtin_memcpy(row, &rows[i], sizeof row);
        put_in_row(block, width, c + i, key, row, 2 * CK_WIDTH);
      }
    }
  }
}

// Instances, not inlined so that each has the registers for itself.
NOINLINE void lane_scores(const uint16_t *keys, size_t stride, const uint16_t *q, vf *largest, float *scores) {
  lane_tile(keys, stride, q, stride, NULL, largest, scores);
}
NOINLINE void hidden_lane_scores(const uint16_t *keys, size_t stride, const uint16_t *q, float *scores) {
  lane_tile(keys, stride, q, stride, NULL, NULL, scores);
}
NOINLINE void first_lane_results(
  const uint16_t *values, size_t stride, const uint16_t *weights, size_t keys, float *results
) {
  lane_tile(values, stride, weights, keys, NULL, NULL, results);
}
NOINLINE void more_lane_results(
  const uint16_t *values, size_t stride, const uint16_t *weights, size_t keys, const vf *growth, float *results
) {
  lane_tile(values, stride, weights, keys, growth, NULL, results);
}

// LANE_QUERIES queries on their way over the keys.
typedef struct {
  vf largest[LANE_VECTORS], sums[LANE_VECTORS];  // so far
  size_t query;                                  // the first, in the block
  const uint16_t *q;
  float *results;
} lane_group;

// Hides the scores of keys that do not exist, and those that a lane's query does not see; raises `largest` to the others.
NOINLINE void hide_scores(
  const ck_attention_block *block, size_t query, size_t start, size_t first, size_t end, float *scores, vf *largest
) {
  const size_t position = block->first_query + query;
  for (size_t key = first; key < end; key++) {
    // So many lanes have a query that stands before the key.
    const size_t before = block->causal && start + key > position ? start + key - position : 0;
    const size_t hidden = start + key >= block->keys ? LANE_QUERIES : before;
    for (size_t j = 0; j < LANE_VECTORS; j++) {
      float *row = scores + key * LANE_QUERIES + j * CK_WIDTH;
      vf x = load(CK_F32, row, 0);
      if (hidden > j * CK_WIDTH) x = choose(first_lanes(hidden - j * CK_WIDTH), splat(HIDDEN_SCORE), x);
      store(CK_F32, row, 0, x);
      largest[j] = at_least(x, largest[j]);
    }
  }
}

// Scores of `count` keys from `start` on, filled up to whole tiles with hidden ones.
INLINE void score_lanes(
  const ck_attention_block *block, const lane_group *group, size_t start, size_t count, float *scores, vf *largest
) {
  const size_t stride = lane_key_stride(block->head_size), position = block->first_query + group->query;
  const uint16_t *keys = (const uint16_t *)block->keys_packed + start * stride;
  // What every lane sees; the first query sees least.
  const size_t before = position + 1 > start ? position + 1 - start : 0;
  const size_t seen = (block->causal && before < count ? before : count) / LANE_ROWS * LANE_ROWS;
  for (size_t j = 0; j < LANE_VECTORS; j++) largest[j] = splat(-__builtin_inff());
  for (size_t key = 0; key < seen; key += LANE_ROWS) {
    lane_scores(keys + key * stride, stride, group->q, largest, scores + key * LANE_QUERIES);
  }
  for (size_t key = seen; key < count; key += LANE_ROWS) {
    hidden_lane_scores(keys + key * stride, stride, group->q, scores + key * LANE_QUERIES);
  }
  hide_scores(block, group->query, start, seen, ck_round_up(count, LANE_ROWS), scores, largest);
}

// Scores become weights, [key / CK_PAIR_GROUP][query][CK_PAIR_GROUP], in half of their place. `factor` brings them to
// powers of two.
INLINE void weigh_lanes(lane_group *group, float *scores, size_t keys, float factor) {
  for (size_t key = 0; key < keys; key += CK_PAIR_GROUP) {
    uint16_t *columns = (uint16_t *)scores + key * LANE_QUERIES;
    vf x[CK_PAIR_GROUP][LANE_VECTORS];
    __builtin_memcpy(x, scores + key * LANE_QUERIES, sizeof x);
    for (size_t j = 0; j < LANE_VECTORS; j++) {
      const vf shift = group->largest[j] * factor;
      vf weights[CK_PAIR_GROUP];
      for (size_t i = 0; i < CK_PAIR_GROUP; i++) weights[i] = rough_power(x[i][j] * factor - shift);
      group->sums[j] = store_weights(columns + j * CK_PAIR_GROUP * CK_WIDTH, weights, group->sums[j]);
    }
  }
}

// Some keys and values for some queries; `scores` has room for those of CK_KEY_BLOCK keys.
INLINE void attend_lanes(
  const ck_attention_block *block, lane_group *group, size_t start, float factor, float *scores
) {
  const size_t count = block->keys - start < CK_KEY_BLOCK ? block->keys - start : CK_KEY_BLOCK;
  const size_t keys = ck_round_up(count, LANE_ROWS), channels = ck_round_up(block->head_size, LANE_ROWS);
  vf largest[LANE_VECTORS], growth[LANE_VECTORS];
  score_lanes(block, group, start, count, scores, largest);
  for (size_t j = 0; j < LANE_VECTORS; j++) {
    largest[j] = at_least(largest[j], group->largest[j]);
    growth[j] = rough_power((group->largest[j] - largest[j]) * factor);
    group->largest[j] = largest[j];
    group->sums[j] *= growth[j];
  }
  weigh_lanes(group, scores, keys, factor);
  const uint16_t *weights = (const uint16_t *)scores;
  const size_t stride = lane_value_stride(start, block->keys);
  for (size_t c = 0; c < channels; c += LANE_ROWS) {
    const uint16_t *values = (const uint16_t *)block->values_packed + start * channels + c * stride;
    float *results = group->results + c * LANE_QUERIES;
    if (start == 0) first_lane_results(values, stride, weights, keys, results);
    else more_lane_results(values, stride, weights, keys, growth, results);
  }
}

INLINE void write_lane_results(const ck_attention_block *block, const lane_group *group) {
  const size_t d = block->head_size, left = block->queries - group->query;
  for (size_t j = 0; j < LANE_VECTORS; j++) {
    const vf quotient = 1.0f / group->sums[j];
    for (size_t c = 0; c < d; c += CK_WIDTH) {
      const size_t n = d - c < CK_WIDTH ? d - c : CK_WIDTH;
      vu rows[CK_WIDTH] = {{0}};
      for (size_t i = 0; i < n; i++) {
        rows[i] = (vu)(load(CK_F32, group->results, (c + i) * LANE_QUERIES + j * CK_WIDTH) * quotient);
      }
      transpose(rows);
      for (size_t i = 0; i < CK_WIDTH && j * CK_WIDTH + i < left; i++) {
        const size_t at = (group->query + j * CK_WIDTH + i) * block->row_stride + c;
        if (n == CK_WIDTH) store(CK_BF16, block->out, at, (vf)rows[i]);
        else store_part(CK_BF16, block->out, at, n, (vf)rows[i]);
      }
    }
  }
}

static void attend_pairs(const ck_attention_block *block) {
  const size_t d = block->head_size, channels = ck_round_up(d, LANE_ROWS), stride = lane_key_stride(d);
  const size_t count = (block->queries + LANE_QUERIES - 1) / LANE_QUERIES;
  float *scores = block->scratch, *results = scores + CK_KEY_BLOCK * LANE_QUERIES;
  uint16_t *queries = (uint16_t *)(results + count * channels * LANE_QUERIES);
  lane_group groups[CK_QUERY_BLOCK / LANE_QUERIES];
  for (size_t g = 0; g < count; g++) {
    uint16_t *q = queries + g * stride * LANE_QUERIES;
    groups[g] = (lane_group){.query = g * LANE_QUERIES, .q = q, .results = results + g * channels * LANE_QUERIES};
    // Lower than any score, so that nothing before the first keys counts.
    for (size_t j = 0; j < LANE_VECTORS; j++) groups[g].largest[j] = splat(2 * HIDDEN_SCORE);
    pack_lane_queries(block, groups[g].query, q);
  }
  const float factor = 1.44269504f / __builtin_sqrtf((float)d);
  for (size_t start = 0; start < block->keys; start += CK_KEY_BLOCK) {
    for (size_t g = 0; g < count; g++) {
      const size_t end = block->first_query + groups[g].query + LANE_QUERIES;
      if (!block->causal || start < end) attend_lanes(block, &groups[g], start, factor, scores);
    }
  }
  for (size_t g = 0; g < count; g++) write_lane_results(block, &groups[g]);
}
