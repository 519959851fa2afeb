// Normalisations and softmax.
#include "check.h"

#include <math.h>

static ck_stored stored(ck_type type) { return type == CK_F32 ? CK_STORED_F32 : CK_STORED_BF16; }
static const char *name_of(ck_type type) { return type == CK_F32 ? "f32" : "bf16"; }
static limits limits_of(ck_type type) { return type == CK_F32 ? SUMS : ROUNDED; }

// Moves all numbers, so that a mean that is far from 0 shows; before that they are of size 1.
static void move(numbers x, double distance) {
  for (size_t i = 0; i < x.count; i++) {
    const float moved = (float)(x.exact[i] + distance);
    if (x.type == CK_STORED_F32) ((float *)x.data)[i] = moved;
    else ((uint16_t *)x.data)[i] = bf16_of(moved);
    x.exact[i] = x.type == CK_STORED_F32 ? moved : float_of_bf16(bf16_of(moved));
  }
}

static const float EPSILON = 1e-5f;

// Layer norm.

typedef struct {
  ck_type type;
  size_t rows, columns;
  numbers x, weight, bias;
} layer_norm;

static bool normalise_rows(ck_device device, const void *context, void *out) {
  const layer_norm *n = context;
  ck_layer_norm(device, n->type, n->x.data, n->weight.data, n->bias.data, EPSILON, out, n->rows, n->columns);
  return true;
}

static void check_layer_norm(ck_type type, size_t rows, size_t columns) {
  const layer_norm n = {
    type, rows, columns, draw(stored(type), rows * columns, 1), draw(CK_STORED_F32, columns, 1),
    draw(CK_STORED_F32, columns, 1),
  };
  move(n.x, 3);
  double *expected = room(n.x.count * sizeof(double));
  for (size_t r = 0; r < rows; r++) {
    const double *x = n.x.exact + r * columns;
    double mean = 0, variance = 0;
    for (size_t c = 0; c < columns; c++) mean += x[c] / (double)columns;
    for (size_t c = 0; c < columns; c++) variance += (x[c] - mean) * (x[c] - mean) / (double)columns;
    for (size_t c = 0; c < columns; c++) {
      const double scaled = (x[c] - mean) / sqrt(variance + (double)EPSILON);
      expected[r * columns + c] = scaled * n.weight.exact[c] + n.bias.exact[c];
    }
  }
  check(
    text("layer norm, %s", name_of(type)), text("%zu x %zu", rows, columns), type, n.x.count, expected, limits_of(type),
    normalise_rows, &n);
  release_rooms();
}

// Group norm.

typedef struct {
  ck_type type;
  ck_group_norm_shape shape;
  numbers x, vector, weight, bias;
} group_norm;

static bool normalise_groups(ck_device device, const void *context, void *out) {
  const group_norm *n = context;
  const ck_group_norm_operands operands = {n->x.data, n->vector.data, n->weight.data, n->bias.data, out};
  ck_group_norm(device, n->type, n->shape, &operands, room(ck_group_norm_scratch_bytes(n->shape)));
  return true;
}

static double group_element(const group_norm *n, size_t image, size_t position, size_t channel) {
  const double x = n->x.exact[(image * n->shape.positions + position) * n->shape.channels + channel];
  return x + (n->vector.data ? n->vector.exact[image * n->shape.channels + channel] : 0);
}

static void expect_group(const group_norm *n, size_t image, size_t group, double *expected) {
  const ck_group_norm_shape shape = n->shape;
  const size_t size = shape.channels / shape.groups, first = group * size;
  const double count = (double)(size * shape.positions);
  double mean = 0, variance = 0;
  for (size_t i = 0; i < size * shape.positions; i++) mean += group_element(n, image, i / size, first + i % size) / count;
  for (size_t i = 0; i < size * shape.positions; i++) {
    const double distance = group_element(n, image, i / size, first + i % size) - mean;
    variance += distance * distance / count;
  }
  for (size_t i = 0; i < size * shape.positions; i++) {
    const size_t position = i / size, channel = first + i % size;
    const double scaled = (group_element(n, image, position, channel) - mean) / sqrt(variance + (double)EPSILON);
    expected[(image * shape.positions + position) * shape.channels + channel] =
      activated(shape.activation, scaled * n->weight.exact[channel] + n->bias.exact[channel]);
  }
}

static void check_group_norm(
  ck_type type, size_t positions, size_t channels, size_t groups, ck_activation activation, bool vector
) {
  const ck_group_norm_shape shape = {2, positions, channels, groups, EPSILON, activation};
  group_norm n = {
    .type = type, .shape = shape, .x = draw(stored(type), 2 * positions * channels, 1),
    .weight = draw(CK_STORED_F32, channels, 1), .bias = draw(CK_STORED_F32, channels, 1),
  };
  move(n.x, 3);
  if (vector) n.vector = draw(stored(type), 2 * channels, 1);
  double *expected = room(n.x.count * sizeof(double));
  for (size_t i = 0; i < 2 * groups; i++) expect_group(&n, i / groups, i % groups, expected);
  check(
    text("group norm, %s", name_of(type)),
    text("%zu of %zu in %zu, activation %d%s", positions, channels, groups, activation, vector ? ", vector" : ""), type,
    n.x.count, expected, limits_of(type), normalise_groups, &n);
  release_rooms();
}

// Softmax.

typedef struct {
  ck_type type;
  size_t rows, columns, period;
  numbers x;
} softmax;

static bool take_softmax(ck_device device, const void *context, void *out) {
  const softmax *s = context;
  ck_softmax(device, s->type, s->x.data, out, s->rows, s->columns, s->period);
  return true;
}

static void check_softmax(ck_type type, size_t rows, size_t columns, size_t period) {
  const softmax s = {type, rows, columns, period, draw(stored(type), rows * columns, 3)};
  double *expected = room(s.x.count * sizeof(double));
  for (size_t r = 0; r < rows; r++) {
    const size_t valid = period && r % period + 1 < columns ? r % period + 1 : columns;
    const double *x = s.x.exact + r * columns;
    double largest = -INFINITY, sum = 0;
    for (size_t c = 0; c < valid; c++) largest = fmax(largest, x[c]);
    for (size_t c = 0; c < valid; c++) sum += exp(x[c] - largest);
    for (size_t c = 0; c < columns; c++) expected[r * columns + c] = c < valid ? exp(x[c] - largest) / sum : 0;
  }
  check(
    text("softmax, %s", name_of(type)), text("%zu x %zu, period %zu", rows, columns, period), type, s.x.count, expected,
    limits_of(type), take_softmax, &s);
  release_rooms();
}

void check_norms(void) {
  for (ck_type type = CK_F32; type <= CK_BF16; type++) {
    check_layer_norm(type, 2, 17);
    check_layer_norm(type, 61, 320);
    check_layer_norm(type, 3, 2049);
    check_group_norm(type, 35, 12, 3, CK_IDENTITY, false);
    check_group_norm(type, 300, 320, 32, CK_SILU, true);
    check_group_norm(type, 37, 70, 35, CK_RELU, true);
    check_softmax(type, 4, 5, 0);
    check_softmax(type, 70, 77, 0);
    check_softmax(type, 50, 77, 35);
  }
}
