#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// x [N, positions, channels], weight and bias [channels]: normalised over a group's channels at all positions, scaled and
// shifted, then the activation. Where ADDS_FIRST says so, a vector [N, channels] is added to x before all else.
//
// One workgroup does a group of an image; an invocation keeps up to KEPT elements in registers, so that memory is read once,
// or, where KEPT is 0, each pass reads anew.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#include "../include/activation.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
#include "../include/reduce.glsl"
layout(constant_id = 0) const uint FUNCTION = IDENTITY;
layout(constant_id = 1) const uint KEPT = 0;
layout(constant_id = 2) const uint GROUP_CHANNELS = 1;
layout(constant_id = 3) const bool ADDS_FIRST = false;
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) readonly buffer Weight { float weight[]; };
layout(binding = 2) readonly buffer Bias { float bias[]; };
layout(binding = 3) writeonly buffer Out { STORE result[]; };
layout(binding = 4) readonly buffer Vector { STORE added[]; };
layout(push_constant) uniform Constants { uint positions; uint channels; float epsilon; };

float values[KEPT > 0 ? KEPT : 1];

uint turns(uint count) { return KEPT > 0 ? KEPT : (count + WORKGROUP - 1) / WORKGROUP; }
uint element_at(uint turn) { return turn * WORKGROUP + gl_LocalInvocationID.x; }
uint place_of(uint element) { return element / GROUP_CHANNELS * channels + element % GROUP_CHANNELS; }

// Element of a group that begins at `start`, the channel `first` of an image.
float value_of(uint start, uint image, uint first, uint element) {
  float value = widen(x[start + place_of(element)]);
  if (ADDS_FIRST) value += widen(added[image * channels + first + element % GROUP_CHANNELS]);
  return value;
}

void main() {
  uint groups = channels / GROUP_CHANNELS;
  uint image = gl_WorkGroupID.x / groups, first = gl_WorkGroupID.x % groups * GROUP_CHANNELS;
  uint start = image * positions * channels + first, count = positions * GROUP_CHANNELS;

  // Distances to a first element and to the mean keep sums small.
  float origin = value_of(start, image, first, 0), sum = 0.0;
  [[unroll]] for (uint i = 0; i < turns(count); i++) {
    if (element_at(i) >= count) continue;
    float value = value_of(start, image, first, element_at(i));
    if (KEPT > 0) values[i] = value;
    sum += value - origin;
  }
  float mean = origin + workgroup_sum(sum) / float(count);
  float squares = 0.0;
  [[unroll]] for (uint i = 0; i < turns(count); i++) {
    if (element_at(i) >= count) continue;
    float distance = (KEPT > 0 ? values[i] : value_of(start, image, first, element_at(i))) - mean;
    squares += distance * distance;
  }
  float factor = inversesqrt(workgroup_sum(squares) / float(count) + epsilon);
  [[unroll]] for (uint i = 0; i < turns(count); i++) {
    if (element_at(i) >= count) continue;
    uint channel = first + element_at(i) % GROUP_CHANNELS, at = start + place_of(element_at(i));
    float value = KEPT > 0 ? values[i] : value_of(start, image, first, element_at(i));
    value = (value - mean) * factor * weight[channel] + bias[channel];
    result[at] = narrow(activate(FUNCTION, value));
  }
}
