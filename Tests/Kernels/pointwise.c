// What is computed for each number alone.
#include "check.h"

typedef struct {
  enum { ACTIVATE, SCALE, BINARY, GLU } what;
  ck_type type;
  numbers a, b;
  ck_activation activation;
  ck_binary_op op;
  size_t extents[3], strides[3];  // of BINARY; rows and columns of GLU
} pointwise;

static const float FACTOR = 0.7f;

static bool compute(ck_device device, const void *context, void *out) {
  const pointwise *p = context;
  switch (p->what) {
    case ACTIVATE: ck_activate(device, p->type, p->activation, p->a.data, out, p->a.count); break;
    case SCALE: ck_scale(device, p->type, FACTOR, p->a.data, out, p->a.count); break;
    case BINARY: ck_binary(device, p->op, p->type, p->a.data, p->b.data, out, 3, p->extents, p->strides); break;
    case GLU: ck_glu(device, p->type, p->activation, p->a.data, out, p->extents[0], p->extents[1]); break;
  }
  return true;
}

static ck_stored stored(ck_type type) { return type == CK_F32 ? CK_STORED_F32 : CK_STORED_BF16; }

static void finish(const char *kind, const pointwise *p, size_t count, const double *expected) {
  check(
    text("%s, %s", kind, p->type == CK_F32 ? "f32" : "bf16"), text("activation %d, op %d", p->activation, p->op),
    p->type, count, expected, p->type == CK_F32 ? SUMS : ROUNDED, compute, p);
  release_rooms();
}

static void check_activation(ck_type type, ck_activation activation) {
  const pointwise p = {.what = ACTIVATE, .type = type, .activation = activation, .a = draw(stored(type), 20003, 3)};
  double *expected = room(p.a.count * sizeof(double));
  for (size_t i = 0; i < p.a.count; i++) expected[i] = activated(activation, p.a.exact[i]);
  finish("activation", &p, p.a.count, expected);

  const size_t rows = 7, columns = 45;
  const pointwise glu = {
    .what = GLU, .type = type, .activation = activation, .a = draw(stored(type), 2 * rows * columns, 1),
    .extents = {rows, columns},
  };
  double *gated = room(rows * columns * sizeof(double));
  for (size_t i = 0; i < rows * columns; i++) {
    const double *x = glu.a.exact + i / columns * 2 * columns + i % columns;
    gated[i] = x[0] * activated(activation, x[columns]);
  }
  finish("gated linear unit", &glu, rows * columns, gated);
}

static void check_scale(ck_type type) {
  const pointwise p = {.what = SCALE, .type = type, .a = draw(stored(type), 33001, 1)};
  double *expected = room(p.a.count * sizeof(double));
  for (size_t i = 0; i < p.a.count; i++) expected[i] = p.a.exact[i] * (double)FACTOR;
  finish("scale", &p, p.a.count, expected);
}

static void check_binary(ck_type type, ck_binary_op op, const size_t strides[3]) {
  const size_t extents[3] = {3, 5, 37};
  pointwise p = {
    .what = BINARY, .type = type, .op = op, .a = draw(stored(type), 3 * 5 * 37, 1), .b = draw(stored(type), 3 * 5 * 37, 1),
  };
  for (int i = 0; i < 3; i++) p.extents[i] = extents[i], p.strides[i] = strides[i];
  double *expected = room(p.a.count * sizeof(double));
  for (size_t i = 0; i < p.a.count; i++) {
    const size_t at = i / (5 * 37) * strides[0] + i / 37 % 5 * strides[1] + i % 37 * strides[2];
    expected[i] = op == CK_ADD ? p.a.exact[i] + p.b.exact[at] : p.a.exact[i] * p.b.exact[at];
  }
  finish("binary", &p, p.a.count, expected);
}

void check_pointwise(void) {
  static const size_t strides[][3] = {{185, 37, 1}, {0, 37, 1}, {37, 0, 1}, {5, 1, 0}, {0, 0, 0}};
  for (ck_type type = CK_F32; type <= CK_BF16; type++) {
    for (ck_activation activation = CK_IDENTITY; activation <= CK_LEAKY_RELU; activation++) {
      check_activation(type, activation);
    }
    check_scale(type);
    for (size_t i = 0; i < sizeof strides / sizeof *strides; i++) {
      check_binary(type, CK_ADD, strides[i]);
      check_binary(type, CK_MULTIPLY, strides[i]);
    }
  }
}
