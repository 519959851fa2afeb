// What adapters add to weights.
#include "check.h"

#include <math.h>
#include <string.h>

typedef struct {
  size_t rows, rank, columns;
  numbers up, down, weights;
} low_rank;

static bool add(ck_device device, const void *context, void *out) {
  const low_rank *l = context;
  const ck_product_shape shape = {
    .in = l->rank, .out = l->columns, .kernel_height = 1, .kernel_width = 1, .stride = 1,
  };
  const ck_plain_weights plain = {.type = CK_STORED_F32, .transposed = true, .elements = l->down.data};
  void *packed = room(ck_packed_weight_count(device, shape) * 4);
  if (!ck_pack_weights(device, shape, plain, CK_STORED_F32, packed)) return false;
  memcpy(out, l->weights.data, l->rows * l->columns * 4);
  ck_add_low_rank(device, l->up.data, packed, out, l->rows, l->rank, l->columns);
  return true;
}

static void check_sum(size_t rows, size_t rank, size_t columns) {
  const low_rank l = {
    rows, rank, columns, draw(CK_STORED_F32, rows * rank, 1), draw(CK_STORED_F32, rank * columns, 1),
    draw(CK_STORED_F32, rows * columns, 1),
  };
  double *expected = room(rows * columns * sizeof(double));
  for (size_t i = 0; i < rows * columns; i++) {
    expected[i] = l.weights.exact[i];
    for (size_t k = 0; k < rank; k++) {
      expected[i] += l.up.exact[i / columns * rank + k] * l.down.exact[k * columns + i % columns];
    }
  }
  check("low rank", text("%zu x %zu x %zu", rows, rank, columns), CK_F32, rows * columns, expected, SUMS, add, &l);
  release_rooms();
}

// Whether each of some numbers is within a limit when they stand last in a row, as 0 or 1.
static bool ask(ck_device device, const void *context, void *out) {
  const float *numbers = context;
  for (size_t i = 0; i < 6; i++) {
    float row[37] = {0};
    row[i % 2 ? 36 : 3] = numbers[i];
    ((float *)out)[i] = ck_within(device, row, 37, 65504);
  }
  return true;
}

void check_low_rank(void) {
  check_sum(1, 1, 1);
  check_sum(24, 16, 64);
  check_sum(37, 5, 75);
  const float numbers[6] = {65504, -65504, 65520, -70000, INFINITY, NAN};
  check("within", "limit 65504", CK_F32, 6, (const double[]){1, 1, 0, 0, 0, 0}, BITS, ask, numbers);
  release_rooms();
}
