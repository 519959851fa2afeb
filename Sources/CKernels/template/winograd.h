// Convolutions with kernels of 3 x 3 by Winograd's minimal filtering F(4 x 4, 3 x 3): 4 x 4 results from 36 products
// instead of 144 (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016). Included once per instruction
// set.
//
// The polynomials are interpolated at 0, +-a, +-b and infinity with a = 1 / sqrt 2 and b = sqrt 2. These points lose
// about half as much to rounding as the usual 0, +-1, +-2: the error stays within twice that of direct sums.

#define WINOGRAD_A 0.707106781f
#define WINOGRAD_B 1.41421356f

// Six values of a line of the image -> what the six products take.
INLINE void transform_image_line(const vf d[6], vf out[6]) {
  const vf even_a = d[4] - 2.0f * d[2], odd_a = WINOGRAD_A * d[3] - WINOGRAD_B * d[1];
  const vf even_b = d[4] - 0.5f * d[2], odd_b = WINOGRAD_B * d[3] - WINOGRAD_A * d[1];
  out[0] = d[0] - 2.5f * d[2] + d[4];
  out[1] = even_a + odd_a;
  out[2] = even_a - odd_a;
  out[3] = even_b + odd_b;
  out[4] = even_b - odd_b;
  out[5] = d[1] - 2.5f * d[3] + d[5];
}

// Three weights of a line of the kernel -> what the six products take.
INLINE void transform_kernel_line(const vf g[3], vf out[6]) {
  const float third = 1.0f / 3, sixth = 1.0f / 6;
  const vf even_a = -2 * third * g[0] - third * g[2], odd_a = -2 * third * WINOGRAD_A * g[1];
  const vf even_b = sixth * g[0] + third * g[2], odd_b = sixth * WINOGRAD_B * g[1];
  out[0] = g[0];
  out[1] = even_a + odd_a;
  out[2] = even_a - odd_a;
  out[3] = even_b + odd_b;
  out[4] = even_b - odd_b;
  out[5] = g[2];
}

// Six products -> four results of a line.
INLINE void transform_result_line(const vf m[6], vf out[4]) {
  const vf sum_a = m[1] + m[2], difference_a = m[1] - m[2], sum_b = m[3] + m[4], difference_b = m[3] - m[4];
  out[0] = m[0] + sum_a + sum_b;
  out[1] = WINOGRAD_A * difference_a + WINOGRAD_B * difference_b;
  out[2] = 0.5f * sum_a + 2.0f * sum_b;
  out[3] = 0.5f * WINOGRAD_A * difference_a + 2.0f * WINOGRAD_B * difference_b + m[5];
}

// `lanes` channels of one tile, all in one vector.
INLINE void transform_image_vector(
  ck_type type, const char *const pixels[36], size_t channel, size_t lanes, size_t stride, float *out
) {
  vf columns[6][6];
  for (int j = 0; j < 6; j++) {
    vf d[6];
    for (int i = 0; i < 6; i++) {
      const char *pixel = pixels[6 * i + j];
      if (pixel == NULL) d[i] = (vf){0};
      else d[i] = lanes == CK_WIDTH ? load(type, pixel, channel) : load_part(type, pixel, channel, lanes);
    }
    vf line[6];
    transform_image_line(d, line);
    for (int i = 0; i < 6; i++) columns[i][j] = line[i];
  }
  for (int i = 0; i < 6; i++) {
    vf line[6];
    transform_image_line(columns[i], line);
    // Behind the last channel of an image begins the next image's, or the next tile.
    for (int j = 0; j < 6; j++) {
      if (lanes == CK_WIDTH) store(CK_F32, out, (6 * i + j) * stride, line[j]);
      else store_part(CK_F32, out, (6 * i + j) * stride, lanes, line[j]);
    }
  }
}

typedef struct {
  size_t image, top, left;
} winograd_tile;

// Where the results of a tile of a group begin.
INLINE winograd_tile tile_of(const ck_winograd_group *group, size_t t) {
  const ck_product_shape *shape = &group->product->shape;
  const size_t line_tiles = (shape->out_width + 3) / 4, image_tiles = (shape->out_height + 3) / 4 * line_tiles;
  const size_t tile = group->first_tile + t;
  return (winograd_tile){
    .image = tile / image_tiles, .top = tile % image_tiles / line_tiles * 4, .left = tile % line_tiles * 4,
  };
}

// Channels of some tiles that lie in one image.
INLINE void transform_channels_of(
  ck_type type, const ck_winograd_group *group, size_t first, size_t end, ck_channels from, size_t count, size_t row,
  float *out
) {
  const ck_product_shape *shape = &group->product->shape;
  const size_t size = ck_element_size(type);
  for (size_t t = first; t < end; t++) {
    const winograd_tile tile = tile_of(group, t);
    // Above and left of the image these wrap around to huge numbers.
    const size_t top = tile.top - shape->top, left = tile.left - shape->left;
    const char *pixels[36];
    for (size_t i = 0; i < 6; i++) {
      for (size_t j = 0; j < 6; j++) {
        const bool inside = t < group->tiles && top + i < shape->height && left + j < shape->width;
        const size_t at = ((tile.image * shape->height + top + i) * shape->width + left + j) * from.pixel;
        pixels[6 * i + j] = inside ? (const char *)from.x + at * size : NULL;
      }
    }
    FOR_VECTORS(c, n, count) {
      transform_image_vector(type, pixels, from.channel + c, n, group->image_stride, out + t * row + c);
    }
  }
}

// `channels` channels of some tiles, beginning at `block`: [36][tile][`row` floats].
INLINE void transform_block_of(
  ck_type type, const ck_winograd_group *group, size_t first, size_t end, size_t block, size_t channels, size_t row,
  float *out
) {
  for (size_t channel = block, count; channel < block + channels; channel += count, out += count) {
    const ck_channels from = ck_channels_from(group->product, channel);
    count = from.left < block + channels - channel ? from.left : block + channels - channel;
    transform_channels_of(type, group, first, end, from, count, row, out);
  }
}

static void transform_image(const ck_winograd_group *group, size_t first, size_t end) {
  const ck_product_shape *shape = &group->product->shape;
  for (size_t block = 0; block < shape->in; block += CK_WINOGRAD_CHANNELS) {
    float *out = group->image + block / CK_WINOGRAD_CHANNELS * group->image_block;
    FOR_TYPE(
      group->product->x_type, transform_block_of, group, first, end, block, ck_winograd_channels(shape, block),
      CK_WINOGRAD_CHANNELS, out);
  }
}

// One panel of weights, [tap][channel][column], of some channels.
INLINE void transform_kernels_of(
  ck_stored type, const void *panel, size_t in, size_t first, size_t channels, size_t stride, float *out
) {
  for (size_t c = 0; c < channels; c++) {
    for (size_t v = 0; v < PANEL; v += CK_WIDTH) {
      vf lines[6][3];
      for (int j = 0; j < 3; j++) {
        vf g[3], line[6];
        for (int i = 0; i < 3; i++) {
          const size_t at = ((3 * i + j) * in + first + c) * PANEL + v;
          g[i] = (vf)converted_bits(type, CK_F32, panel, at, CK_WIDTH);
        }
        transform_kernel_line(g, line);
        for (int i = 0; i < 6; i++) lines[i][j] = line[i];
      }
      for (int i = 0; i < 6; i++) {
        vf line[6];
        transform_kernel_line(lines[i], line);
        for (int j = 0; j < 6; j++) store(CK_F32, out, (6 * i + j) * stride + c * PANEL + v, line[j]);
      }
    }
  }
}

static void transform_kernels(
  const ck_product *product, size_t panel, size_t first, size_t channels, size_t stride, float *out
) {
  const size_t in = product->shape.in, size = ck_stored_size(product->weight_type);
  const void *weights = (const char *)product->weights + panel * 9 * in * PANEL * size;
  switch (product->weight_type) {
    case CK_STORED_F32: transform_kernels_of(CK_STORED_F32, weights, in, first, channels, stride, out); break;
    case CK_STORED_BF16: transform_kernels_of(CK_STORED_BF16, weights, in, first, channels, stride, out); break;
    case CK_STORED_F16: transform_kernels_of(CK_STORED_F16, weights, in, first, channels, stride, out); break;
  }
}

// The products' tiles: three sizes, so that few tiles of an image need few more rows.
TILE(multiply_tiles, CK_ROWS, 2, false, true)
TILE(add_tiles, CK_ROWS, 2, true, true)
TILE(multiply_some_tiles, CK_ROWS / 3 * 2, 2, false, true)
TILE(add_some_tiles, CK_ROWS / 3 * 2, 2, true, true)
TILE(multiply_few_tiles, CK_ROWS / 3, 2, false, true)
TILE(add_few_tiles, CK_ROWS / 3, 2, true, true)

// One of the 36 products: rows of transformed tiles times a panel of transformed kernels.
INLINE void multiply_rows(
  bool accumulate, const float *image, size_t stride, const float *kernels, size_t rows, size_t channels, float *sums
) {
  size_t r = 0;
  for (; r + CK_ROWS <= rows; r += CK_ROWS) {
    (accumulate ? add_tiles : multiply_tiles)(image + r * stride, stride, kernels, channels, sums + r * PANEL, PANEL);
  }
  if (rows - r == CK_ROWS / 3 * 2) {
    (accumulate ? add_some_tiles : multiply_some_tiles)(
      image + r * stride, stride, kernels, channels, sums + r * PANEL, PANEL);
  } else if (rows - r == CK_ROWS / 3) {
    (accumulate ? add_few_tiles : multiply_few_tiles)(
      image + r * stride, stride, kernels, channels, sums + r * PANEL, PANEL);
  }
}

// bias, activation and residual of one vector of one pixel.
INLINE void finish_vector(
  ck_type type, ck_activation activation, const ck_product *product, size_t at, size_t column, size_t lanes, vf x
) {
  const bool whole = lanes == CK_WIDTH;
  if (product->bias) x += whole ? load(CK_F32, product->bias, column) : load_part(CK_F32, product->bias, column, lanes);
  x = activated(activation, x);
  if (product->residual) x += whole ? load(type, product->residual, at) : load_part(type, product->residual, at, lanes);
  if (whole) store(type, product->out, at, x);
  else store_part(type, product->out, at, lanes, x);
}

INLINE size_t first_pixel(const ck_product_shape *shape, winograd_tile tile, size_t line) {
  return (tile.image * shape->out_height + tile.top + line) * shape->out_width + tile.left;
}

// Runs the statement after it for each result of a tile that exists: line i, column j, `pixel` of the output.
#define FOR_PIXELS(shape, tile, i, j, pixel) \
  for (size_t i = 0; i < 4 && (tile).top + i < (shape)->out_height; i++) \
    for (size_t j = 0, pixel = first_pixel(shape, tile, i); j < 4 && (tile).left + j < (shape)->out_width; j++, pixel++)

// Pixels are too far from each other for the processor to guess that they are about to be needed.
INLINE void fetch_results(ck_type type, const ck_winograd_group *group, size_t t, size_t column) {
  if (t >= group->tiles) return;
  const ck_product *product = group->product;
  const winograd_tile tile = tile_of(group, t);
  FOR_PIXELS(&product->shape, tile, i, j, pixel) {
    const size_t at = (pixel * product->shape.out + column) * ck_element_size(type);
    for (size_t line = 0; line < PANEL * ck_element_size(type); line += 64) {
      if (product->residual) __builtin_prefetch((const char *)product->residual + at + line, 0, 2);
      __builtin_prefetch((char *)product->out + at + line, 1, 2);
    }
  }
}

INLINE void transform_results_of(
  ck_type type, ck_activation activation, const ck_winograd_group *group, const float *sums, size_t first_column
) {
  const ck_product *product = group->product;
  const ck_product_shape *shape = &product->shape;
  const size_t columns = shape->out - first_column < PANEL ? shape->out - first_column : PANEL;
  fetch_results(type, group, 0, first_column);
  for (size_t t = 0; t < group->tiles; t++) {
    fetch_results(type, group, t + 1, first_column);
    const winograd_tile tile = tile_of(group, t);
    FOR_VECTORS(v, n, columns) {
      vf lines[4][6], results[4][4];
      for (int j = 0; j < 6; j++) {
        vf m[6], line[4];
        for (int i = 0; i < 6; i++) m[i] = load(CK_F32, sums, (6 * i + j) * group->sums_stride + t * PANEL + v);
        transform_result_line(m, line);
        for (int i = 0; i < 4; i++) lines[i][j] = line[i];
      }
      for (int i = 0; i < 4; i++) transform_result_line(lines[i], results[i]);
      FOR_PIXELS(shape, tile, i, j, pixel) {
        finish_vector(
          type, activation, product, pixel * shape->out + first_column + v, first_column + v, n, results[i][j]);
      }
    }
  }
}

static void transform_results(const ck_winograd_group *group, const float *sums, size_t first_column) {
#define FINISH(ACTIVATION) \
  FOR_TYPE(group->product->out_type, transform_results_of, ACTIVATION, group, sums, first_column)
  FOR_ACTIVATION(group->product->activation, FINISH)
#undef FINISH
}

// Weights that will be transformed next: of each tap, those of some channels.
typedef struct {
  const char *weights;
  size_t tap;    // bytes from one tap to the next
  size_t bytes;  // of a tap
} kernels_ahead;

// Weights are read once a step, from memory, in pieces that are shorter than what a processor foresees.
INLINE kernels_ahead kernels_from(const ck_product *product, size_t panel, size_t channel) {
  const ck_product_shape *shape = &product->shape;
  const size_t size = PANEL * ck_stored_size(product->weight_type);
  if (panel * PANEL >= shape->out) return (kernels_ahead){0};
  return (kernels_ahead){
    .weights = (const char *)product->weights + (panel * 9 * shape->in + channel) * size, .tap = shape->in * size,
    .bytes = ck_winograd_channels(shape, channel) * size,
  };
}

// Part `f` of 36.
INLINE void fetch_kernels(kernels_ahead ahead, size_t f) {
  const char *tap = ahead.weights + f / 4 * ahead.tap;
  for (size_t at = f % 4 * 64; at < ahead.bytes; at += 4 * 64) __builtin_prefetch(tap + at, 0, 2);
}

// All 36 products of a block of channels with a panel of kernels.
INLINE void multiply_block_of_channels(
  const ck_winograd_group *group, bool accumulate, const float *image, size_t row, const float *kernels,
  size_t kernel_stride, size_t channels, kernels_ahead ahead, float *sums
) {
  for (size_t f = 0; f < 36; f++) {
    fetch_kernels(ahead, f);
    const float *a = image + f * group->image_stride, *b = kernels + f * kernel_stride;
    if (accumulate) multiply_rows(true, a, row, b, group->rows, channels, sums + f * group->sums_stride);
    else multiply_rows(false, a, row, b, group->rows, channels, sums + f * group->sums_stride);
  }
}

static void multiply_winograd_panel(const ck_winograd_group *group, size_t panel, float *scratch) {
  const ck_product_shape *shape = &group->product->shape;
  float *kernels = scratch, *sums = kernels + 36 * CK_WINOGRAD_KERNEL_STRIDE;
  for (size_t block = 0; block < shape->in; block += CK_WINOGRAD_CHANNELS) {
    const size_t channels = ck_winograd_channels(shape, block);
    transform_kernels(group->product, panel, block, channels, CK_WINOGRAD_KERNEL_STRIDE, kernels);
    const float *image = group->image + block / CK_WINOGRAD_CHANNELS * group->image_block;
    const bool is_last = block + channels == shape->in;
    const kernels_ahead ahead = kernels_from(group->product, is_last ? panel + 1 : panel, is_last ? 0 : block + channels);
    multiply_block_of_channels(
      group, block > 0, image, CK_WINOGRAD_CHANNELS, kernels, CK_WINOGRAD_KERNEL_STRIDE, channels, ahead, sums);
  }
  transform_results(group, sums, panel * PANEL);
}

static void transform_narrow_kernels(const ck_product *product, size_t panel, size_t block, float *out) {
  const size_t first = block * CK_NARROW_CHANNELS;
  transform_kernels(
    product, panel, first, ck_narrow_channels(&product->shape, first), CK_NARROW_CHANNELS * PANEL + 16, out);
}

static void multiply_narrow_group(const ck_winograd_group *group, const float *kernels, float *sums) {
  const ck_product *product = group->product;
  const ck_product_shape *shape = &product->shape;
  const size_t kernel_stride = CK_NARROW_CHANNELS * PANEL + 16, panels = (shape->out + PANEL - 1) / PANEL;
  const size_t blocks = (shape->in + CK_NARROW_CHANNELS - 1) / CK_NARROW_CHANNELS;
  for (size_t block = 0; block < blocks; block++) {
    const size_t first = block * CK_NARROW_CHANNELS, channels = ck_narrow_channels(shape, first);
    FOR_TYPE(
      product->x_type, transform_block_of, group, 0, group->rows, first, channels, CK_NARROW_CHANNELS, group->image);
    for (size_t panel = 0; panel < panels; panel++) {
      multiply_block_of_channels(
        group, block > 0, group->image, CK_NARROW_CHANNELS, kernels + (panel * blocks + block) * 36 * kernel_stride,
        kernel_stride, channels, (kernels_ahead){0}, sums + panel * 36 * group->sums_stride);
    }
  }
  for (size_t panel = 0; panel < panels; panel++) {
    transform_results(group, sums + panel * 36 * group->sums_stride, panel * PANEL);
  }
}
