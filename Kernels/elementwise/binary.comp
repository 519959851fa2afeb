#version 450
#extension GL_GOOGLE_include_directive : require
// out[i] = a[i] + b[j] or a[i] b[j], where b is repeated along the axes of stride 0; row-major, up to four axes.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(constant_id = 0) const bool MULTIPLY = false;
layout(binding = 0) readonly buffer A { STORE a[]; };
layout(binding = 1) readonly buffer B { STORE b[]; };
layout(binding = 2) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants { uvec4 extents; uvec4 strides; uint count; };

void main() {
  uint i = element();
  if (i >= count) return;
  uint rest = i, j = 0;
  for (int axis = 3; axis >= 0; axis--) {
    j += rest % extents[axis] * strides[axis];
    rest /= extents[axis];
  }
  float left = widen(a[i]), right = widen(b[j]);
  result[i] = narrow(MULTIPLY ? left * right : left + right);
}
