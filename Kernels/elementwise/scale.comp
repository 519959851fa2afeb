#version 450
#extension GL_GOOGLE_include_directive : require
// out[i] = x[i] factor.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants { uint count; float factor; };

void main() {
  uint i = element();
  if (i < count) result[i] = narrow(widen(x[i]) * factor);
}
