// Attention, against the softmax of all scores at once.
#include "check.h"

#include <math.h>

typedef struct {
  ck_attention_shape shape;
  ck_type type;
  numbers q, k, v;
} attention;

static bool attend(ck_device device, const void *context, void *out) {
  const attention *a = context;
  void *scratch = room(ck_attention_scratch_bytes(device, a->type, a->shape));
  ck_attention(device, a->type, a->shape, a->q.data, a->k.data, a->v.data, out, scratch);
  return true;
}

static void expect_row(const attention *a, size_t batch, size_t query, size_t head, double *weights, double *out) {
  const ck_attention_shape shape = a->shape;
  const size_t width = shape.head_size, row = shape.heads * width;
  const size_t seen = shape.causal && query + 1 < shape.keys ? query + 1 : shape.keys;
  const double *q = a->q.exact + (batch * shape.queries + query) * row + head * width;
  double largest = -INFINITY, sum = 0;
  for (size_t key = 0; key < seen; key++) {
    const double *k = a->k.exact + (batch * shape.keys + key) * row + head * width;
    double score = 0;
    for (size_t c = 0; c < width; c++) score += q[c] * k[c];
    weights[key] = score / sqrt((double)width);
    largest = fmax(largest, weights[key]);
  }
  for (size_t key = 0; key < seen; key++) sum += weights[key] = exp(weights[key] - largest);
  for (size_t c = 0; c < width; c++) out[c] = 0;
  for (size_t key = 0; key < seen; key++) {
    const double *v = a->v.exact + (batch * shape.keys + key) * row + head * width;
    for (size_t c = 0; c < width; c++) out[c] += weights[key] / sum * v[c];
  }
}

static const double *expected(const attention *a) {
  const ck_attention_shape shape = a->shape;
  double *weights = room(shape.keys * sizeof(double)), *out = room(a->q.count * sizeof(double));
  for (size_t i = 0; i < shape.batch * shape.queries * shape.heads; i++) {
    const size_t head = i % shape.heads, query = i / shape.heads % shape.queries;
    expect_row(a, i / shape.heads / shape.queries, query, head, weights, out + i * shape.head_size);
  }
  return out;
}

// What has a number that is none.
enum spoiled { NOTHING, A_QUERY, A_KEY };

// `scale` is of the queries: with large ones few keys have all the weight, and the largest score grows often.
static void check_case(ck_attention_shape shape, ck_type type, double scale, enum spoiled spoiled) {
  const ck_stored stored = type == CK_F32 ? CK_STORED_F32 : CK_STORED_BF16;
  const size_t row = shape.heads * shape.head_size, keys = shape.batch * shape.keys * row;
  const attention a = {
    shape, type, draw(stored, shape.batch * shape.queries * row, scale), draw(stored, keys, 1), draw(stored, keys, 1),
  };
  if (spoiled == A_QUERY) spoil(a.q, a.q.count / 2);
  if (spoiled == A_KEY) spoil(a.k, a.k.count - 1);
  check(
    text("attention%s, %s", spoiled ? ", with a NaN" : "", type == CK_F32 ? "f32" : "bf16"),
    text(
      "%zu x %zu, %zu of %zu%s, scale %g", shape.queries, shape.keys, shape.heads, shape.head_size,
      shape.causal ? ", causal" : "", scale),
    type, a.q.count, expected(&a), type == CK_F32 ? SUMS : TWICE, attend, &a);
  release_rooms();
}

void check_attention(void) {
  // Heads of all networks; the prompt's 77 keys, and more keys than a block has; blocks and tiles that are full and not.
  static const ck_attention_shape shapes[] = {
    {.batch = 2, .queries = 33, .keys = 77, .heads = 2, .head_size = 40},
    {.batch = 1, .queries = 100, .keys = 520, .heads = 1, .head_size = 40},
    {.batch = 1, .queries = 96, .keys = 256, .heads = 2, .head_size = 64},
    {.batch = 1, .queries = 31, .keys = 129, .heads = 1, .head_size = 80},
    {.batch = 1, .queries = 20, .keys = 31, .heads = 2, .head_size = 160},
    {.batch = 1, .queries = 20, .keys = 300, .heads = 1, .head_size = 512},
    {.batch = 1, .queries = 1, .keys = 77, .heads = 3, .head_size = 64},
    {.batch = 1, .queries = 1, .keys = 1, .heads = 1, .head_size = 1},
    {.batch = 1, .queries = 45, .keys = 70, .heads = 2, .head_size = 17},
    {.batch = 1, .queries = 77, .keys = 77, .heads = 2, .head_size = 64, .causal = true},
    {.batch = 1, .queries = 290, .keys = 290, .heads = 1, .head_size = 40, .causal = true},
    {.batch = 1, .queries = 90, .keys = 40, .heads = 1, .head_size = 33, .causal = true},
  };
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    check_case(shapes[i], CK_F32, 1, NOTHING);
    check_case(shapes[i], CK_BF16, 1, NOTHING);
    check_case(shapes[i], CK_BF16, 8, NOTHING);
  }
  // A key that a query does not see does not spoil it.
  const ck_attention_shape seen = {.batch = 1, .queries = 77, .keys = 77, .heads = 2, .head_size = 40, .causal = true};
  for (ck_type type = CK_F32; type <= CK_BF16; type++) {
    for (enum spoiled spoiled = A_QUERY; spoiled <= A_KEY; spoiled++) check_case(seen, type, 1, spoiled);
  }
}
