#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// x [N, positions, channels] -> partials [N, blocks, groups]: mean and sum of squared distances from it of each group, over
// a block of positions; where ADDS_FIRST says so, of x plus a vector [N, channels]. The first kernel for what is too much
// for one workgroup a group (group_norm.comp).
//
// A workgroup reads a block of positions in a slice of channels that has whole groups. An invocation stays with one column
// of the slice: a vector of channels, or one channel where VECTORS is false. It takes every `ROWS`-th position. Distances
// to the column's first value keep sums small. Everything is added in an order that depends on shapes alone.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#include "../include/vectors.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(constant_id = 0) const bool VECTORS = true;
// Of a slice.
layout(constant_id = 1) const uint COLUMNS = 1;
layout(constant_id = 2) const uint GROUP_CHANNELS = 1;
layout(constant_id = 3) const bool ADDS_FIRST = false;
layout(binding = 0) readonly buffer Vectors { VECTOR vectors[]; };
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) writeonly buffer Partials { vec2 partials[]; };
layout(binding = 2) readonly buffer AddedQuads { STORE_QUAD added_quads[]; };
layout(binding = 2) readonly buffer Added { STORE added[]; };
layout(push_constant) uniform Constants {
  uint positions; uint channels; uint blocks; uint block;
};

const uint WIDTH = VECTORS ? LANES : 1;
const uint ROWS = WORKGROUP / COLUMNS;
const uint SLICE_CHANNELS = COLUMNS * WIDTH;
#define AT_ONCE 4
// Of a row and a channel of the slice.
shared float means[WORKGROUP * LANES];
shared float squares[WORKGROUP * LANES];

void main() {
  uint thread = gl_LocalInvocationID.x;
  uint image = gl_WorkGroupID.z, slice = gl_WorkGroupID.y;
  uint start = gl_WorkGroupID.x * block, count = min(block, positions - start);
  uint row = thread / COLUMNS, column = thread % COLUMNS;
  if (row < min(ROWS, count)) {
    uint at = (image * positions + start + row) * channels + slice * SLICE_CHANNELS + column * WIDTH;
    vec4 origin[QUADS], sum[QUADS], square[QUADS];
    [[unroll]] for (uint i = 0; i < QUADS; i++) sum[i] = square[i] = vec4(0.0);
    // Several positions at a time, so that their loads are on their way together.
    for (uint position = row; position < count; position += ROWS * AT_ONCE) {
      vec4 value[AT_ONCE * QUADS];
      [[unroll]] for (uint j = 0; j < AT_ONCE; j++) {
        if (position + j * ROWS < count) {
          VECTOR vector = VECTORS ? vectors[(at + j * ROWS * channels) / LANES] : VECTOR(0);
          [[unroll]] for (uint i = 0; i < QUADS; i++) {
            value[j * QUADS + i] = VECTORS ? quad_of(vector, i) : vec4(widen(x[at + j * ROWS * channels]));
          }
        }
      }
      [[unroll]] for (uint j = 0; j < AT_ONCE; j++) {
        if (position + j * ROWS < count) {
          [[unroll]] for (uint i = 0; i < QUADS; i++) {
            if (position + j * ROWS == row) origin[i] = value[i];
            vec4 distance = value[j * QUADS + i] - origin[i];
            sum[i] += distance;
            square[i] += distance * distance;
          }
        }
      }
      at += ROWS * channels * AT_ONCE;
    }
    float n = float((count - row + ROWS - 1) / ROWS);
    uint first = row * SLICE_CHANNELS + column * WIDTH;
    // What is added to all positions moves the mean alone.
    uint channel = image * channels + slice * SLICE_CHANNELS + column * WIDTH;
    [[unroll]] for (uint lane = 0; lane < WIDTH; lane++) {
      float total = sum[lane / 4][lane % 4], moved = 0.0;
      if (ADDS_FIRST) moved = VECTORS ? widen_quad(added_quads[(channel + lane) / 4])[lane % 4] : widen(added[channel]);
      means[first + lane] = origin[lane / 4][lane % 4] + total / n + moved;
      squares[first + lane] = max(square[lane / 4][lane % 4] - total * total / n, 0.0);
    }
  }
  barrier();
  // Rows into a channel's first, one channel an invocation.
  for (uint channel = thread; channel < SLICE_CHANNELS; channel += WORKGROUP) {
    float origin = means[channel], sum = 0.0, square = 0.0;
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
      if (r >= count) break;
      float n = float((count - r + ROWS - 1) / ROWS), distance = means[r * SLICE_CHANNELS + channel] - origin;
      sum += n * distance;
      square += squares[r * SLICE_CHANNELS + channel] + n * distance * distance;
    }
    means[channel] = origin + sum / float(count);
    squares[channel] = max(square - sum * sum / float(count), 0.0);
  }
  barrier();
  uint groups = channels / GROUP_CHANNELS, slice_groups = SLICE_CHANNELS / GROUP_CHANNELS;
  for (uint group = thread; group < slice_groups; group += WORKGROUP) {
    uint first = group * GROUP_CHANNELS;
    float origin = means[first], sum = 0.0, square = 0.0;
    [[unroll]] for (uint i = 0; i < GROUP_CHANNELS; i++) {
      float distance = means[first + i] - origin;
      sum += distance;
      square += squares[first + i] + float(count) * distance * distance;
    }
    float mean = sum / float(GROUP_CHANNELS);
    partials[(image * blocks + gl_WorkGroupID.x) * groups + slice * slice_groups + group] =
      vec2(origin + mean, max(square - float(count * GROUP_CHANNELS) * mean * mean, 0.0));
  }
}
