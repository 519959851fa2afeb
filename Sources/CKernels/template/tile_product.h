// A block of a product in tile registers: row tiles times columns. Included after pair_tile_registers.h's operations.
//
// A tile of sums stays in its register over the whole depth, or a stretch of it. Rows are read where they lie, 16 at a
// constant distance; those of the next tiles are fetched meanwhile into the second-level cache. While 32 x 32 sums are
// computed, the rows of the 32 x 32 before are finished, a few after each step.

// Sums that are complete, and which of their rows are still to be finished.
typedef struct {
  const float *sums;          // [2 row tiles][2 panels][16][16]
  const ck_tile_rows *tiles;  // two
  size_t column, row;         // first column; next of 32 rows
} tile_rest;

INLINE void tile_row(
  ck_activation activation, const float *sums, const float *bias, const void *residual, void *out, size_t at,
  size_t columns
) {
  FOR_VECTORS(c, n, columns) {
    vf x = load(CK_F32, sums, c);
    if (bias) x += n == CK_WIDTH ? load(CK_F32, bias, c) : load_part(CK_F32, bias, c, n);
    x = rough_activated(activation, x);
    if (residual) x += n == CK_WIDTH ? load(CK_BF16, residual, at + c) : load_part(CK_BF16, residual, at + c, n);
    if (n == CK_WIDTH) store(CK_BF16, out, at + c, x);
    else store_part(CK_BF16, out, at + c, n, x);
  }
}

// Finishes up to `count` rows.
INLINE void finish_tile_rows(
  const ck_tile_product *tiles, ck_activation activation, bool gated, tile_rest *rest, size_t count
) {
  const ck_product *product = tiles->product;
  const size_t out = gated ? product->shape.out / 2 : product->shape.out;
  const size_t column = gated ? rest->column / 2 : rest->column;
  const size_t end = rest->row + count < 2 * CK_TILE_ROWS ? rest->row + count : 2 * CK_TILE_ROWS;
  const float *bias = product->bias ? product->bias + column : NULL;
  for (; rest->row < end; rest->row++) {
    const ck_tile_rows *tile = &rest->tiles[rest->row / CK_TILE_ROWS];
    const size_t r = rest->row % CK_TILE_ROWS;
    if (r >= tile->rows) continue;
    const float *sums = rest->sums + rest->row / CK_TILE_ROWS * 512 + r * CK_PAIR_PANEL, *second = sums + 256;
    const size_t at = (tiles->first_row + tile->row + r * tiles->row_step) * out + column, left = out - column;
    const size_t columns = left < CK_PAIR_PANEL ? left : CK_PAIR_PANEL;
    if (gated) {
      gated_row(sums, second, bias, product->out, at, columns, out);
      continue;
    }
    tile_row(activation, sums, bias, product->residual, product->out, at, columns);
    if (left <= CK_PAIR_PANEL) continue;
    tile_row(
      activation, second, bias ? bias + CK_PAIR_PANEL : NULL, product->residual, product->out, at + CK_PAIR_PANEL,
      left < 2 * CK_PAIR_PANEL ? left - CK_PAIR_PANEL : CK_PAIR_PANEL);
  }
}

// What to fetch into the second-level cache: so many lines in each step.
typedef struct { const char *next; size_t lines; } tiles_ahead;

// Adds the steps first ..< end to 32 x 32 sums; `b` are two panels from their first step on.
INLINE void multiply_tile_steps(
  const ck_tile_product *tiles, const ck_tile_rows *rows, const char *b, size_t first, size_t end, float *sums,
  tiles_ahead ahead, tile_rest *rest, ck_activation activation, bool gated
) {
  const size_t row_bytes = tiles->row_bytes, panel = tiles->steps * CK_TILE_BYTES;
  const size_t count = (2 * CK_TILE_ROWS + end - first - 1) / (end - first);
  const char *a0 = rows[0].a, *a1 = rows[1].a;
  if (first == 0) {
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
  } else {
    TILE_LOAD(0, sums, 64);
    TILE_LOAD(1, sums + 256, 64);
    TILE_LOAD(2, sums + 512, 64);
    TILE_LOAD(3, sums + 768, 64);
  }
  for (size_t s = first; s < end; s++) {
    const ptrdiff_t offset = tiles->offsets[s];
    TILE_LOAD(6, b + s * CK_TILE_BYTES, 64);
    TILE_LOAD(4, a0 + offset, row_bytes);
    TILE_ADD_PRODUCT(0, 4, 6);
    TILE_LOAD(7, b + panel + s * CK_TILE_BYTES, 64);
    TILE_ADD_PRODUCT(1, 4, 7);
    TILE_LOAD(5, a1 + offset, row_bytes);
    TILE_ADD_PRODUCT(2, 5, 6);
    TILE_ADD_PRODUCT(3, 5, 7);
    for (size_t i = 0; i < ahead.lines; i++, ahead.next += 64) __builtin_prefetch(ahead.next, 0, 2);
    finish_tile_rows(tiles, activation, gated, rest, count);
  }
  TILE_STORE(0, sums, 64);
  TILE_STORE(1, sums + 256, 64);
  TILE_STORE(2, sums + 512, 64);
  TILE_STORE(3, sums + 768, 64);
}

// Of the rows of the next pair of tiles, the part that belongs to block `i` of `blocks`.
INLINE tiles_ahead rows_ahead(const ck_tile_product *tiles, const ck_tile_rows *next, size_t i, size_t blocks) {
  const size_t bytes = 2 * CK_TILE_ROWS * tiles->row_bytes, steps = blocks * tiles->steps;
  const size_t lines = (bytes / 64 + steps - 1) / steps, at = i * tiles->steps * lines * 64;
  return (tiles_ahead){.next = next->a + tiles->ahead + at, .lines = at < bytes ? lines : 0};
}

// Of `steps` steps of two panels, the part that belongs to block `i` of `blocks`: each fetches of one panel.
INLINE tiles_ahead weights_ahead(const ck_tile_product *tiles, const char *next, size_t steps, size_t i, size_t blocks) {
  const size_t of_panel = blocks > 1 ? blocks / 2 : 1, lines = (CK_TILE_BYTES / 64 + of_panel - 1) / of_panel;
  const size_t panel = i / of_panel, at = i % of_panel * steps * lines * 64;
  const bool exists = panel < 2 && at < steps * CK_TILE_BYTES;
  return (tiles_ahead){.next = next + panel * tiles->steps * CK_TILE_BYTES + at, .lines = exists ? lines : 0};
}

INLINE void multiply_tiles_as(const ck_tile_block *block, float *scratch, ck_activation activation, bool gated) {
  const ck_tile_product *tiles = block->product;
  const ck_tile_rows *rows = tiles->rows + 2 * block->first_pair;
  const size_t steps = tiles->steps, panel = steps * CK_TILE_BYTES, pairs = block->pairs, across = block->columns / 32;
  // Columns whose sums wait together for the next stretch of the depth.
  const size_t most = tiles->rows_outside ? across : tiles->stretch < steps ? CK_TILE_GROUP : 1;
  tile_rest rest = {.row = 2 * CK_TILE_ROWS};
  begin_tiles();
  for (size_t c = 0; c < across; c += most) {
    const size_t group = across - c < most ? across - c : most;
    for (size_t first = 0; first < steps; first += tiles->stretch) {
      const size_t end = steps - first < tiles->stretch ? steps : first + tiles->stretch;
      for (size_t i = 0; i < group * pairs; i++) {
        const size_t r = tiles->rows_outside ? i / group : i % pairs, g = tiles->rows_outside ? i % group : i / pairs;
        const size_t column = block->first_column + 32 * (c + g);
        const char *b = (const char *)tiles->weights + column / CK_PAIR_PANEL * panel;
        tiles_ahead ahead = {0};
        if (!tiles->rows_outside) {
          const char *next = end < steps ? b + end * CK_TILE_BYTES : b + 2 * most * panel;
          ahead = weights_ahead(tiles, next, end < steps ? end - first : tiles->stretch, r, pairs);
        } else if (r + 1 < pairs) {
          ahead = rows_ahead(tiles, rows + 2 * (r + 1), g, group);
        }
        float *sums = end - first < steps ? scratch + (g * CK_TILE_FEW_PAIRS + r) * 1024 : scratch;
        multiply_tile_steps(tiles, rows + 2 * r, b, first, end, sums, ahead, &rest, activation, gated);
        if (end == steps) rest = (tile_rest){.sums = sums, .tiles = rows + 2 * r, .column = column};
      }
    }
  }
  end_tiles();
  finish_tile_rows(tiles, activation, gated, &rest, 2 * CK_TILE_ROWS);
}

static void multiply_tile_block(const ck_tile_block *block, float *scratch) {
  const ck_product *product = block->product->product;
  if (product->shape.gated) return multiply_tiles_as(block, scratch, CK_IDENTITY, true);
#define MULTIPLY(ACTIVATION) multiply_tiles_as(block, scratch, ACTIVATION, false)
  FOR_ACTIVATION(product->activation, MULTIPLY)
#undef MULTIPLY
}
