#version 450
#extension GL_GOOGLE_include_directive : require
// out[i] = x[i] factor. An invocation does 16 bytes of x, or what is left of the last.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#include "../include/vectors.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(binding = 0) readonly buffer Vectors { VECTOR vectors[]; };
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) writeonly buffer OutQuads { STORE_QUAD result_quads[]; };
layout(binding = 1) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants { uint count; float factor; };

void main() {
  uint first = element() * LANES;
  if (first + LANES <= count) {
    VECTOR vector = vectors[first / LANES];
    for (uint quad = 0; quad < QUADS; quad++) {
      result_quads[first / LANES * QUADS + quad] = narrow_quad(quad_of(vector, quad) * factor);
    }
  } else {
    for (uint i = first; i < count; i++) result[i] = narrow(widen(x[i]) * factor);
  }
}
