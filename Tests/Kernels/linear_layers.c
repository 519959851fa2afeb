// Linear layers: a convolution of one line, with a kernel of one.
#include "product.h"

static product_case layer(size_t rows, size_t depth, size_t columns, ck_stored x, ck_stored weights) {
  return (product_case){
    .shape = {
      .images = 1, .height = 1, .width = rows, .in = depth, .out_height = 1, .out_width = rows, .out = columns,
      .kernel_height = 1, .kernel_width = 1, .stride = 1,
    },
    .x = x, .weights = weights, .bias = true,
  };
}

static void check_sizes(void) {
  // Rows, depth, columns: tiles, panels, blocks and stretches of the depth that are full, that end anywhere, that are alone.
  static const size_t sizes[][3] = {
    {1, 1, 1}, {1, 64, 96}, {5, 7, 3}, {6, 32, 32}, {13, 30, 17}, {96, 64, 64}, {97, 321, 33}, {31, 77, 70},
    {7, 1290, 40}, {12, 704, 48}, {110, 24, 530}, {2, 0, 5},
  };
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (ck_stored type = CK_STORED_F32; type <= CK_STORED_BF16; type++) {
      check_product("linear", layer(sizes[i][0], sizes[i][1], sizes[i][2], type, type));
    }
  }
}

static void check_formats(void) {
  for (ck_stored x = CK_STORED_F32; x <= CK_STORED_BF16; x++) {
    for (ck_stored weights = CK_STORED_F32; weights <= CK_STORED_F16; weights++) {
      check_product("linear of other weights", layer(23, 50, 35, x, weights));
    }
  }
}

static void check_epilogues(void) {
  for (ck_stored type = CK_STORED_F32; type <= CK_STORED_BF16; type++) {
    for (ck_activation activation = CK_IDENTITY; activation <= CK_LEAKY_RELU; activation++) {
      for (int which = 0; which < 4; which++) {
        product_case given = layer(13, 12, 37, type, type);
        given.activation = activation;
        given.bias = which & 1;
        given.residual = which & 2;
        check_product("linear with an epilogue", given);
      }
    }
  }
}

static void check_gates(void) {
  static const size_t sizes[][3] = {{1, 1, 2}, {13, 40, 64}, {97, 64, 90}, {20, 650, 34}, {40, 33, 1100}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (int bias = 0; bias < 2; bias++) {
      product_case given = layer(sizes[i][0], sizes[i][1], sizes[i][2], CK_STORED_BF16, CK_STORED_BF16);
      given.shape.gated = true;
      given.bias = bias;
      check_product("gated", given);
    }
  }
}

static void check_spoiled(void) {
  for (ck_stored type = CK_STORED_F32; type <= CK_STORED_BF16; type++) {
    for (ck_activation activation = CK_IDENTITY; activation <= CK_LEAKY_RELU; activation++) {
      product_case given = layer(31, 64, 37, type, type);
      given.activation = activation;
      given.spoiled = true;
      check_product("linear, with a NaN", given);
    }
  }
}

void check_linear_layers(void) {
  check_sizes();
  check_formats();
  check_epilogues();
  check_gates();
  check_spoiled();
}
