#version 450
#extension GL_GOOGLE_include_directive : require
// out[i] = a[i] + b[j] or a[i] b[j], where b is repeated along the axes of stride 0; row-major, up to four axes. An invocation
// does 16 bytes of a where VECTORS says that as many of b lie side by side, or what is left of the last; else one value.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#include "../include/vectors.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(constant_id = 0) const bool MULTIPLY = false;
layout(constant_id = 1) const bool VECTORS = true;
layout(binding = 0) readonly buffer AVectors { VECTOR a_vectors[]; };
layout(binding = 0) readonly buffer A { STORE a[]; };
layout(binding = 1) readonly buffer BVectors { VECTOR b_vectors[]; };
layout(binding = 1) readonly buffer B { STORE b[]; };
layout(binding = 2) writeonly buffer OutQuads { STORE_QUAD result_quads[]; };
layout(binding = 2) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants { uvec4 extents; uvec4 strides; uint count; };

void main() {
  uint first = VECTORS ? element() * LANES : element();
  if (first >= count) return;
  uint rest = first, j = 0;
  for (int axis = 3; axis >= 0; axis--) {
    j += rest % extents[axis] * strides[axis];
    rest /= extents[axis];
  }
  if (VECTORS && first + LANES <= count) {
    VECTOR left = a_vectors[first / LANES], right = b_vectors[j / LANES];
    for (uint quad = 0; quad < QUADS; quad++) {
      vec4 x = quad_of(left, quad), y = quad_of(right, quad);
      result_quads[first / LANES * QUADS + quad] = narrow_quad(MULTIPLY ? x * y : x + y);
    }
  } else {
    for (uint i = first; i < (VECTORS ? count : first + 1); i++) {
      float x = widen(a[i]), y = widen(b[j + i - first]);
      result[i] = narrow(MULTIPLY ? x * y : x + y);
    }
  }
}
