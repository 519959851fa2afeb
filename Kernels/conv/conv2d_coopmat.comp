#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d.comp on matrix units:
// x [N, H, W, in], weight [out, kh, kw, in] -> [N, H', W', out]: residual + activation(convolution + bias).
//
// An invocation's chunks are of the same pixels all the time; at each step it moves TILE_K channels on, to the next taps
// where one's channels are through.
// variants: f16
// needs: GL_KHR_cooperative_matrix
#include "../include/product_tile_coopmat.glsl"
#include "../include/epilogue_coopmat.glsl"
layout(binding = 0) readonly buffer X { float16_t x[]; };
layout(binding = 0) readonly buffer XChunks { uvec4 x_chunks[]; };
layout(binding = 1) readonly buffer Weight { float16_t weight[]; };
layout(binding = 1) readonly buffer WeightChunks { uvec4 weight_chunks[]; };
layout(push_constant) uniform Constants {
  uint rows; uint columns; uint inner;
  uint height; uint width; uint channels; uint out_height; uint out_width;
  uint kernel_width; uint stride; uint top; uint left_padding;
};

uint depth() { return inner; }

// The first row of a slot's picture in the batch, and where its pixel's first tap is in the picture. Taps above and left
// of the picture wrap around to numbers beyond it.
uint picture_rows[LEFT_LOADS];
uint tap_rows[LEFT_LOADS];
uint tap_columns[LEFT_LOADS];
// Of the chunks at the present depth: the tap, relative to the first, and the channel.
uint tap_row = 0, tap_column = 0, channel = gl_LocalInvocationID.x % CHUNKS_K * CHUNK;

void wrap_channel() {
  while (channel >= channels) {
    channel -= channels;
    tap_column++;
    if (tap_column == kernel_width) {
      tap_column = 0;
      tap_row++;
    }
  }
}

void place_left(uint slot, uint m) {
  uint row = m / out_width, image = row / out_height;
  picture_rows[slot] = image * height;
  tap_rows[slot] = m < rows ? row % out_height * stride - top : 0x80000000u;
  tap_columns[slot] = m % out_width * stride - left_padding;
  if (slot == 0) wrap_channel();
}

void next_left() {
  channel += TILE_K;
  wrap_channel();
}

float left_element(uint slot, uint k) {
  uint tap = k / channels;
  uint y = tap_rows[slot] + tap / kernel_width, x_ = tap_columns[slot] + tap % kernel_width;
  if (k >= inner || y >= height || x_ >= width) return 0.0;
  return float(x[((picture_rows[slot] + y) * width + x_) * channels + k % channels]);
}

uvec4 left(uint slot, uint k) {
  if (LEFT_CHUNKS) {
    uint y = tap_rows[slot] + tap_row, x_ = tap_columns[slot] + tap_column;
    if (k >= inner || y >= height || x_ >= width) return uvec4(0);
    return x_chunks[(((picture_rows[slot] + y) * width + x_) * channels + channel) / CHUNK];
  }
  vec4 low, high;
  for (uint i = 0; i < 4; i++) {
    low[i] = left_element(slot, k + i);
    high[i] = left_element(slot, k + 4 + i);
  }
  return pack(low, high);
}

uvec4 right(uint n, uint k) {
  if (n >= columns || k >= inner) return uvec4(0);
  uint at = n * inner + k;
  if (RIGHT_CHUNKS) return weight_chunks[at / CHUNK];
  vec4 low = vec4(0), high = vec4(0);
  for (uint i = 0; i < 4; i++) {
    if (k + i < inner) low[i] = float(weight[at + i]);
    if (k + 4 + i < inner) high[i] = float(weight[at + 4 + i]);
  }
  return pack(low, high);
}

void finish(uint m, uint n, vec4 low, vec4 high) {
  if (m < rows) store(m * columns, n, columns, low, high);
}

#include "../include/product_coopmat.glsl"
