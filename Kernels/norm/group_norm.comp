#version 450
#extension GL_GOOGLE_include_directive : require
// x [N, positions, channels], weight and bias [channels]: normalised over a group's channels at all positions, scaled and
// shifted, then the activation. One workgroup a group of an image.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#include "../include/activation.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
#include "../include/reduce.glsl"
layout(constant_id = 0) const uint FUNCTION = IDENTITY;
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) readonly buffer Weight { float weight[]; };
layout(binding = 2) readonly buffer Bias { float bias[]; };
layout(binding = 3) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants { uint positions; uint channels; uint group_channels; float epsilon; };

void main() {
  uint groups = channels / group_channels;
  uint image = gl_WorkGroupID.x / groups, first = gl_WorkGroupID.x % groups * group_channels;
  uint start = image * positions * channels + first, count = positions * group_channels;

  // Distances to a first element and to the mean keep sums small.
  float origin = widen(x[start]), sum = 0.0;
  for (uint i = gl_LocalInvocationID.x; i < count; i += WORKGROUP) {
    sum += widen(x[start + i / group_channels * channels + i % group_channels]) - origin;
  }
  float mean = origin + workgroup_sum(sum) / float(count);
  float squares = 0.0;
  for (uint i = gl_LocalInvocationID.x; i < count; i += WORKGROUP) {
    float distance = widen(x[start + i / group_channels * channels + i % group_channels]) - mean;
    squares += distance * distance;
  }
  float factor = inversesqrt(workgroup_sum(squares) / float(count) + epsilon);
  for (uint i = gl_LocalInvocationID.x; i < count; i += WORKGROUP) {
    uint channel = i % group_channels, at = start + i / group_channels * channels + channel;
    float value = (widen(x[at]) - mean) * factor * weight[first + channel] + bias[first + channel];
    result[at] = narrow(activate(FUNCTION, value));
  }
}
