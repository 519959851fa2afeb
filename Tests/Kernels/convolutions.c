// Convolutions: directly, by Winograd's algorithm, and of images that are repeated to twice their size.
#include "product.h"

// With a border that keeps the size, divided by the stride.
static product_case convolution(
  size_t height, size_t width, size_t in, size_t out, size_t kernel, size_t stride, ck_stored type
) {
  return (product_case){
    .shape = {
      .images = 2, .height = height, .width = width, .in = in, .out = out,
      .out_height = (height + stride - 1) / stride, .out_width = (width + stride - 1) / stride,
      .kernel_height = kernel, .kernel_width = kernel, .stride = stride, .top = kernel / 2, .left = kernel / 2,
    },
    .x = type, .weights = type, .bias = true,
  };
}

static void check_direct(ck_stored type) {
  // Channels that are in tiles' steps, in pairs, in none; more of them than a stretch of the depth has.
  static const size_t channels[][2] = {{3, 5}, {6, 33}, {13, 16}, {32, 32}, {40, 70}, {100, 20}};
  for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
    const size_t in = channels[i][0], out = channels[i][1];
    check_product("convolution, 1 x 1", convolution(5, 9, in, out, 1, 1, type));
    check_product("convolution, 3 x 3", convolution(7, 9, in, out, 3, 1, type));
    check_product("convolution, stride 2", convolution(8, 9, in, out, 3, 2, type));
  }
  product_case given = convolution(6, 10, 40, 36, 3, 1, type);
  given.residual = true;
  given.activation = CK_SILU;
  check_product("convolution, 3 x 3", given);
  given.first_part = 17;
  check_product("convolution, 3 x 3, of two images", given);
  // As of encoders: the border is below and to the right only.
  product_case shifted = convolution(8, 8, 32, 24, 3, 2, type);
  shifted.shape.top = shifted.shape.left = 0;
  check_product("convolution, stride 2", shifted);
  // Kernels that are not square.
  product_case flat = convolution(6, 7, 9, 10, 1, 1, type);
  flat.shape.kernel_width = 5;
  flat.shape.left = 2;
  check_product("convolution, 1 x 5", flat);
}

static void check_winograd(ck_stored type) {
  // Few and many columns; more channels than a block has, and fewer than a vector; tiles that hang over the edge; more of them
  // than a group has.
  static const size_t sizes[][4] = {{8, 8, 32, 3}, {7, 9, 100, 40}, {5, 5, 3, 70}, {13, 6, 49, 24}, {30, 31, 33, 80}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    product_case given = convolution(sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3], 3, 1, type);
    given.winograd = true;
    check_product("convolution by Winograd", given);
    given.activation = CK_SILU;
    given.residual = true;
    given.weights = type == CK_STORED_F32 ? CK_STORED_F16 : CK_STORED_F32;
    given.first_part = sizes[i][2] / 2;
    check_product("convolution by Winograd", given);
  }
}

static void check_upsampled(void) {
  static const size_t sizes[][4] = {{1, 1, 1, 1}, {5, 7, 40, 33}, {8, 8, 64, 32}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    product_case given = convolution(sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3], 3, 1, CK_STORED_BF16);
    given.shape.upsampled = true;
    given.shape.out_height *= 2;
    given.shape.out_width *= 2;
    check_product("convolution of an upsampled image", given);
  }
}

void check_convolutions(void) {
  for (ck_stored type = CK_STORED_F32; type <= CK_STORED_BF16; type++) {
    product_case spoiled = convolution(9, 9, 40, 36, 3, 1, type);
    spoiled.spoiled = true;
    check_product("convolution, with a NaN", spoiled);
    check_direct(type);
    check_winograd(type);
  }
  check_upsampled();
}
