// What adapters add to weights: the product of two thin matrices. Included once per instruction set, by instance.h.

// weights [rows, columns] += up [rows, rank] times down, which is packed in panels [rank, PANEL]. Every result is summed up
// over the ranks in their order, in a tile at the edge as in any other.
static void add_low_rank(
  const float *up, const float *down, float *weights, size_t rows, size_t rank, size_t columns
) {
  float edge[CK_ROWS * PANEL];
  for (size_t column = 0; column < columns; column += PANEL) {
    const float *panel = down + column * rank;
    const size_t width = columns - column < PANEL ? columns - column : PANEL;
    for (size_t row = 0; row < rows; row += CK_ROWS) {
      const size_t height = rows - row < CK_ROWS ? rows - row : CK_ROWS;
      float *tile = weights + row * columns + column;
      if (width == PANEL && height == CK_ROWS) {
        add_panel(up + row * rank, rank, panel, rank, tile, columns);
        continue;
      }
      for (size_t r = 0; r < height; r++) {
        for (size_t c = 0; c < PANEL; c++) edge[r * PANEL + c] = c < width ? tile[r * columns + c] : 0;
      }
      for (size_t r = 0; r < height; r++) {
        add_panel_row(up + (row + r) * rank, rank, panel, rank, edge + r * PANEL, PANEL);
        for (size_t c = 0; c < width; c++) tile[r * columns + c] = edge[r * PANEL + c];
      }
    }
  }
}

// Lanes of floats as binary16, to nearest, ties to even; a NaN becomes the quiet 0x7e00.
#if defined(CK_NATIVE_HALF) && defined(__aarch64__)
INLINE vh narrowed_half(vf x) { return (vh)vcvt_f16_f32((float32x4_t)x); }
#elif defined(CK_NATIVE_HALF)
#if CK_WIDTH == 16
INLINE vh narrowed_half(vf x) { return (vh)_mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
#else
INLINE vh narrowed_half(vf x) { return (vh)_mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
#endif
#else
INLINE vh narrowed_half(vf x) {
  const vu bits = (vu)x, sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7fffffff;
  // Beside 0.5 a float's last place is 2^-24, a subnormal binary16's.
  const vf half = splat(0.5f);
  const vu small = (vu)((vf)magnitude + half) - (vu)half;
  const vu rounded = (magnitude - (112u << 23) + 0xfff + ((magnitude >> 13) & 1)) >> 13;
  const vu normal = select_bits((vi)magnitude >= 0x477ff000, (vu){0} + 0x7c00, rounded);
  const vu finite = select_bits((vi)magnitude < 113 << 23, small, normal);
  return __builtin_convertvector(sign | select_bits((vi)magnitude > 0x7f800000, (vu){0} + 0x7e00, finite), vh);
}
#endif

// Whether all magnitudes are at most `limit`; false for a NaN.
static bool within(const float *x, size_t count, float limit) {
  vi outside = {0};
  size_t i = 0;
  for (; i + CK_WIDTH <= count; i += CK_WIDTH) {
    const vf value = (vf)((vu)load(CK_F32, x, i) & 0x7fffffff);
    outside |= ~(vi)(value <= splat(limit));
  }
  bool isOutside = false;
  for (size_t lane = 0; lane < CK_WIDTH; lane++) isOutside |= outside[lane] != 0;
  for (; i < count; i++) isOutside |= !(__builtin_fabsf(x[i]) <= limit);
  return !isOutside;
}

// Rounds to a format that weights are stored in.
static void store_as(const float *x, ck_stored to, void *out, size_t count) {
  if (to != CK_STORED_F16) return convert(CK_STORED_F32, x, to == CK_STORED_F32 ? CK_F32 : CK_BF16, out, count);
  size_t i = 0;
  for (; i + CK_WIDTH <= count; i += CK_WIDTH) {
    const vh halves = narrowed_half(load(CK_F32, x, i));
    __builtin_memcpy((uint16_t *)out + i, &halves, sizeof halves);
  }
  if (i == count) return;
  float rest[CK_WIDTH] = {0};
  __builtin_memcpy(rest, x + i, (count - i) * sizeof *x);
  const vh halves = narrowed_half(load(CK_F32, rest, 0));
  __builtin_memcpy((uint16_t *)out + i, &halves, (count - i) * sizeof(uint16_t));
}
