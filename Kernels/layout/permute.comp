#version 450
#extension GL_GOOGLE_include_directive : require
// out[i0, i1, i2, i3] = x[sum of i times strides]; row-major result of up to four axes; a word is 16 or 32 bits.
// variants: f32 bf16
#include "../include/types.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants { uvec4 extents; uvec4 strides; uint count; };

void main() {
  uint i = element();
  if (i >= count) return;
  uint rest = i, j = 0;
  for (int axis = 3; axis >= 0; axis--) {
    j += rest % extents[axis] * strides[axis];
    rest /= extents[axis];
  }
  result[i] = x[j];
}
