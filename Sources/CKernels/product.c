#include "kernels.h"
#include "parallel.h"

#include <string.h>

typedef struct {
  const ck_kernels *kernels;
  ck_product_shape shape;
  size_t element_size;
  const size_t *strides;
  const char *weights;
  char *packed;
} pack_job;

// Input channels packed together when a column is read at a time: a panel of so many stays in the nearest caches.
enum { PACK_CHANNELS = 64 };

// One panel, [tap][channel][column] from weights of any strides. `size` is a constant for the compiler.
static inline __attribute__((always_inline)) void pack_panel(const pack_job *job, size_t panel, size_t size) {
  const size_t width = job->kernels->panel, *strides = job->strides, channels = job->shape.in;
  const size_t taps = job->shape.kernel_height * job->shape.kernel_width;
  const size_t first = panel * width, left = job->shape.out - first, columns = left < width ? left : width;
  char *out = job->packed + first * taps * channels * size;
  const char *weights = job->weights + first * strides[0] * size;
  if (columns < width) memset(out, 0, width * taps * channels * size);
  if (strides[0] == 1) {
    for (size_t tap = 0; tap < taps; tap++) {
      for (size_t c = 0; c < channels; c++) {
        memcpy(out + (tap * channels + c) * width * size, weights + (c * strides[1] + tap * strides[2]) * size,
               columns * size);
      }
    }
    return;
  }
  // Reading runs along a column, whose elements are neighbours in a checkpoint; writing jumps, but within the caches.
  for (size_t begin = 0; begin < channels; begin += PACK_CHANNELS) {
    const size_t end = channels - begin > PACK_CHANNELS ? begin + PACK_CHANNELS : channels;
    for (size_t column = 0; column < columns; column++) {
      for (size_t c = begin; c < end; c++) {
        const char *in = weights + (column * strides[0] + c * strides[1]) * size;
        for (size_t tap = 0; tap < taps; tap++) {
          memcpy(out + ((tap * channels + c) * width + column) * size, in + tap * strides[2] * size, size);
        }
      }
    }
  }
}

static void pack_panels(void *context, unsigned thread, size_t begin, size_t end) {
  const pack_job *job = context;
  for (size_t panel = begin; panel < end; panel++) {
    if (job->element_size == 4) pack_panel(job, panel, 4);
    else pack_panel(job, panel, 2);
  }
}

size_t ck_packed_weight_count(ck_device device, ck_product_shape shape) {
  return ck_round_up(shape.out, device.kernels->panel) * ck_product_depth(&shape);
}

void ck_pack_weights(
  ck_device device, ck_type type, ck_product_shape shape, const void *weights, const size_t strides[3], void *packed
) {
  pack_job job = {
    .kernels = device.kernels, .shape = shape, .element_size = ck_element_size(type), .strides = strides,
    .weights = weights, .packed = packed,
  };
  ck_parallel(device, (shape.out + device.kernels->panel - 1) / device.kernels->panel, 1, pack_panels, &job);
}

bool ck_has_pairs(ck_device device) { return device.kernels->multiply_pair_block != NULL; }

size_t ck_packed_pair_count(ck_product_shape shape) {
  return ck_round_up(shape.out, CK_PAIR_STEP) * ck_round_up(ck_product_depth(&shape), CK_PAIR_STEP);
}

// One panel, [depth / 2][column][2], where the depth is [tap][channel].
static void pack_pair_panels(void *context, unsigned thread, size_t begin, size_t end) {
  const pack_job *job = context;
  const size_t channels = job->shape.in, taps = job->shape.kernel_height * job->shape.kernel_width;
  const size_t depth = channels * taps, panel = CK_PAIR_PANEL * ck_round_up(depth, CK_PAIR_STEP);
  for (size_t index = begin; index < end; index++) {
    uint16_t *out = (uint16_t *)job->packed + index * panel;
    memset(out, 0, panel * sizeof *out);
    for (size_t column = 0; column < CK_PAIR_PANEL && index * CK_PAIR_PANEL + column < job->shape.out; column++) {
      const uint16_t *in = (const uint16_t *)job->weights + (index * CK_PAIR_PANEL + column) * job->strides[0];
      for (size_t c = 0; c < channels; c++) {
        for (size_t tap = 0; tap < taps; tap++) {
          const size_t k = tap * channels + c;
          out[k / 2 * 2 * CK_PAIR_PANEL + 2 * column + k % 2] = in[c * job->strides[1] + tap * job->strides[2]];
        }
      }
    }
  }
}

void ck_pack_weight_pairs(
  ck_device device, ck_product_shape shape, const void *weights, const size_t strides[3], void *packed
) {
  pack_job job = {.shape = shape, .strides = strides, .weights = weights, .packed = packed};
  ck_parallel(device, ck_round_up(shape.out, CK_PAIR_STEP) / CK_PAIR_PANEL, 1, pack_pair_panels, &job);
}

typedef struct {
  const ck_kernels *kernels;
  const ck_product *product;
  size_t rows, row_blocks, columns;  // columns of a block
  float *scratch;
} product_job;

static void product_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const product_job *job = context;
  for (size_t piece = begin; piece < end; piece++) {
    // All rows with some columns, then with the next: weights are read from memory once.
    const size_t row = piece % job->row_blocks * CK_PRODUCT_ROWS, out = job->product->shape.out;
    const size_t column = piece / job->row_blocks * job->columns;
    const ck_product_block block = {
      .product = job->product, .first_row = row, .first_column = column,
      .rows = job->rows - row < CK_PRODUCT_ROWS ? job->rows - row : CK_PRODUCT_ROWS,
      .columns = out - column < job->columns ? out - column : job->columns,
    };
    float *scratch = job->scratch + thread * CK_PRODUCT_SCRATCH_FLOATS;
    if (job->product->pairs) job->kernels->multiply_pair_block(&block, scratch);
    else job->kernels->multiply_block(&block, scratch);
  }
}

size_t ck_product_scratch_bytes(ck_device device) {
  return device.threads * CK_PRODUCT_SCRATCH_FLOATS * sizeof(float);
}

void ck_multiply(ck_device device, const ck_product *product, void *scratch) {
  const size_t rows = product->shape.images * product->shape.out_height * product->shape.out_width;
  const size_t row_blocks = (rows + CK_PRODUCT_ROWS - 1) / CK_PRODUCT_ROWS;
  // Wide blocks gather fewer rows; narrow ones give every thread something to do.
  size_t columns = CK_PRODUCT_COLUMNS;
  while (columns > 64 && row_blocks * ((product->shape.out + columns - 1) / columns) < 4 * device.threads) columns /= 2;
  product_job job = {
    .kernels = device.kernels, .product = product, .rows = rows, .row_blocks = row_blocks, .columns = columns,
    .scratch = scratch,
  };
  ck_parallel(
    device, row_blocks * ((product->shape.out + columns - 1) / columns), 1, product_piece, &job);
}
