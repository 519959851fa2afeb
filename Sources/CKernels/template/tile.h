// The innermost loop of every product: a tile of rows times a packed panel. Included once per instruction set.

enum { PANEL = 2 * CK_WIDTH };

// c [CK_ROWS, columns] (+)= a [CK_ROWS, depth] times a packed panel [depth, columns] of one or two vectors.
INLINE void multiply_tile(
  int vectors, bool accumulate, const float *a, size_t a_stride, const float *panel, size_t depth, float *c,
  size_t c_stride
) {
  vf sums[CK_ROWS][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < CK_ROWS; r++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) {
      sums[r][j] = accumulate ? load(CK_F32, c, r * c_stride + j * CK_WIDTH) : (vf){0};
    }
  }
  for (size_t p = 0; p < depth; p++) {
    const vf b0 = load(CK_F32, panel, p * vectors * CK_WIDTH);
    const vf b1 = vectors == 2 ? load(CK_F32, panel, p * vectors * CK_WIDTH + CK_WIDTH) : b0;
#pragma clang loop unroll(full)
    for (int r = 0; r < CK_ROWS; r++) {
      const float x = a[r * a_stride + p];
      sums[r][0] += x * b0;
      if (vectors == 2) sums[r][1] += x * b1;
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < CK_ROWS; r++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) store(CK_F32, c, r * c_stride + j * CK_WIDTH, sums[r][j]);
  }
}

// Three instances, not inlined so that each has the registers for itself.
NOINLINE void multiply_panel(const float *a, size_t a_stride, const float *panel, size_t depth, float *c, size_t stride) {
  multiply_tile(2, false, a, a_stride, panel, depth, c, stride);
}
NOINLINE void add_panel(const float *a, size_t a_stride, const float *panel, size_t depth, float *c, size_t stride) {
  multiply_tile(2, true, a, a_stride, panel, depth, c, stride);
}
NOINLINE void add_half_panel(const float *a, size_t a_stride, const float *panel, size_t depth, float *c, size_t stride) {
  multiply_tile(1, true, a, a_stride, panel, depth, c, stride);
}
