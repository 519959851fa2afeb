// Attention of a block of queries in tile registers, for narrow heads. Included after pair_attention.h, whose packed keys
// and values it reads.
//
// An item is 32 queries and a chunk of keys. Three things happen at once, to three neighbouring items: the scores of the
// next and the results of the last are computed in tile registers, while the scores of the one between become weights in
// vectors, a row of them after each product of tiles. Results are rescaled only where a row's largest score has grown.

enum { TILE_QUERIES = 2 * CK_TILE_ROWS, TILE_KEYS = 64 };

typedef struct { size_t query, key; } tile_item;

// Rows of scores that become weights.
typedef struct {
  const ck_attention_block *block;
  tile_item item;
  size_t row, columns;
  float factor;         // brings scores to powers of two
  const float *scores;  // [TILE_QUERIES][TILE_KEYS]
  uint16_t *weights;    // the same
  float *max, *sums;    // of each row so far: the largest score; the sum of weights, in as many parts as lanes
  // Rows whose largest score has grown, and what their results so far are to be multiplied by.
  size_t grown, grown_rows[TILE_QUERIES];
  float growth[TILE_QUERIES];
} tile_weighing;

INLINE void weigh_tile_row_of(tile_weighing *w, size_t columns, size_t valid) {
  const size_t r = w->row++;
  const float *scores = w->scores + r * TILE_KEYS;
  vf largest = splat(-__builtin_inff()), sum = w->item.key == 0 ? (vf){0} : load(CK_F32, w->sums, r * CK_WIDTH);
  for (size_t i = 0; i < columns; i += CK_WIDTH) {
    const vf x = load(CK_F32, scores, i);
    if (i + CK_WIDTH <= valid) largest = at_least(x, largest);
    else if (i < valid) largest = at_least(choose(first_lanes(valid - i), x, largest), largest);
  }
  if (w->item.key == 0) {
    w->max[r] = largest_lane(largest);
  } else if (any_lane_above(largest, w->max[r])) {
    const float maximum = largest_lane(largest), growth = rough_power(splat((w->max[r] - maximum) * w->factor))[0];
    w->max[r] = maximum;
    sum *= growth;
    w->grown_rows[w->grown] = r;
    w->growth[w->grown++] = growth;
  }
  const float shift = -w->max[r] * w->factor;
  for (size_t i = 0; i < columns; i += 2 * CK_WIDTH) {
    vf weights[2];
    for (size_t j = 0; j < 2; j++) {
      const size_t first = i + j * CK_WIDTH;
      weights[j] = first < valid ? rough_power(load(CK_F32, scores, first) * w->factor + shift) : (vf){0};
      if (first < valid && first + CK_WIDTH > valid) weights[j] = choose(first_lanes(valid - first), weights[j], (vf){0});
    }
    sum = store_and_add(w->weights + r * TILE_KEYS, i, weights[0], weights[1], sum);
  }
  store(CK_F32, w->sums, r * CK_WIDTH, sum);
}

// Rows of which not every key is seen: not inlined, since they are few and their code is long.
NOINLINE void weigh_part_of_tile_row(tile_weighing *w, size_t valid) { weigh_tile_row_of(w, w->columns, valid); }

INLINE void weigh_tile_row(tile_weighing *w) {
  if (w->row == TILE_QUERIES) return;
  const size_t keys = w->block->keys - w->item.key, count = keys < w->columns ? keys : w->columns;
  const size_t valid = visible_keys(w->block, w->item.query + w->row, w->item.key, count);
  if (w->columns == TILE_KEYS && valid == TILE_KEYS) weigh_tile_row_of(w, TILE_KEYS, TILE_KEYS);
  else weigh_part_of_tile_row(w, valid);
}

// Keys that any of the 32 queries sees.
INLINE size_t keys_of(const ck_attention_block *block, size_t query) {
  const size_t end = block->first_query + query + TILE_QUERIES;
  return block->causal && end < block->keys ? end : block->keys;
}

INLINE size_t columns_of(const ck_attention_block *block, tile_item item) {
  const size_t left = keys_of(block, item.query) - item.key;
  return left < TILE_KEYS ? ck_round_up(left, CK_PAIR_STEP) : TILE_KEYS;
}

INLINE bool ends_block(const ck_attention_block *block, tile_item item) {
  return item.key + TILE_KEYS >= keys_of(block, item.query);
}

// The item's queries times its keys.
INLINE void score_tiles(
  const ck_attention_block *block, tile_item item, const uint16_t *q, size_t width, float *scores, tile_weighing *w
) {
  const size_t bytes = width * sizeof *q, panel = width * CK_PAIR_PANEL, columns = columns_of(block, item);
  const uint16_t *keys = (const uint16_t *)block->keys_packed + item.key * width;
  for (size_t c = 0; c < columns; c += 2 * CK_PAIR_PANEL, keys += 2 * panel) {
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
    for (size_t k = 0; k < width; k += CK_PAIR_STEP) {
      TILE_LOAD(4, q + k, bytes);
      TILE_LOAD(6, keys + k * CK_PAIR_PANEL, 64);
      TILE_ADD_PRODUCT(0, 4, 6);
      weigh_tile_row(w);
      TILE_LOAD(7, keys + panel + k * CK_PAIR_PANEL, 64);
      TILE_ADD_PRODUCT(1, 4, 7);
      weigh_tile_row(w);
      TILE_LOAD(5, q + CK_TILE_ROWS * width + k, bytes);
      TILE_ADD_PRODUCT(2, 5, 6);
      weigh_tile_row(w);
      TILE_ADD_PRODUCT(3, 5, 7);
      weigh_tile_row(w);
    }
    TILE_STORE(0, scores + c, TILE_KEYS * sizeof *scores);
    TILE_STORE(1, scores + c + CK_PAIR_PANEL, TILE_KEYS * sizeof *scores);
    TILE_STORE(2, scores + CK_TILE_ROWS * TILE_KEYS + c, TILE_KEYS * sizeof *scores);
    TILE_STORE(3, scores + CK_TILE_ROWS * TILE_KEYS + c + CK_PAIR_PANEL, TILE_KEYS * sizeof *scores);
  }
}

// Adds the item's weights times its values to the results; `half`, only the first of two panels.
INLINE void add_values_to(
  bool half, const ck_attention_block *block, tile_item item, size_t c, const uint16_t *weights, float *result,
  size_t width, tile_weighing *w
) {
  const size_t padded_keys = ck_round_up(block->keys, CK_PAIR_STEP), panel = padded_keys * CK_PAIR_PANEL;
  const uint16_t *values = (const uint16_t *)block->values_packed + c * padded_keys + item.key * CK_PAIR_PANEL;
  const size_t bytes = width * sizeof *result, columns = columns_of(block, item);
  float *top = result + c, *bottom = result + CK_TILE_ROWS * width + c;
  if (item.key == 0) {
    TILE_ZERO(0);
    TILE_ZERO(2);
    if (!half) TILE_ZERO(1);
    if (!half) TILE_ZERO(3);
  } else {
    TILE_LOAD(0, top, bytes);
    TILE_LOAD(2, bottom, bytes);
    if (!half) TILE_LOAD(1, top + CK_PAIR_PANEL, bytes);
    if (!half) TILE_LOAD(3, bottom + CK_PAIR_PANEL, bytes);
  }
  for (size_t k = 0; k < columns; k += CK_PAIR_STEP) {
    TILE_LOAD(4, weights + k, TILE_KEYS * sizeof *weights);
    TILE_LOAD(6, values + k * CK_PAIR_PANEL, 64);
    TILE_ADD_PRODUCT(0, 4, 6);
    weigh_tile_row(w);
    if (!half) {
      TILE_LOAD(7, values + panel + k * CK_PAIR_PANEL, 64);
      TILE_ADD_PRODUCT(1, 4, 7);
      weigh_tile_row(w);
    }
    TILE_LOAD(5, weights + CK_TILE_ROWS * TILE_KEYS + k, TILE_KEYS * sizeof *weights);
    TILE_ADD_PRODUCT(2, 5, 6);
    weigh_tile_row(w);
    if (!half) {
      TILE_ADD_PRODUCT(3, 5, 7);
      weigh_tile_row(w);
    }
  }
  TILE_STORE(0, top, bytes);
  TILE_STORE(2, bottom, bytes);
  if (!half) TILE_STORE(1, top + CK_PAIR_PANEL, bytes);
  if (!half) TILE_STORE(3, bottom + CK_PAIR_PANEL, bytes);
}

// Copies 32 queries, those that do not exist as zeros.
INLINE void copy_queries(const ck_attention_block *block, size_t query, uint16_t *q, size_t width) {
  const size_t left = block->queries - query, rows = left < TILE_QUERIES ? left : TILE_QUERIES;
  __builtin_memset(q, 0, TILE_QUERIES * width * sizeof *q);
  for (size_t r = 0; r < rows; r++) {
    const uint16_t *row = (const uint16_t *)block->q + (query + r) * block->row_stride;
    __builtin_memcpy(q + r * width, row, block->head_size * sizeof *q);
  }
}

INLINE void write_results(
  const ck_attention_block *block, size_t query, const float *result, size_t width, const float *sums
) {
  for (size_t r = 0; r < TILE_QUERIES && query + r < block->queries; r++) {
    const size_t at = (query + r) * block->row_stride;
    const float quotient = 1.0f / sum_of_lanes(load(CK_F32, sums, r * CK_WIDTH));
    FOR_VECTORS(c, n, block->head_size) {
      const vf x = load(CK_F32, result, r * width + c) * quotient;
      if (n == CK_WIDTH) store(CK_BF16, block->out, at + c, x);
      else store_part(CK_BF16, block->out, at + c, n, x);
    }
  }
}

static void attend_in_tiles(const ck_attention_block *block) {
  const size_t d = block->head_size, width = ck_round_up(d, CK_PAIR_STEP);
  // Two of what two neighbouring items need at once.
  float *scores[2], *max[2], *sums[2], *result = block->scratch, *next_floats = result + TILE_QUERIES * width;
  uint16_t *weights[2];
  for (int i = 0; i < 2; i++) {
    scores[i] = next_floats;
    sums[i] = scores[i] + TILE_QUERIES * TILE_KEYS;
    max[i] = sums[i] + TILE_QUERIES * CK_WIDTH;
    weights[i] = (uint16_t *)(max[i] + TILE_QUERIES);
    next_floats = max[i] + TILE_QUERIES + TILE_QUERIES * TILE_KEYS / 2;
  }
  uint16_t *q = (uint16_t *)next_floats;

  tile_item next = {0}, current = {0}, last = {0};
  bool has_next = block->queries > 0, has_current = false, has_last = false;
  tile_weighing w = {.block = block, .factor = 1.44269504f / __builtin_sqrtf((float)d)};
  begin_tiles();
  for (size_t t = 0; has_next || has_current || has_last; t++) {
    // What was weighed in the turn before is added to now.
    for (size_t i = 0; i < w.grown; i++) {
      float *row = result + w.grown_rows[i] * width;
      for (size_t c = 0; c < width; c += CK_WIDTH) store(CK_F32, row, c, load(CK_F32, row, c) * w.growth[i]);
    }
    const size_t parity = current.query / TILE_QUERIES % 2;
    w.item = current;
    w.columns = has_current ? columns_of(block, current) : 0;
    w.row = has_current ? 0 : TILE_QUERIES;
    w.scores = scores[(t + 1) % 2];
    w.weights = weights[(t + 1) % 2];
    w.max = max[parity];
    w.sums = sums[parity];
    w.grown = 0;
    if (has_next) {
      if (next.key == 0) copy_queries(block, next.query, q, width);
      score_tiles(block, next, q, width, scores[t % 2], &w);
    }
    if (has_last) {
      size_t c = 0;
      for (; c + CK_PAIR_PANEL < d; c += 2 * CK_PAIR_PANEL) {
        add_values_to(false, block, last, c, weights[t % 2], result, width, &w);
      }
      if (c < d) add_values_to(true, block, last, c, weights[t % 2], result, width, &w);
      if (ends_block(block, last)) {
        write_results(block, last.query, result, width, sums[last.query / TILE_QUERIES % 2]);
      }
    }
    while (w.row < TILE_QUERIES) weigh_tile_row(&w);
    (last = current, has_last = has_current);
    (current = next, has_current = has_next);
    if (!has_next) continue;
    if (ends_block(block, next)) next = (tile_item){.query = next.query + TILE_QUERIES};
    else next.key += TILE_KEYS;
    has_next = next.query < block->queries;
  }
  end_tiles();
}
