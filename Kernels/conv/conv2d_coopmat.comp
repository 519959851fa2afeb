#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d.comp on matrix units:
// x [N, H, W, in], weight [out, kh, kw, in] -> [N, H', W', out]: residual + activation(convolution + bias), where x is
// first repeated to the upsampled height and width by nearest neighbour; SPLIT: [P, N, H', W', out], sums of parts.
// DOUBLED: x [N, H, W, in], weight [4, out, 2, 2, in] -> [N, 2 H, 2 W, out].
//
// An invocation's chunks are of the same pixels all the time. With WHOLE_STEPS, each step is of one tap, and all taps of
// some channels come before the next channels, so that what neighbouring taps share is still in the core's cache.
// Otherwise the depth is tap by tap.
// variants: f16
// needs: GL_KHR_cooperative_matrix
#include "../include/product_tile_coopmat.glsl"
#include "../include/epilogue_coopmat.glsl"
#include "../include/doubled.glsl"
layout(binding = 0) readonly buffer X { float16_t x[]; };
layout(binding = 0) readonly buffer XChunks { uvec4 x_chunks[]; };
layout(binding = 1) readonly buffer Weight { float16_t weight[]; };
layout(binding = 1) readonly buffer WeightChunks { uvec4 weight_chunks[]; };
layout(push_constant) uniform Constants {
  uint rows; uint columns; uint inner; uint part;
  uint height; uint width; uint channels; uint upsampled_height; uint upsampled_width; uint out_height; uint out_width;
  uint kernel_width; uint stride; uint top; uint left_padding;
};
layout(constant_id = 19) const bool UPSAMPLED = false;

// The first row of a slot's picture in the batch, and where its pixel's first tap is in the picture. Taps above and left
// of the picture wrap around to numbers beyond it.
uint picture_rows[LEFT_LOADS];
uint tap_rows[LEFT_LOADS];
uint tap_columns[LEFT_LOADS];
// Where a slot's row of the weights begins. With WHOLE_STEPS: its chunk at depth 0, in chunks, and that under the first tap.
uint weight_rows[RIGHT_LOADS];
int first_chunks[LEFT_LOADS];
// Of the invocation's chunks at this step: the tap, relative to the first, the channel, and where they are in the depth; with
// WHOLE_STEPS, of all invocations' first chunks.
uint tap_row, tap_column, channel, depth;

// Of the invocation's chunks along the depth, in a step.
uint own_depth() { return gl_LocalInvocationID.x % CHUNKS_K * CHUNK; }

// Where the first tap's pixel of row y and column x of the upsampled picture begins in x; NOWHERE outside of it.
const uint NOWHERE = 0xffffffffu;
uint pixel_start(uint slot, uint y, uint x_) {
  if (y >= upsampled_height || x_ >= upsampled_width) return NOWHERE;
  if (UPSAMPLED) {
    y = y * height / upsampled_height;
    x_ = x_ * width / upsampled_width;
  }
  return ((picture_rows[slot] + y) * width + x_) * channels;
}

void place_left(uint slot, uint m) {
  uint row = m / out_width, image = row / out_height;
  picture_rows[slot] = image * height;
  tap_rows[slot] = m < rows ? row % out_height * stride - top : 0x80000000u;
  tap_columns[slot] = m % out_width * stride - left_padding;
  if (DOUBLED) {
    tap_rows[slot] += row_parity();
    tap_columns[slot] += column_parity();
  }
  int first_row = int(picture_rows[slot] + tap_rows[slot]), first_column = int(tap_columns[slot]);
  first_chunks[slot] = ((first_row * int(width) + first_column) * int(channels) + int(own_depth())) / CHUNK;
}

void place_right(uint slot, uint n, uint k) {
  weight_rows[slot] = ((DOUBLED ? gl_WorkGroupID.z * columns : 0) + min(n, columns - 1)) * inner;
  if (WHOLE_STEPS) weight_rows[slot] = (weight_rows[slot] + own_depth()) / CHUNK;
}

void seek(uint k) {
  uint taps = inner / channels, tap;
  if (WHOLE_STEPS) {
    tap = k / TILE_K % taps;
    channel = k / TILE_K / taps * TILE_K;
    depth = tap * channels + channel;
  } else {
    depth = k + own_depth();
    tap = depth / channels;
    channel = depth % channels;
  }
  tap_row = tap / kernel_width;
  tap_column = tap % kernel_width;
}

void advance() {
  if (WHOLE_STEPS) {
    tap_column++;
    depth += channels;
    if (tap_column == kernel_width) {
      tap_column = 0;
      tap_row++;
      if (depth >= inner) {
        tap_row = 0;
        channel += TILE_K;
        depth = channel;
      }
    }
    return;
  }
  channel += TILE_K;
  depth += TILE_K;
  while (channel >= channels) {
    channel -= channels;
    tap_column++;
    if (tap_column == kernel_width) {
      tap_column = 0;
      tap_row++;
    }
  }
}

float left_element(uint slot, uint k) {
  uint tap = k / channels;
  uint start = pixel_start(slot, tap_rows[slot] + tap / kernel_width, tap_columns[slot] + tap % kernel_width);
  return k >= inner || start == NOWHERE ? 0.0 : float(x[start + k % channels]);
}

uvec4 left(uint slot) {
  if (WHOLE_STEPS && !UPSAMPLED) {
    // All invocations are at the same tap and channel: what is added to where their first taps are is one number.
    bool is_there = tap_rows[slot] + tap_row < height && tap_columns[slot] + tap_column < width;
    uint step = ((tap_row * width + tap_column) * channels + channel) / CHUNK;
    return is_there ? x_chunks[first_chunks[slot] + int(step)] : uvec4(0);
  }
  if (LEFT_CHUNKS) {
    uint start = pixel_start(slot, tap_rows[slot] + tap_row, tap_columns[slot] + tap_column);
    if (start == NOWHERE || !WHOLE_STEPS && depth >= inner) return uvec4(0);
    return x_chunks[(start + channel + (WHOLE_STEPS ? own_depth() : 0)) / CHUNK];
  }
  vec4 low, high;
  for (uint i = 0; i < 4; i++) {
    low[i] = left_element(slot, depth + i);
    high[i] = left_element(slot, depth + 4 + i);
  }
  return pack(low, high);
}

uvec4 right(uint slot) {
  if (WHOLE_STEPS) return weight_chunks[weight_rows[slot] + depth / CHUNK];
  uint at = weight_rows[slot] + depth;
  if (depth >= inner) return uvec4(0);
  if (RIGHT_CHUNKS) return weight_chunks[at / CHUNK];
  vec4 low = vec4(0), high = vec4(0);
  for (uint i = 0; i < 4; i++) {
    if (depth + i < inner) low[i] = float(weight[at + i]);
    if (depth + 4 + i < inner) high[i] = float(weight[at + 4 + i]);
  }
  return pack(low, high);
}

uint result_row(uint m) {
  return DOUBLED ? doubled_pixel(m, out_height, out_width) : (SPLIT ? gl_WorkGroupID.z * rows : 0) + m;
}

uvec4 fetch(uint m, uint n) { return m < rows ? fetch_residual(result_row(m), n, columns) : uvec4(0); }

void finish(uint m, uint n, vec4 low, vec4 high, uvec4 fetched) {
  if (m < rows) store(result_row(m), n, columns, low, high, fetched);
}

#include "../include/product_coopmat.glsl"
