#include "kernels.h"
#include "parallel.h"

#include <string.h>

// How the rows of a product lie in memory for its tiles: 16 rows of a tile at a constant distance, channels filled up to
// whole steps of the depth.
//
// A linear layer's rows are read where they are. An image is copied first, with the zeros around it that the convolution
// asks for, so that every tap of every row is found at an offset that depends on the tap alone. A tile is 16 pixels of a
// line; where lines are narrow and would leave many tiles half empty, each column of the kernel has a copy of its own
// instead, shifted by its distance, whose lines follow each other without a border: then tiles go on from line to line.
typedef struct {
  bool in_place, is_shifted;
  size_t images, lines, width;  // of one copy, at once; pixels of a line
  size_t out_lines;             // that these lines are for, of each image
  size_t pixel, line, image, copy;  // bytes
} tile_image;

// So many bytes of images are copied at once at most, or one line of the result's: few enough to stay in the last-level
// cache until they are read.
static const size_t IMAGE_BYTES = 16 << 20;

static bool rows_lie_as_wanted(const ck_product_shape *shape) {
  return shape->kernel_height == 1 && shape->kernel_width == 1 && shape->stride == 1 && shape->top == 0 &&
    shape->left == 0 && shape->height == shape->out_height && shape->width == shape->out_width &&
    shape->in % CK_PAIR_STEP == 0;
}

static size_t tiles_of(size_t rows) { return (rows + CK_TILE_ROWS - 1) / CK_TILE_ROWS; }

static size_t channels_of(const ck_product_shape *shape) { return ck_round_up(shape->in, CK_PAIR_STEP); }

// For some lines of the results of some images.
static tile_image image_of(const ck_product_shape *shape, size_t images, size_t out_lines) {
  const size_t filled = tiles_of(shape->out_width) * CK_TILE_ROWS;
  tile_image image = {
    .in_place = rows_lie_as_wanted(shape),
    .is_shifted = shape->stride == 1 && !shape->upsampled && 8 * filled > 9 * shape->out_width,
    .images = images, .out_lines = out_lines, .lines = (out_lines - 1) * shape->stride + shape->kernel_height,
    .pixel = channels_of(shape) * sizeof(uint16_t),
  };
  image.width =
    image.is_shifted ? shape->out_width : (shape->out_width - 1) * shape->stride + shape->kernel_width;
  image.line = image.width * image.pixel;
  image.image = image.lines * image.line;
  image.copy = images * image.image;
  return image;
}

static size_t copies(const tile_image *image, const ck_product_shape *shape) {
  return image->is_shifted ? shape->kernel_width : 1;
}

// Bytes of all copies, and of what the last tile reads behind them.
static size_t image_bytes(const tile_image *image, const ck_product_shape *shape) {
  return image->copy * copies(image, shape) + CK_TILE_ROWS * shape->stride * image->pixel;
}

// The images, or lines of one, that are copied at once.
static tile_image largest_image(const ck_product_shape *shape) {
  const tile_image one = image_of(shape, 1, shape->out_height);
  const size_t bytes = one.image * copies(&one, shape), fitting = IMAGE_BYTES / bytes;
  if (fitting > 0) return image_of(shape, fitting < shape->images ? fitting : shape->images, shape->out_height);
  const size_t lines = IMAGE_BYTES / (bytes / one.lines) / shape->stride, needed = shape->kernel_height;
  return image_of(shape, 1, lines > needed ? lines - needed : 1);
}

static size_t tile_count(const tile_image *image, const ck_product_shape *shape) {
  if (image->in_place) return tiles_of(shape->images * shape->out_height * shape->out_width);
  const size_t of_image = image->is_shifted ? tiles_of(image->out_lines * shape->out_width)
                                            : image->out_lines * tiles_of(shape->out_width);
  return image->images * of_image;
}

static size_t steps_of(const ck_product_shape *shape) {
  return channels_of(shape) / CK_PAIR_STEP * ck_tile_taps(shape);
}

// What tiles go over: of an upsampled product, the pixels it is made of.
static ck_product_shape tiled(ck_product_shape shape) {
  if (shape.upsampled) (shape.out_height = shape.height, shape.out_width = shape.width);
  return shape;
}

// Parts of a product's working memory, in bytes.
typedef struct { size_t sums, image, rows, offsets; } tile_memory;

static tile_memory memory_of(ck_device device, const ck_product_shape *shape, const tile_image *image) {
  const size_t last_rows = CK_TILE_ROWS * image->pixel;
  return (tile_memory){
    .sums = device.threads * CK_TILE_SCRATCH_FLOATS * sizeof(float),
    .image = ck_round_up(image->in_place ? last_rows : image_bytes(image, shape), 64),
    .rows = ck_round_up((tile_count(image, shape) + 1) * sizeof(ck_tile_rows), 64),
    .offsets = steps_of(shape) * sizeof(ptrdiff_t),
  };
}

size_t ck_tile_scratch_bytes(ck_device device, const ck_product_shape *shape) {
  if (shape->images * shape->out_height * shape->out_width == 0) return 0;
  const ck_product_shape small = tiled(*shape);
  const tile_image image = largest_image(&small);
  const tile_memory memory = memory_of(device, &small, &image);
  return memory.sums + memory.image + memory.rows + memory.offsets;
}

typedef struct {
  const ck_kernels *kernels;
  const ck_product_shape *shape;
  const ck_product *product;
  const tile_image *image;
  size_t first_image, first_line;
  char *copies;
} image_job;

// Copies pixels that lie side by side, `row` being the first, normalised if they are to be.
static void copy_pixels(const image_job *job, size_t image, size_t row, size_t count, char *out) {
  const ck_norm *norm = job->product->norm;
  const size_t in = job->shape->in;
  for (size_t channel = 0; channel < in;) {
    const ck_channels from = ck_channels_from(job->product, channel);
    const char *x = (const char *)from.x + row * from.pixel * sizeof(uint16_t);
    if (norm != NULL) {
      const float *mean = norm->statistics + image * 2 * in;
      job->kernels->normalise(CK_BF16, norm->activation, x, count, in, mean, mean + in, norm->bias, out);
    } else if (from.left == in) {
      memcpy(out, x, count * in * sizeof(uint16_t));
    } else {
      const size_t bytes = from.pixel * sizeof(uint16_t);
      for (size_t j = 0; j < count; j++) {
        memcpy(out + (j * in + channel) * sizeof(uint16_t), x + j * bytes, bytes);
      }
    }
    channel += from.left;
  }
}

// Copies lines, of the copies' as they follow each other.
static void copy_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const image_job *job = context;
  const ck_product_shape *shape = job->shape;
  const tile_image *image = job->image;
  const size_t bytes = shape->in * sizeof(uint16_t);
  for (size_t piece = begin; piece < end; piece++) {
    char *line = job->copies + piece * image->line;
    const size_t copy = piece / (image->images * image->lines), i = piece / image->lines % image->images;
    // Above the image this wraps around to a huge number.
    const size_t y = job->first_line * shape->stride + piece % image->lines - shape->top;
    const size_t before = shape->left > copy ? shape->left - copy : 0;
    const size_t skipped = copy > shape->left ? copy - shape->left : 0;
    const size_t first = before < image->width ? before : image->width;
    const size_t there = shape->width > skipped ? shape->width - skipped : 0;
    const size_t count = y >= shape->height ? 0 : there < image->width - first ? there : image->width - first;
    const size_t row = ((job->first_image + i) * shape->height + y) * shape->width + skipped;
    memset(line, 0, first * image->pixel);
    line += first * image->pixel;
    if (count == 0) {
      // Above or below the image, there is nothing to look at.
    } else if (bytes == image->pixel) {
      copy_pixels(job, job->first_image + i, row, count, line);
    } else {
      for (size_t j = 0; j < count; j++) {
        copy_pixels(job, job->first_image + i, row + j, 1, line + j * image->pixel);
        memset(line + j * image->pixel + bytes, 0, image->pixel - bytes);
      }
    }
    memset(line + count * image->pixel, 0, (image->width - first - count) * image->pixel);
  }
}

// Lists the tiles of the copied lines' results.
static size_t list_tiles(const image_job *job, ck_tile_rows *rows) {
  const ck_product_shape *shape = job->shape;
  const tile_image *image = job->image;
  // Of an upsampled product, the first of the four results of each pixel.
  const size_t times = shape->upsampled ? 2 : 1;
  // Runs of results whose pixels lie at a constant distance.
  const size_t run = image->is_shifted ? image->out_lines * shape->out_width : shape->out_width;
  const size_t runs = image->is_shifted ? 1 : image->out_lines;
  size_t count = 0;
  for (size_t i = 0; i < image->images; i++) {
    for (size_t j = 0; j < runs; j++) {
      const char *a = job->copies + i * image->image + j * shape->stride * image->line;
      const size_t line = (job->first_image + i) * shape->out_height + job->first_line + j;
      for (size_t k = 0; k < run; k += CK_TILE_ROWS, count++) {
        const size_t left = run - k;
        rows[count] = (ck_tile_rows){
          .a = a + k * shape->stride * image->pixel, .row = (line * times * shape->out_width + k) * times,
          .rows = left < CK_TILE_ROWS ? left : CK_TILE_ROWS,
        };
      }
    }
  }
  return count;
}

// The tiles of rows that are read in place; the last few, which fill no tile, are copied.
static size_t list_rows(const ck_product *product, char *last, ck_tile_rows *rows) {
  const ck_product_shape *shape = &product->shape;
  const size_t total = shape->images * shape->out_height * shape->out_width, bytes = shape->in * sizeof(uint16_t);
  size_t count = 0;
  for (size_t row = 0; row < total; row += CK_TILE_ROWS, count++) {
    const size_t left = total - row;
    rows[count] = (ck_tile_rows){
      .a = (const char *)product->x + row * bytes, .row = row, .rows = left < CK_TILE_ROWS ? left : CK_TILE_ROWS,
    };
    if (left >= CK_TILE_ROWS) continue;
    memcpy(last, rows[count].a, left * bytes);
    memset(last + left * bytes, 0, (CK_TILE_ROWS - left) * bytes);
    rows[count].a = last;
  }
  return count;
}

// Where each step of the depth lies, in the order of packed weights: [32 channels][tap]. Of an upsampled product, for
// results in odd or even lines and columns.
static void list_offsets(
  const ck_product_shape *shape, const tile_image *image, size_t odd_line, size_t odd_column, ptrdiff_t *offsets
) {
  const size_t shift = image->is_shifted ? image->copy : image->pixel;
  const size_t height = shape->upsampled ? 2 : shape->kernel_height, width = shape->upsampled ? 2 : shape->kernel_width;
  for (size_t channel = 0; channel < channels_of(shape); channel += CK_PAIR_STEP) {
    for (size_t y = odd_line; y < odd_line + height; y++) {
      for (size_t x = odd_column; x < odd_column + width; x++) {
        *offsets++ = (ptrdiff_t)(y * image->line + x * shift + channel * sizeof(uint16_t));
      }
    }
  }
}

// Weights of a block of columns at most: half of a second-level cache.
static const size_t WEIGHT_BYTES = 1 << 20;
// Rows of this many bytes at most stay in a second-level cache while all columns pass.
static const size_t ROW_BYTES = 3 << 19;

typedef struct {
  const ck_kernels *kernels;
  ck_tile_product product;
  size_t pairs, columns;              // all of them
  size_t block_pairs, block_columns;  // of a piece
  float *scratch;
} tile_job;

static size_t pieces_of(size_t count, size_t block) { return (count + block - 1) / block; }

static void multiply_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const tile_job *job = context;
  const size_t row_blocks = pieces_of(job->pairs, job->block_pairs);
  for (size_t piece = begin; piece < end; piece++) {
    const size_t pair = piece % row_blocks * job->block_pairs, column = piece / row_blocks * job->block_columns;
    const ck_tile_block block = {
      .product = &job->product, .first_pair = pair, .first_column = column,
      .pairs = job->pairs - pair < job->block_pairs ? job->pairs - pair : job->block_pairs,
      .columns = job->columns - column < job->block_columns ? job->columns - column : job->block_columns,
    };
    job->kernels->multiply_tiles(&block, job->scratch + thread * CK_TILE_SCRATCH_FLOATS);
  }
}

// Chooses the order of computing and the pieces. Results do not depend on them: each is one sum over the whole depth in
// one order.
static void choose_blocks(ck_device device, tile_job *job) {
  ck_tile_product *product = &job->product;
  const ck_product_shape *shape = &product->product->shape;
  const size_t across = job->columns / 32, wanted = 2 * device.threads, taps = ck_tile_taps(shape);
  const bool few = job->pairs <= CK_TILE_FEW_PAIRS;
  const bool in_stretches = few && taps > 1 && product->steps > 8 * taps;
  product->stretch = in_stretches ? 8 * taps : product->steps;
  product->rows_outside = !in_stretches && !(few && job->pairs * 32 * shape->in * sizeof(uint16_t) <= ROW_BYTES);
  job->block_pairs = job->pairs;
  if (!product->rows_outside) {
    // Weights are read once, by one thread or another.
    job->block_columns = pieces_of(across, wanted) * 32;
    return;
  }
  // Rows are outside, a block of columns stays in the second-level cache. Where rows are too few to be shared, threads
  // share the columns.
  const size_t fitting = WEIGHT_BYTES / (2 * product->steps * CK_TILE_BYTES), most = fitting < across ? fitting : across;
  size_t blocks = pieces_of(across, most ? most : 1);
  const bool shares_rows = job->pairs >= 32;
  if (!shares_rows && blocks < wanted) blocks = wanted;
  job->block_columns = pieces_of(across, blocks) * 32;
  if (!shares_rows) return;
  const size_t row_blocks = pieces_of(wanted, pieces_of(job->columns, job->block_columns));
  job->block_pairs = pieces_of(job->pairs, row_blocks);
}

static void multiply_listed(ck_device device, tile_job *job, ck_tile_rows *rows, size_t count) {
  // Tiles are multiplied in pairs: of the last one, nothing may be written.
  if (count % 2) rows[count] = (ck_tile_rows){.a = rows[count - 1].a, .row = 0, .rows = 0};
  job->product.rows = rows;
  job->pairs = (count + 1) / 2;
  choose_blocks(device, job);
  const size_t pieces = pieces_of(job->pairs, job->block_pairs) * pieces_of(job->columns, job->block_columns);
  ck_parallel(device, pieces, 1, multiply_piece, job);
}

void ck_multiply_tiles(ck_device device, const ck_product *product, void *scratch) {
  const ck_product_shape small = tiled(product->shape), *shape = &small;
  if (shape->images * shape->out_height * shape->out_width * shape->out == 0) return;
  const tile_image largest = largest_image(shape);
  const tile_memory memory = memory_of(device, shape, &largest);
  char *copied = (char *)scratch + memory.sums;
  ck_tile_rows *rows = (ck_tile_rows *)(copied + memory.image);
  ptrdiff_t *offsets = (ptrdiff_t *)((char *)rows + memory.rows);
  tile_job job = {
    .kernels = device.kernels, .columns = ck_pair_columns(shape), .scratch = scratch,
    .product = {
      .product = product, .offsets = offsets, .steps = steps_of(shape), .row_bytes = shape->stride * largest.pixel,
      .row_step = shape->upsampled ? 2 : 1, .weights = product->weights,
    },
  };
  if (largest.in_place) {
    list_offsets(shape, &largest, 0, 0, offsets);
    return multiply_listed(device, &job, rows, list_rows(product, copied, rows));
  }
  for (size_t i = 0; i < shape->images; i += largest.images) {
    for (size_t line = 0; line < shape->out_height; line += largest.out_lines) {
      const size_t images = shape->images - i < largest.images ? shape->images - i : largest.images;
      const size_t lines = shape->out_height - line < largest.out_lines ? shape->out_height - line : largest.out_lines;
      const tile_image image = image_of(shape, images, lines);
      image_job copying = {
        .kernels = device.kernels, .shape = shape, .product = product, .image = &image, .first_image = i,
        .first_line = line, .copies = copied,
      };
      ck_parallel(device, copies(&image, shape) * images * image.lines, 4, copy_piece, &copying);
      // The rows above have brought all lines but the last.
      job.product.ahead = image.is_shifted ? 0 : (ptrdiff_t)((shape->kernel_height - 1) * image.line);
      const size_t count = list_tiles(&copying, rows);
      for (size_t parity = 0; parity < (shape->upsampled ? 4 : 1); parity++) {
        list_offsets(shape, &image, parity / 2, parity % 2, offsets);
        job.product.first_row = parity / 2 * product->shape.out_width + parity % 2;
        job.product.weights =
          (const char *)product->weights + parity * job.columns / CK_PAIR_PANEL * job.product.steps * CK_TILE_BYTES;
        multiply_listed(device, &job, rows, count);
      }
    }
  }
}
