// Conversions and packed weights: every bit is defined.
#include "check.h"

#include <math.h>
#include <string.h>

static double number_at(ck_stored type, const void *data, size_t i) {
  if (type == CK_STORED_F32) return ((const float *)data)[i];
  const uint16_t bits = ((const uint16_t *)data)[i];
  return type == CK_STORED_F16 ? float_of_half(bits) : float_of_bf16(bits);
}

static double rounded(ck_stored to, double x) {
  return to == CK_STORED_F32 ? x : to == CK_STORED_F16 ? float_of_half(half_of((float)x)) : float_of_bf16(bf16_of((float)x));
}

static const char *const NAMES[] = {"f32", "bf16", "f16"};

typedef struct {
  ck_stored from, to;
  const void *x;
  size_t count;
  enum { CONVERT, NARROW, WIDEN, STORE } what;
} conversion;

static bool convert(ck_device device, const void *context, void *out) {
  const conversion *c = context;
  const ck_type to = c->to == CK_STORED_F32 ? CK_F32 : CK_BF16;
  switch (c->what) {
    case CONVERT: ck_convert(device, c->from, c->x, to, out, c->count); break;
    case NARROW: ck_narrow(device, c->x, out, c->count); break;
    case WIDEN: ck_widen(device, c->x, out, c->count); break;
    case STORE: {
      // To binary16, whose bits the report would not know.
      uint16_t *halves = room(c->count * 2);
      ck_store_as(device, c->x, CK_STORED_F16, halves, c->count);
      for (size_t i = 0; i < c->count; i++) ((float *)out)[i] = float_of_half(halves[i]);
    }
  }
  return true;
}

static void check_conversion(conversion c) {
  double *expected = room(c.count * sizeof(double));
  for (size_t i = 0; i < c.count; i++) {
    expected[i] = rounded(c.what == STORE ? CK_STORED_F16 : c.to, number_at(c.from, c.x, i));
  }
  const char *name = text("%s to %s", NAMES[c.from], c.what == STORE ? "f16" : NAMES[c.to]);
  check("conversion", name, c.to == CK_STORED_F32 ? CK_F32 : CK_BF16, c.count, expected, BITS, convert, &c);
}

// All values of 16 bits; of 32 bits such beside every value of both formats, halfway to the next, and any others.
static void check_values(void) {
  enum { HALVES = 65536 };
  uint16_t *halves = room(HALVES * 2);
  for (size_t i = 0; i < HALVES; i++) halves[i] = (uint16_t)i;
  uint32_t *floats = room(8 * HALVES * 4), random = 1;
  for (size_t i = 0; i < HALVES; i++) {
    const float half = float_of_half((uint16_t)i);
    uint32_t bits;
    memcpy(&bits, &half, sizeof bits);
    const uint32_t near[] = {bits + 0xfff, bits + 0x1000, bits + 0x1001};
    memcpy(floats + 8 * i, near, sizeof near);
    for (uint32_t j = 0; j < 3; j++) floats[8 * i + 3 + j] = ((uint32_t)i << 16 | 0x7fff) + j;
    for (size_t j = 6; j < 8; j++) floats[8 * i + j] = random = random * 1664525 + 1013904223;
  }
  for (ck_stored to = CK_STORED_F32; to <= CK_STORED_BF16; to++) {
    for (ck_stored from = CK_STORED_BF16; from <= CK_STORED_F16; from++) {
      check_conversion((conversion){.from = from, .to = to, .x = halves, .count = HALVES});
    }
    check_conversion((conversion){.from = CK_STORED_F32, .to = to, .x = floats, .count = 8 * HALVES - 3});
  }
  check_conversion((conversion){CK_STORED_BF16, CK_STORED_F32, halves, HALVES - 5, WIDEN});
  check_conversion((conversion){CK_STORED_F32, CK_STORED_F32, floats, 8 * HALVES - 1, STORE});
  // Some processors narrow numbers that are not normal to 0: only conversions of weights keep them.
  size_t normal = 0;
  for (size_t i = 0; i < 8 * HALVES; i++) {
    if ((floats[i] & 0x7f800000) != 0) floats[normal++] = floats[i];
  }
  check_conversion((conversion){CK_STORED_F32, CK_STORED_BF16, floats, normal, NARROW});
  release_rooms();
}

// Packed weights.

typedef struct {
  ck_product_shape shape;
  numbers weights;
  ck_stored as;
  bool pairs, transposed;
} packing;

// Reads every weight back from where it belongs, as floats.
static bool pack(ck_device device, const void *context, void *out) {
  const packing *p = context;
  const ck_product_shape shape = p->shape;
  const size_t taps = shape.kernel_height * shape.kernel_width, depth = shape.in * taps;
  const ck_plain_weights plain = {.type = p->weights.type, .transposed = p->transposed, .elements = p->weights.data};
  if (p->pairs && !ck_has_pairs(device)) return false;
  const size_t count = p->pairs ? ck_packed_pair_count(device, shape) : ck_packed_weight_count(device, shape);
  void *packed = room(count * size_of(p->as));
  if (p->pairs) ck_pack_weight_pairs(device, shape, plain, packed);
  else if (!ck_pack_weights(device, shape, plain, p->as, packed)) return false;

  ck_product_shape one = {.in = 1, .out = 1, .kernel_height = 1, .kernel_width = 1, .stride = 1};
  const size_t width = p->pairs ? 16 : ck_packed_weight_count(device, one);
  const size_t group = !p->pairs ? 1 : device.kernels == ck_kernels_for(CK_ARM_BF16) ? 4 : 2;
  const bool tiles = p->pairs && ck_has_tiles(device);
  const size_t channels = (shape.in + 31) / 32 * 32;
  const size_t panel = tiles ? channels * taps : p->pairs ? (depth + 31) / 32 * 32 : depth;
  size_t found = 0;
  for (size_t i = 0; i < shape.out * depth; i++) {
    const size_t o = i / depth, channel = i % depth / taps, tap = i % taps;
    const size_t k = tiles ? (channel / 32 * taps + tap) * 32 + channel % 32 : tap * shape.in + channel;
    const size_t at = o / width * width * panel + k / group * width * group + o % width * group + k % group;
    const double x = number_at(p->as, packed, at);
    ((float *)out)[p->transposed ? channel * shape.out + o : i] = (float)x;
    found += x != 0;
  }
  // All else is zeros.
  for (size_t i = 0; i < count; i++) found -= number_at(p->as, packed, i) != 0;
  if (found != 0) ((float *)out)[0] = NAN;
  return true;
}

static void check_packing(packing p) {
  p.weights = draw(p.weights.type, p.shape.out * p.shape.in * p.shape.kernel_height * p.shape.kernel_width, 1);
  double *expected = room(p.weights.count * sizeof(double));
  for (size_t i = 0; i < p.weights.count; i++) expected[i] = rounded(p.as, p.weights.exact[i]);
  check(
    p.pairs ? "weights packed in pairs" : "packed weights",
    text(
      "%zu x %zu x %zu x %zu, %s as %s%s", p.shape.out, p.shape.in, p.shape.kernel_height, p.shape.kernel_width,
      NAMES[p.weights.type], NAMES[p.as], p.transposed ? ", transposed" : ""),
    CK_F32, p.weights.count, expected, BITS, pack, &p);
  release_rooms();
}

static void check_weights(void) {
  // Panels and vectors that are not full, groups across taps, more taps than are packed at a time.
  static const size_t shapes[][4] = {
    {1, 1, 1, 1}, {33, 17, 1, 1}, {64, 70, 1, 1}, {16, 32, 3, 3}, {35, 6, 3, 3}, {50, 13, 3, 3}, {48, 100, 3, 3},
    {18, 3, 5, 1}, {17, 2, 20, 20},
  };
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    const ck_product_shape shape = {
      .out = shapes[i][0], .in = shapes[i][1], .kernel_height = shapes[i][2], .kernel_width = shapes[i][3], .stride = 1,
    };
    const bool is_line = shape.kernel_height * shape.kernel_width == 1;
    for (ck_stored from = CK_STORED_F32; from <= CK_STORED_F16; from++) {
      for (int transposed = 0; transposed <= is_line; transposed++) {
        packing p = {.shape = shape, .weights = {.type = from}, .transposed = transposed};
        for (p.as = CK_STORED_F32; p.as <= CK_STORED_F16; p.as++) {
          if (p.as != CK_STORED_F16 || from == CK_STORED_F16) check_packing(p);
        }
        p.pairs = true;
        p.as = CK_STORED_BF16;
        check_packing(p);
      }
    }
  }
}

void check_conversions(void) {
  check_values();
  check_weights();
}
