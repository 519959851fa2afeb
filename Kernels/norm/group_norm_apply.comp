#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// x [N, positions, channels], bias [channels] -> out like x: activation((x - mean) factor + bias), with the statistics
// [2, N, channels] of group_norm_combine.comp; or, with COMBINES, with the partials of group_norm_statistics.comp and
// weight [channels], of which each workgroup combines what it needs. Where ADDS_FIRST says so, a vector [N, channels] is added
// to x first.
//
// A workgroup does a block of positions in a slice of channels that has whole groups, as group_norm_statistics.comp does;
// an invocation one column of it, a vector of channels or one channel where VECTORS is false, at every ROWS-th position,
// POSITIONS of them, which it reads before anything else.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#include "../include/vectors.glsl"
#include "../include/activation.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(constant_id = 0) const uint FUNCTION = IDENTITY;
layout(constant_id = 1) const bool VECTORS = true;
layout(constant_id = 2) const bool COMBINES = false;
// Of a slice.
layout(constant_id = 3) const uint COLUMNS = 1;
layout(constant_id = 4) const uint GROUP_CHANNELS = 1;
layout(constant_id = 5) const bool ADDS_FIRST = false;
layout(binding = 0) readonly buffer Vectors { VECTOR vectors[]; };
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) readonly buffer Statistics { float statistics[]; };
layout(binding = 1) readonly buffer Partials { vec2 partials[]; };
layout(binding = 2) readonly buffer Bias { float bias[]; };
layout(binding = 2) readonly buffer BiasQuads { vec4 bias_quads[]; };
layout(binding = 3) writeonly buffer OutQuads { STORE_QUAD result_quads[]; };
layout(binding = 3) writeonly buffer Out { STORE result[]; };
layout(binding = 4) readonly buffer Weight { float weight[]; };
layout(binding = 4) readonly buffer WeightQuads { vec4 weight_quads[]; };
layout(binding = 5) readonly buffer AddedQuads { STORE_QUAD added_quads[]; };
layout(binding = 5) readonly buffer Added { STORE added[]; };
layout(push_constant) uniform Constants {
  uint images; uint positions; uint channels; uint partial_blocks; uint partial_block; float epsilon;
};

const uint WIDTH = VECTORS ? LANES : 1;
const uint ROWS = WORKGROUP / COLUMNS;
const uint SLICE_CHANNELS = COLUMNS * WIDTH;
const uint SLICE_GROUPS = SLICE_CHANNELS / GROUP_CHANNELS;
// Invocations that combine the partials of a group.
const uint SHARE = SLICE_GROUPS < WORKGROUP / 8 ? 8 : SLICE_GROUPS < WORKGROUP ? WORKGROUP / SLICE_GROUPS : 1;
// A slice has a quarter of WORKGROUP columns at most. Of each of its groups: the mean, and 1 / sqrt(variance + epsilon).
shared vec2 group_statistics[WORKGROUP / 4 * LANES];
shared vec2 sums[WORKGROUP];

// Several invocations a group share its partials; everything is added in an order that depends on shapes alone.
void combine(uint image, uint first_group) {
  uint thread = gl_LocalInvocationID.x, groups = channels / GROUP_CHANNELS;
  for (uint turn = 0; turn < (SLICE_GROUPS * SHARE + WORKGROUP - 1) / WORKGROUP; turn++) {
    uint group = (turn * WORKGROUP + thread) / SHARE, part = thread % SHARE;
    uint first = image * partial_blocks * groups + first_group + group;
    bool is_there = group < SLICE_GROUPS;
    // Distances to the first block's mean keep sums small.
    float origin = is_there ? partials[first].x : 0.0;
    vec2 sum = vec2(0.0);
    for (uint i = part; is_there && i < partial_blocks; i += SHARE) {
      vec2 partial = partials[first + i * groups];
      float n = float(min(partial_block, positions - i * partial_block) * GROUP_CHANNELS), distance = partial.x - origin;
      sum += vec2(n * distance, partial.y + n * distance * distance);
    }
    sums[thread] = sum;
    barrier();
    if (is_there && part == 0) {
      [[unroll]] for (uint i = 1; i < SHARE; i++) sum += sums[thread + i];
      float count = float(positions) * float(GROUP_CHANNELS), mean = sum.x / count;
      float variance = max(sum.y / count - mean * mean, 0.0);
      group_statistics[group] = vec2(origin + mean, inversesqrt(variance + epsilon));
    }
    barrier();
  }
}

#define POSITIONS 4

void main() {
  uint thread = gl_LocalInvocationID.x;
  uint image = gl_WorkGroupID.z, first_channel = gl_WorkGroupID.y * SLICE_CHANNELS;
  uint row = thread / COLUMNS, slice_channel = thread % COLUMNS * WIDTH, channel = first_channel + slice_channel;
  uint first = gl_WorkGroupID.x * ROWS * POSITIONS + row, start = (image * positions + first) * channels + channel;
  // Whether this invocation has a position in a slot at all.
  bool is_there[POSITIONS];
  VECTOR loaded[POSITIONS];
  [[unroll]] for (uint i = 0; i < POSITIONS; i++) {
    is_there[i] = row < ROWS && first + i * ROWS < positions;
    if (VECTORS && is_there[i]) loaded[i] = vectors[(start + i * ROWS * channels) / LANES];
  }
  if (COMBINES) combine(image, first_channel / GROUP_CHANNELS);
  if (row >= ROWS) return;

  vec4 mean[QUADS], factor[QUADS], shift[QUADS];
  uint group = slice_channel / GROUP_CHANNELS, of_group = slice_channel % GROUP_CHANNELS;
  [[unroll]] for (uint quad = 0; quad < QUADS; quad++) {
    uint at = channel + quad * 4;
    vec4 scale = vec4(1.0);
    if (VECTORS) {
      if (COMBINES) scale = weight_quads[at / 4];
      shift[quad] = bias_quads[at / 4];
    } else if (quad == 0) {
      if (COMBINES) scale.x = weight[at];
      shift[quad].x = bias[at];
    }
    [[unroll]] for (uint lane = 0; lane < (VECTORS ? 4 : 1); lane++) {
      if (!VECTORS && quad > 0) break;
      if (COMBINES) {
        vec2 statistic = group_statistics[group];
        mean[quad][lane] = statistic.x;
        factor[quad][lane] = statistic.y * scale[lane];
        of_group++;
        if (of_group == GROUP_CHANNELS) {
          of_group = 0;
          group++;
        }
      } else {
        mean[quad][lane] = statistics[image * channels + at + lane];
        factor[quad][lane] = statistics[(images + image) * channels + at + lane];
      }
    }
    // To count from what is so much lower is to add.
    if (ADDS_FIRST && VECTORS) mean[quad] -= widen_quad(added_quads[(image * channels + at) / 4]);
    if (ADDS_FIRST && !VECTORS && quad == 0) mean[quad].x -= widen(added[image * channels + at]);
  }
  [[unroll]] for (uint i = 0; i < POSITIONS; i++) {
    if (!is_there[i]) continue;
    uint at = start + i * ROWS * channels;
    if (VECTORS) {
      [[unroll]] for (uint quad = 0; quad < QUADS; quad++) {
        vec4 value = (quad_of(loaded[i], quad) - mean[quad]) * factor[quad] + shift[quad];
        [[unroll]] for (uint lane = 0; lane < 4; lane++) value[lane] = activate(FUNCTION, value[lane]);
        result_quads[at / LANES * QUADS + quad] = narrow_quad(value);
      }
    } else {
      result[at] = narrow(activate(FUNCTION, (widen(x[at]) - mean[0].x) * factor[0].x + shift[0].x));
    }
  }
}
