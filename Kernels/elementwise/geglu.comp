#version 450
#extension GL_GOOGLE_include_directive : require
// x [rows, 2 columns] -> [rows, columns]: the first half times gelu of the second.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
#include "../include/activation.glsl"
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants { uint count; uint columns; };

void main() {
  uint i = element();
  if (i >= count) return;
  uint value = i / columns * 2 * columns + i % columns;
  result[i] = narrow(widen(x[value]) * gelu(widen(x[value + columns])));
}
