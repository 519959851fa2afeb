// A tile of a product by pairs in tile registers: 32 rows, as two registers of 16, times one or two panels (TDPBF16PS).
// The including file defines TILE_LOAD and the other operations on a register, in hardware or in software.

#define CK_TILES
#define CK_PAIR_ROWS 32
#define CK_PAIR_DEPTH 32
#define CK_PAIR_GROUP 2

INLINE void pair_tile(
  int panels, bool accumulate, const uint16_t *a, size_t a_stride, const uint16_t *b, size_t b_stride, size_t depth,
  float *c, size_t c_stride
) {
  const size_t c_bytes = c_stride * sizeof *c, a_bytes = a_stride * sizeof *a;
  if (accumulate) {
    TILE_LOAD(0, c, c_bytes);
    TILE_LOAD(1, c + 16 * c_stride, c_bytes);
    if (panels == 2) {
      TILE_LOAD(2, c + 16, c_bytes);
      TILE_LOAD(3, c + 16 * c_stride + 16, c_bytes);
    }
  } else {
    TILE_ZERO(0);
    TILE_ZERO(1);
    if (panels == 2) {
      TILE_ZERO(2);
      TILE_ZERO(3);
    }
  }
  for (size_t k = 0; k < depth; k += 32) {
    TILE_LOAD(4, a + k, a_bytes);
    TILE_LOAD(5, a + 16 * a_stride + k, a_bytes);
    TILE_LOAD(6, b + k * CK_PAIR_PANEL, 64);
    TILE_ADD_PRODUCT(0, 4, 6);
    TILE_ADD_PRODUCT(1, 5, 6);
    if (panels == 2) {
      TILE_LOAD(7, b + b_stride + k * CK_PAIR_PANEL, 64);
      TILE_ADD_PRODUCT(2, 4, 7);
      TILE_ADD_PRODUCT(3, 5, 7);
    }
  }
  TILE_STORE(0, c, c_bytes);
  TILE_STORE(1, c + 16 * c_stride, c_bytes);
  if (panels == 2) {
    TILE_STORE(2, c + 16, c_bytes);
    TILE_STORE(3, c + 16 * c_stride + 16, c_bytes);
  }
}
