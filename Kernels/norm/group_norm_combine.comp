#version 450
#extension GL_GOOGLE_include_directive : require
// partials [N, blocks, groups] of group_norm_statistics.comp, weight [channels] -> statistics [2, N, channels]: each
// channel's mean, and what its distance to that is multiplied by, weight / sqrt(variance + epsilon). One workgroup a group
// of an image.
// variants: f32
#include "../include/types.glsl"
#define WORKGROUP 64
#include "../include/indexing.glsl"
#include "../include/reduce.glsl"
layout(binding = 0) readonly buffer Partials { vec2 partials[]; };
layout(binding = 1) readonly buffer Weight { float weight[]; };
layout(binding = 2) writeonly buffer Statistics { float statistics[]; };
layout(push_constant) uniform Constants {
  uint images; uint positions; uint channels; uint group_channels; uint blocks; uint block; float epsilon;
};

float count_of(uint index) { return float(min(block, positions - index * block) * group_channels); }

void main() {
  uint groups = channels / group_channels, image = gl_WorkGroupID.x / groups, group = gl_WorkGroupID.x % groups;
  uint first = image * blocks * groups + group;
  float origin = partials[first].x, count = float(positions) * float(group_channels), sum = 0.0, square = 0.0;
  for (uint i = gl_LocalInvocationID.x; i < blocks; i += WORKGROUP) {
    sum += (partials[first + i * groups].x - origin) * count_of(i);
  }
  float mean = origin + workgroup_sum(sum) / count;
  for (uint i = gl_LocalInvocationID.x; i < blocks; i += WORKGROUP) {
    vec2 partial = partials[first + i * groups];
    square += partial.y + (partial.x - mean) * (partial.x - mean) * count_of(i);
  }
  float factor = inversesqrt(workgroup_sum(square) / count + epsilon);
  for (uint i = gl_LocalInvocationID.x; i < group_channels; i += WORKGROUP) {
    uint channel = group * group_channels + i;
    statistics[image * channels + channel] = mean;
    statistics[(images + image) * channels + channel] = factor * weight[channel];
  }
}
