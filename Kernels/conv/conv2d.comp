#version 450
#extension GL_GOOGLE_include_directive : require
// x [N, H, W, in], weight [out, kh, kw, in] -> [N, H', W', out]: residual + activation(convolution + bias), where x is
// first repeated to the upsampled height and width by nearest neighbour.
// DOUBLED: x [N, H, W, in], weight [4, out, 2, 2, in] -> [N, 2 H, 2 W, out].
//
// A product of tiles whose left rows are the output's pixels and whose depth is all taps, channels inmost; no row is ever
// stored anywhere.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#include "../include/epilogue.glsl"
#include "../include/doubled.glsl"
layout(constant_id = 13) const bool UPSAMPLED = false;
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) readonly buffer Weight { STORE weight[]; };
layout(push_constant) uniform Constants {
  uint rows; uint columns; uint inner;
  uint height; uint width; uint channels; uint upsampled_height; uint upsampled_width; uint out_height; uint out_width;
  uint kernel_width; uint stride; uint top; uint left_padding;
};

float left(uint m, uint k) {
  if (m >= rows) return 0.0;
  uint tap = k / channels, channel = k % channels;
  uint image = m / (out_height * out_width), row = m / out_width % out_height, column = m % out_width;
  // Rows and columns outside wrap around to numbers beyond the picture.
  uint y = row * stride + tap / kernel_width - top, x_ = column * stride + tap % kernel_width - left_padding;
  if (DOUBLED) {
    y += row_parity();
    x_ += column_parity();
  }
  if (y >= upsampled_height || x_ >= upsampled_width) return 0.0;
  if (UPSAMPLED) {
    y = y * height / upsampled_height;
    x_ = x_ * width / upsampled_width;
  }
  return widen(x[((image * height + y) * width + x_) * channels + channel]);
}

float right(uint n, uint k) {
  if (n >= columns) return 0.0;
  return widen(weight[((DOUBLED ? gl_WorkGroupID.z * columns : 0) + n) * inner + k]);
}

uint depth() { return inner; }

void finish(uint m, uint n, float sum) {
  if (m >= rows || n >= columns) return;
  uint row = DOUBLED ? doubled_pixel(m, out_height, out_width) : m;
  store(row * columns + n, n, sum);
}

#include "../include/product.glsl"
