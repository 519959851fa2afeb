#include "product.h"

#include <string.h>

typedef struct {
  product_case given;
  numbers x, weights, bias, residual;
  const void *first, *second;  // the images that x is in, where it is in two
} product;

static ck_type type_of(const product *p) { return p->given.x == CK_STORED_F32 ? CK_F32 : CK_BF16; }

static size_t pixels(ck_product_shape shape) { return shape.images * shape.height * shape.width; }

static size_t results(ck_product_shape shape) {
  return shape.images * shape.out_height * shape.out_width * (shape.gated ? shape.out / 2 : shape.out);
}

static const void *packed(ck_device device, const product *p, bool pairs) {
  const ck_product_shape shape = p->given.shape;
  const ck_plain_weights plain = {.type = p->weights.type, .elements = p->weights.data};
  if (pairs) {
    void *target = room(ck_packed_pair_count(device, shape) * 2);
    ck_pack_weight_pairs(device, shape, plain, target);
    return target;
  }
  void *target = room(ck_packed_weight_count(device, shape) * size_of(plain.type));
  return ck_pack_weights(device, shape, plain, plain.type, target) ? target : NULL;
}

static bool multiply(ck_device device, const void *context, void *out) {
  const product *p = context;
  const ck_product_shape shape = p->given.shape;
  const bool pairs =
    ck_has_pairs(device) && p->x.type == CK_STORED_BF16 && p->weights.type == CK_STORED_BF16 && !p->given.winograd;
  if ((shape.gated && !pairs) || (shape.upsampled && !(pairs && ck_has_tiles(device)))) return false;
  const size_t first = p->given.first_part;
  const ck_image_part parts[] = {{p->first, first}, {p->second, shape.in - first}};
  const ck_product product = {
    .shape = shape, .x_type = type_of(p), .out_type = type_of(p), .weight_type = p->weights.type,
    .activation = p->given.activation, .parts = first ? parts : NULL, .part_count = first ? 2 : 0,
    .x = first ? NULL : p->x.data, .weights = packed(device, p, pairs), .pairs = pairs, .bias = p->bias.data,
    .residual = p->residual.data, .out = out,
  };
  if (p->given.winograd) {
    ck_winograd(device, &product, room(ck_winograd_scratch_bytes(device, shape)));
  } else {
    ck_multiply(device, &product, room(ck_product_scratch_bytes(device, &product)));
  }
  return true;
}

// The sum of a column, at line i and column j of an image of the result.
static double sum_of(const product *p, size_t image, size_t i, size_t j, size_t out) {
  const ck_product_shape shape = p->given.shape;
  const size_t repeated = shape.upsampled ? 2 : 1, taps = shape.kernel_height * shape.kernel_width;
  double sum = p->bias.data ? p->bias.exact[out] : 0;
  for (size_t tap = 0; tap < taps; tap++) {
    // Above and left of the image these wrap around to huge numbers.
    const size_t y = i * shape.stride + tap / shape.kernel_width - shape.top;
    const size_t x = j * shape.stride + tap % shape.kernel_width - shape.left;
    if (y >= repeated * shape.height || x >= repeated * shape.width) continue;
    const double *pixel =
      p->x.exact + ((image * shape.height + y / repeated) * shape.width + x / repeated) * shape.in;
    const double *weights = p->weights.exact + out * shape.in * taps + tap;
    for (size_t c = 0; c < shape.in; c++) sum += pixel[c] * weights[c * taps];
  }
  return sum;
}

static const double *expected(const product *p) {
  const ck_product_shape shape = p->given.shape;
  const size_t columns = shape.gated ? shape.out / 2 : shape.out, count = results(shape);
  double *out = room(count * sizeof(double));
  for (size_t at = 0; at < count; at++) {
    const size_t column = at % columns, pixel = at / columns;
    const size_t j = pixel % shape.out_width, i = pixel / shape.out_width % shape.out_height;
    const size_t image = pixel / shape.out_width / shape.out_height;
    out[at] = activated(p->given.activation, sum_of(p, image, i, j, column));
    if (shape.gated) out[at] *= activated(CK_GELU, sum_of(p, image, i, j, columns + column));
    if (p->residual.data) out[at] += p->residual.exact[at];
  }
  return out;
}

// Channels from `first` on of each pixel.
static const void *channels_of(const product *p, size_t first, size_t count) {
  const size_t size = size_of(p->x.type), in = p->given.shape.in;
  char *image = room(pixels(p->given.shape) * count * size);
  for (size_t i = 0; i < pixels(p->given.shape); i++) {
    memcpy(image + i * count * size, (const char *)p->x.data + (i * in + first) * size, count * size);
  }
  return image;
}

void check_product(const char *kind, product_case given) {
  const ck_product_shape shape = given.shape;
  const size_t depth = shape.in * shape.kernel_height * shape.kernel_width;
  product p = {
    .given = given, .x = draw(given.x, pixels(shape) * shape.in, 1),
    .weights = draw(given.weights, shape.out * depth, 0.3),
  };
  if (given.spoiled) spoil(p.x, p.x.count / 2);
  if (given.bias) p.bias = draw(CK_STORED_F32, shape.out, 1);
  if (given.residual) p.residual = draw(given.x, results(shape), 1);
  if (given.first_part) {
    p.first = channels_of(&p, 0, given.first_part);
    p.second = channels_of(&p, given.first_part, shape.in - given.first_part);
  }
  static const char *const formats[] = {"f32", "bf16", "f16"};
  const limits limits = given.x == CK_STORED_F32 ? SUMS : shape.upsampled ? TWICE : ROUNDED;
  check(
    text("%s, %s", kind, formats[given.x]),
    text(
      "%zu x %zu x %zu of %zu -> %zu x %zu of %zu, kernel %zu x %zu, stride %zu, weights %s, activation %d%s%s%s",
      shape.images, shape.height, shape.width, shape.in, shape.out_height, shape.out_width, shape.out,
      shape.kernel_height, shape.kernel_width, shape.stride, formats[given.weights], given.activation,
      given.bias ? ", bias" : "", given.residual ? ", residual" : "", given.first_part ? ", in two" : ""),
    type_of(&p), results(shape), expected(&p), limits, multiply, &p);
  release_rooms();
}
