// The innermost loop of every product: a tile of rows times a packed panel. Included once per instruction set.

enum { PANEL = 2 * CK_WIDTH };

// c [rows, columns] (+)= a [rows, depth] times a packed panel [depth, columns] of one or two vectors. `ahead` fetches
// what lies behind the rows of a, where they lie close together: the next tile's.
INLINE void multiply_tile(
  int rows, int vectors, bool accumulate, bool ahead, const float *a, size_t a_stride, const float *panel, size_t depth,
  float *c, size_t c_stride
) {
  vf sums[CK_ROWS][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) {
      sums[r][j] = accumulate ? load(CK_F32, c, r * c_stride + j * CK_WIDTH) : (vf){0};
    }
  }
  size_t p = 0;
#ifdef __aarch64__
  // A product takes one lane of a vector as it is, while a number from memory has to be put into all lanes first.
  for (; p + 4 <= depth; p += 4) {
    vf x[CK_ROWS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      if (ahead) __builtin_prefetch(a + rows * a_stride + p * 16, 0, 2);
      x[r] = load(CK_F32, a, r * a_stride + p);
    }
#pragma clang loop unroll(full)
    for (int lane = 0; lane < 4; lane++) {
#pragma clang loop unroll(full)
      for (int j = 0; j < vectors; j++) {
        const vf b = load(CK_F32, panel, ((p + lane) * vectors + j) * CK_WIDTH);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) sums[r][j] += x[r][lane] * b;
      }
    }
  }
#endif
  for (; p < depth; p++) {
    if (ahead) __builtin_prefetch(a + rows * a_stride + p * 16, 0, 2);
    const vf b0 = load(CK_F32, panel, p * vectors * CK_WIDTH);
    const vf b1 = vectors == 2 ? load(CK_F32, panel, p * vectors * CK_WIDTH + CK_WIDTH) : b0;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      const float x = a[r * a_stride + p];
      sums[r][0] += x * b0;
      if (vectors == 2) sums[r][1] += x * b1;
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) store(CK_F32, c, r * c_stride + j * CK_WIDTH, sums[r][j]);
  }
}

// Instances, not inlined so that each has the registers for itself.
#define TILE(name, rows, vectors, accumulate, ahead) \
  NOINLINE void name(const float *a, size_t a_stride, const float *panel, size_t depth, float *c, size_t stride) { \
    multiply_tile(rows, vectors, accumulate, ahead, a, a_stride, panel, depth, c, stride); \
  }
TILE(multiply_panel, CK_ROWS, 2, false, false)
TILE(add_panel, CK_ROWS, 2, true, false)
TILE(add_half_panel, CK_ROWS, 1, true, false)
TILE(add_panel_row, 1, 2, true, false)
