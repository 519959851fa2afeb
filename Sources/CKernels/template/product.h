// A block of a product: some rows of the result, some panels of its columns. Included once per instruction set.
//
// Blocked as by Goto and van de Geijn (Anatomy of High-Performance Matrix Multiplication, 2008): a stretch of the rows
// is gathered into the second-level cache, a stretch of a panel of weights stays in the first.

// Elements first ..< end of the row that a row of the result is computed from: all taps of the kernel, channels inmost.
INLINE void gather_row(
  ck_type type, ck_type out_type, const ck_product *product, size_t row, size_t first, size_t end, void *out
) {
  const ck_product_shape *shape = &product->shape;
  const size_t size = ck_element_size(out_type);
  const size_t column = row % shape->out_width, line = row / shape->out_width % shape->out_height;
  const size_t image = row / shape->out_width / shape->out_height;
  for (size_t k = first, n; k < end; k += n, out = (char *)out + n * size) {
    const size_t tap = k / shape->in, channel = k % shape->in;
    const ck_channels from = ck_channels_from(product, channel);
    n = from.left < end - k ? from.left : end - k;
    // Above and left of the image these wrap around to huge numbers.
    const size_t i = line * shape->stride + tap / shape->kernel_width - shape->top;
    const size_t j = column * shape->stride + tap % shape->kernel_width - shape->left;
    if (i >= shape->height || j >= shape->width) {
      __builtin_memset(out, 0, n * size);
      continue;
    }
    const size_t at = ((image * shape->height + i) * shape->width + j) * from.pixel + from.channel;
    if (type == out_type) __builtin_memcpy(out, (const char *)from.x + at * size, n * size);
    else widen((const uint16_t *)from.x + at, out, n);
  }
}

INLINE void finish_row(
  ck_type type, ck_activation activation, const float *sums, const float *bias, const void *residual, void *out,
  size_t at, size_t columns
) {
  FOR_VECTORS(c, n, columns) {
    vf x = load(CK_F32, sums, c);
    if (bias) x += n == CK_WIDTH ? load(CK_F32, bias, c) : load_part(CK_F32, bias, c, n);
    x = activated_as(type, activation, x);
    if (residual) x += n == CK_WIDTH ? load(type, residual, at + c) : load_part(type, residual, at + c, n);
    if (n == CK_WIDTH) store(type, out, at + c, x);
    else store_part(type, out, at + c, n, x);
  }
}

static void finish_rows(const ck_product_block *block, const float *sums) {
  const ck_product *product = block->product;
  const float *bias = product->bias ? product->bias + block->first_column : NULL;
  for (size_t r = 0; r < block->rows; r++, sums += CK_PRODUCT_COLUMNS) {
    const size_t at = (block->first_row + r) * product->shape.out + block->first_column;
#define FINISH(ACTIVATION) \
  FOR_TYPE(product->out_type, finish_row, ACTIVATION, sums, bias, product->residual, product->out, at, block->columns)
    FOR_ACTIVATION(product->activation, FINISH)
#undef FINISH
  }
}

static void multiply_block(const ck_product_block *block, float *scratch) {
  const ck_product *product = block->product;
  const ck_product_shape *shape = &product->shape;
  const size_t depth = ck_product_depth(shape), rows = ck_round_up(block->rows, CK_ROWS);
  const size_t stretches = (depth + CK_PRODUCT_DEPTH - 1) / CK_PRODUCT_DEPTH;
  const size_t stretch = stretches ? (depth + stretches - 1) / stretches : 0;
  float *sums = scratch, *gathered = sums + CK_PRODUCT_ROWS * CK_PRODUCT_COLUMNS;
  float *widened_panel = gathered + CK_PRODUCT_ROWS * CK_PRODUCT_DEPTH;

  __builtin_memset(sums, 0, rows * CK_PRODUCT_COLUMNS * sizeof(float));
  for (size_t first = 0; first < depth; first += stretch) {
    const size_t count = depth - first < stretch ? depth - first : stretch;
    for (size_t r = 0; r < block->rows; r++) {
      const size_t row = block->first_row + r;
      FOR_TYPE(product->x_type, gather_row, CK_F32, product, row, first, first + count, gathered + r * count);
    }
    __builtin_memset(gathered + block->rows * count, 0, (rows - block->rows) * count * sizeof(float));

    for (size_t c = 0; c < block->columns; c += PANEL) {
      const size_t at = (block->first_column + c) * depth + first * PANEL;
      const float *panel = (const float *)product->weights + at;
      if (product->weight_type != CK_STORED_F32) {
        convert(
          product->weight_type, (const uint16_t *)product->weights + at, CK_F32, widened_panel, count * PANEL);
        panel = widened_panel;
      }
      for (size_t r = 0; r < rows; r += CK_ROWS) {
        add_panel(gathered + r * count, count, panel, count, sums + r * CK_PRODUCT_COLUMNS + c, CK_PRODUCT_COLUMNS);
      }
    }
  }
  finish_rows(block, sums);
}
