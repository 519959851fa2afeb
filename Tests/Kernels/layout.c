// What moves numbers about: every bit has to be there.
#include "check.h"

typedef struct {
  enum { COPY, PERMUTE, UPSAMPLE, GATHER } what;
  numbers x;
  const int32_t *ids;
} layout;

// Elements of the images: x is [2, 5, 7, 11].
enum { A = 2, B = 5, C = 7, D = 11 };
static const size_t PERMUTED[] = {D, A, C, B}, STRIDES[] = {1, B * C * D, D, C * D};

static bool move(ck_device device, const void *context, void *out) {
  const layout *l = context;
  switch (l->what) {
    case COPY:
      // Every other row of D, without its first element.
      ck_copy_rows(device, (const float *)l->x.data + 1, 2 * D * 4, out, (D - 1) * 4, (D - 1) * 4, A * B * C / 2);
      break;
    case PERMUTE: ck_permute(device, 4, l->x.data, out, 4, PERMUTED, STRIDES); break;
    case UPSAMPLE: ck_upsample_nearest(device, l->x.data, out, A, B, C, 2 * B, 3 * C, D * 4); break;
    case GATHER: ck_gather_rows(device, l->ids, l->x.data, out, 9, D * 4); break;
  }
  return true;
}

void check_layout(void) {
  static const int32_t ids[9] = {3, 0, 69, 3, 68, 1, 2, 40, 3};
  layout l = {.x = draw(CK_STORED_F32, A * B * C * D, 1), .ids = ids};
  const double *x = l.x.exact;
  double *expected = room(6 * l.x.count * sizeof(double));

  l.what = COPY;
  for (size_t i = 0; i < A * B * C / 2 * (D - 1); i++) expected[i] = x[i / (D - 1) * 2 * D + 1 + i % (D - 1)];
  check("layout", "copy", CK_F32, A * B * C / 2 * (D - 1), expected, BITS, move, &l);

  l.what = PERMUTE;
  for (size_t i = 0; i < l.x.count; i++) {
    const size_t b = i % B, c = i / B % C, a = i / B / C % A, d = i / B / C / A;
    expected[i] = x[((a * B + b) * C + c) * D + d];
  }
  check("layout", "permute", CK_F32, l.x.count, expected, BITS, move, &l);

  l.what = UPSAMPLE;
  for (size_t i = 0; i < 6 * l.x.count; i++) {
    const size_t d = i % D, column = i / D % (3 * C) / 3, row = i / D / (3 * C) % (2 * B) / 2, a = i / D / (6 * B * C);
    expected[i] = x[((a * B + row) * C + column) * D + d];
  }
  check("layout", "upsample", CK_F32, 6 * l.x.count, expected, BITS, move, &l);

  l.what = GATHER;
  for (size_t i = 0; i < 9 * D; i++) expected[i] = x[(size_t)ids[i / D] * D + i % D];
  check("layout", "gather", CK_F32, 9 * D, expected, BITS, move, &l);
  release_rooms();
}
