#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// x [N, H, W, in], weight [out, kh, kw, in] -> [N, H', W', out]: residual + activation(convolution + bias), where x is
// first repeated to the upsampled height and width by nearest neighbour.
// DOUBLED: x [N, H, W, in], weight [4, out, 2, 2, in] -> [N, 2 H, 2 W, out].
//
// `conv2d` with large tiles in registers: the slabs of the depth are those of a tap's channels, tap by tap, so that where a
// row's pixel lies is found once a tap. The channels are a multiple of LANES.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#include "../include/vectors.glsl"
#include "../include/tile.glsl"
#include "../include/epilogue_quads.glsl"
#include "../include/doubled.glsl"
layout(binding = 0) readonly buffer X { VECTOR x[]; };
layout(binding = 1) readonly buffer Weight { VECTOR weight[]; };
layout(push_constant) uniform Constants {
  uint rows; uint columns; uint chunk;
  uint height; uint width; uint channels; uint upsampled_height; uint upsampled_width; uint out_height; uint out_width;
  uint kernel_height; uint kernel_width; uint stride; uint top; uint left_padding;
};

layout(constant_id = 13) const bool UPSAMPLED = false;
const uint NOWHERE = 0xffffffffu;
// The slab's tap, and its first channel.
uint tap_y, tap_x, channel;
// For an invocation's vectors of the left slab: the image and the pixel under the first tap, and the vector in x where the
// pixel under this tap begins.
uint image[LEFT_VECTORS], first_y[LEFT_VECTORS], first_x[LEFT_VECTORS], pixel[LEFT_VECTORS];

uint slabs_of_tap() { return (channels + TILE_K - 1) / TILE_K; }
uint slabs() { return kernel_height * kernel_width * slabs_of_tap(); }

void find_pixels() {
  [[unroll]] for (uint i = 0; i < LEFT_VECTORS; i++) {
    // Rows and columns outside wrap around to numbers beyond the picture.
    uint y = first_y[i] + tap_y, x_ = first_x[i] + tap_x;
    if (row_of(line_of(i)) >= rows || y >= upsampled_height || x_ >= upsampled_width) {
      pixel[i] = NOWHERE;
    } else {
      if (UPSAMPLED) {
        y = y * height / upsampled_height;
        x_ = x_ * width / upsampled_width;
      }
      pixel[i] = ((image[i] * height + y) * width + x_) * (channels / LANES);
    }
  }
}

void seek(uint slab) {
  uint tap = slab / slabs_of_tap();
  tap_y = tap / kernel_width;
  tap_x = tap % kernel_width;
  channel = slab % slabs_of_tap() * TILE_K;
  [[unroll]] for (uint i = 0; i < LEFT_VECTORS; i++) {
    uint m = row_of(line_of(i));
    image[i] = m / (out_height * out_width);
    first_y[i] = m / out_width % out_height * stride - top;
    first_x[i] = m % out_width * stride - left_padding;
    if (DOUBLED) {
      first_y[i] += row_parity();
      first_x[i] += column_parity();
    }
  }
  find_pixels();
}

void advance() {
  channel += TILE_K;
  if (channel < channels) return;
  channel = 0;
  tap_x++;
  if (tap_x == kernel_width) {
    tap_x = 0;
    tap_y++;
  }
  find_pixels();
}

VECTOR left_vector(uint i) {
  uint k = channel + k_of(i);
  if (pixel[i] == NOWHERE || k >= channels) return VECTOR(0);
  return x[pixel[i] + k / LANES];
}

VECTOR right_vector(uint i) {
  uint n = column_of(line_of(i)), k = channel + k_of(i);
  if (n >= columns || k >= channels) return VECTOR(0);
  if (DOUBLED) n += gl_WorkGroupID.z * columns;
  uint tap = (n * kernel_height + tap_y) * kernel_width + tap_x;
  return weight[tap * (channels / LANES) + k / LANES];
}

// Parts of the depth lie one after another.
uint result_row(uint m) {
  return DOUBLED ? doubled_pixel(m, out_height, out_width) : gl_WorkGroupID.z * rows + m;
}

#include "../include/product_tiled.glsl"
