// A block of a product of bfloat16 with weights packed in pairs. Included by instruction sets that define CK_PAIR_ROWS,
// rows of a tile, CK_PAIR_DEPTH, the step along the depth, CK_PAIR_GROUP, neighbours along the depth that lie side by side,
// and the tile itself:
//
//   pair_tile(panels, accumulate, a, a_stride, b, b_stride, depth, c, c_stride)
//
// computes c [CK_PAIR_ROWS, 16 panels] (+)= a [CK_PAIR_ROWS, depth] times one or two panels b [depth / CK_PAIR_GROUP, 16,
// CK_PAIR_GROUP].

// Rows that are there already, one after the other as the product wants them.
INLINE bool rows_lie_as_wanted(const ck_product_shape *shape) {
  return shape->kernel_height == 1 && shape->kernel_width == 1 && shape->stride == 1 && shape->top == 0 &&
    shape->left == 0 && shape->height == shape->out_height && shape->width == shape->out_width &&
    shape->in % CK_PAIR_STEP == 0;
}

// Sums of values and of their gates take turns, a panel of each.
INLINE void finish_gated_rows(const ck_product_block *block, const float *sums) {
  const ck_product *product = block->product;
  const size_t half = product->shape.out / 2;
  for (size_t r = 0; r < block->rows; r++, sums += CK_PRODUCT_COLUMNS) {
    for (size_t c = 0; c < block->columns; c += 2 * CK_PAIR_PANEL) {
      const size_t column = (block->first_column + c) / 2, left = half - column;
      gated_row(
        sums + c, sums + c + CK_PAIR_PANEL, product->bias ? product->bias + column : NULL, product->out,
        (block->first_row + r) * half + column, left < CK_PAIR_PANEL ? left : CK_PAIR_PANEL, half);
    }
  }
}

static void multiply_pair_block(const ck_product_block *block, float *scratch) {
  const ck_product *product = block->product;
  const ck_product_shape *shape = &product->shape;
  const size_t depth = ck_product_depth(shape), padded = ck_round_up(depth, CK_PAIR_STEP);
  const size_t rows = ck_round_up(block->rows, CK_PAIR_ROWS);
  const size_t stretches = (padded + CK_PAIR_STRETCH - 1) / CK_PAIR_STRETCH;
  const size_t stretch = stretches ? ck_round_up((padded + stretches - 1) / stretches, CK_PAIR_STEP) : 0;
  const bool direct = rows == block->rows && rows_lie_as_wanted(shape);
  float *sums = scratch;
  uint16_t *gathered = (uint16_t *)(sums + CK_PRODUCT_ROWS * CK_PRODUCT_COLUMNS);

  if (padded == 0) __builtin_memset(sums, 0, rows * CK_PRODUCT_COLUMNS * sizeof(float));
  begin_tiles();
  for (size_t first = 0; first < padded; first += stretch) {
    const size_t count = padded - first < stretch ? padded - first : stretch;
    const uint16_t *a = (const uint16_t *)product->x + block->first_row * shape->in + first;
    size_t a_stride = shape->in;
    if (!direct) {
      const size_t end = first + count < depth ? first + count : depth, zeros = first + count - end;
      for (size_t r = 0; r < block->rows; r++) {
        uint16_t *row = gathered + r * count;
        gather_row(CK_BF16, CK_BF16, product, block->first_row + r, first, end, row);
        __builtin_memset(row + count - zeros, 0, zeros * sizeof *row);
      }
      __builtin_memset(gathered + block->rows * count, 0, (rows - block->rows) * count * sizeof *gathered);
      (a = gathered, a_stride = count);
    }
    for (size_t c = 0; c < block->columns; c += 2 * CK_PAIR_PANEL) {
      const uint16_t *b = (const uint16_t *)product->weights + (block->first_column + c) * padded + first * CK_PAIR_PANEL;
      for (size_t r = 0; r < rows; r += CK_PAIR_ROWS) {
        pair_tiles(
          first > 0, a + r * a_stride, a_stride, b, CK_PAIR_PANEL * padded, count, sums + r * CK_PRODUCT_COLUMNS + c,
          CK_PRODUCT_COLUMNS);
      }
    }
  }
  end_tiles();
  if (shape->gated) finish_gated_rows(block, sums);
  else finish_rows(block, sums);
}
