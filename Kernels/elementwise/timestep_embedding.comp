#version 450
#extension GL_GOOGLE_include_directive : require
// t [N] -> [N, width]: the cosines, then the sines, of t frequencies[i]; frequencies [width / 2].
// variants: f32
#include "../include/types.glsl"
#define WORKGROUP 64
#include "../include/indexing.glsl"
layout(binding = 0) readonly buffer T { float t[]; };
layout(binding = 1) readonly buffer Frequencies { float frequencies[]; };
layout(binding = 2) writeonly buffer Out { float result[]; };
layout(push_constant) uniform Constants { uint count; uint width; };

// A device's sin may be wrong by 2^-11, and by anything for arguments beyond pi, and angles go to 1000. So the angle is
// brought near 0, in two steps, as 2 pi has more digits than a float.
float reduced(float x) {
  float turns = round(x * 0.15915494);
  precise float coarse = x - turns * 6.28125;
  return coarse - turns * 0.0019353072;
}

// The Taylor series, which has the last digits of a float on [-pi / 2, pi / 2].
float sine(float x) {
  if (x > 3.14159265) x -= 6.28318531;
  if (x > 1.57079633) x = 3.14159265 - x;
  if (x < -1.57079633) x = -3.14159265 - x;
  float s = x * x;
  return x * (1.0 + s * (-1.0 / 6.0 + s * (1.0 / 120.0 + s * (-1.0 / 5040.0 + s * (1.0 / 362880.0 - s / 39916800.0)))));
}

void main() {
  uint i = element();
  if (i >= count) return;
  uint column = i % width, half_width = width / 2;
  float angle = reduced(t[i / width] * frequencies[column % half_width]);
  result[i] = column < half_width ? sine(angle + 1.57079633) : sine(angle);
}
