#include "kernels.h"
#include "parallel.h"

typedef struct {
  const ck_kernels *kernels;
  const ck_product *product;
  size_t rows, row_blocks;
  size_t all_columns, columns;  // packed ones; those of a block
  float *scratch;
} product_job;

static void product_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const product_job *job = context;
  for (size_t piece = begin; piece < end; piece++) {
    // All rows with some columns, then with the next: weights are read from memory once.
    const size_t row = piece % job->row_blocks * CK_PRODUCT_ROWS;
    const size_t column = piece / job->row_blocks * job->columns, left = job->all_columns - column;
    const ck_product_block block = {
      .product = job->product, .first_row = row, .first_column = column,
      .rows = job->rows - row < CK_PRODUCT_ROWS ? job->rows - row : CK_PRODUCT_ROWS,
      .columns = left < job->columns ? left : job->columns,
    };
    float *scratch = job->scratch + thread * CK_PRODUCT_SCRATCH_FLOATS;
    if (job->product->pairs && job->kernels->multiply_pair_block) job->kernels->multiply_pair_block(&block, scratch);
    else job->kernels->multiply_block(&block, scratch);
  }
}

static bool runs_in_tiles(ck_device device, const ck_product *product) {
  return product->pairs && device.kernels->multiply_tiles != NULL && product->shape.in > 0;
}

size_t ck_product_scratch_bytes(ck_device device, const ck_product *product) {
  if (runs_in_tiles(device, product)) return ck_tile_scratch_bytes(device, &product->shape);
  return device.threads * CK_PRODUCT_SCRATCH_FLOATS * sizeof(float);
}

void ck_multiply(ck_device device, const ck_product *product, void *scratch) {
  if (runs_in_tiles(device, product)) return ck_multiply_tiles(device, product, scratch);
  const size_t rows = product->shape.images * product->shape.out_height * product->shape.out_width;
  const size_t row_blocks = (rows + CK_PRODUCT_ROWS - 1) / CK_PRODUCT_ROWS;
  const size_t all = product->shape.gated ? ck_pair_columns(&product->shape) : product->shape.out;
  // Wide blocks gather fewer rows; narrow ones give every thread something to do.
  size_t columns = CK_PRODUCT_COLUMNS;
  while (columns > 64 && row_blocks * ((all + columns - 1) / columns) < 4 * device.threads) columns /= 2;
  product_job job = {
    .kernels = device.kernels, .product = product, .rows = rows, .row_blocks = row_blocks,
    .all_columns = all, .columns = columns, .scratch = scratch,
  };
  ck_parallel(device, row_blocks * ((all + columns - 1) / columns), 1, product_piece, &job);
}

void ck_add_low_rank(
  ck_device device, const float *up, const float *down, float *weights, size_t rows, size_t rank, size_t columns
) {
  if (rank > 0) device.kernels->add_low_rank(up, down, weights, rows, rank, columns);
}

bool ck_within(ck_device device, const float *x, size_t count, float limit) {
  return device.kernels->within(x, count, limit);
}

void ck_store_as(ck_device device, const float *x, ck_stored to, void *out, size_t count) {
  device.kernels->store_as(x, to, out, count);
}
