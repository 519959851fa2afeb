#version 450
#extension GL_GOOGLE_include_directive : require
// ids [tokens], table [V, C] -> [tokens, C]; a word is 16 or 32 bits, or 16 bytes where VECTORS says so.
// variants: f32 bf16
#include "../include/types.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(constant_id = 0) const bool VECTORS = false;
layout(binding = 0) readonly buffer Ids { int ids[]; };
layout(binding = 1) readonly buffer TableVectors { uvec4 table_vectors[]; };
layout(binding = 1) readonly buffer Table { STORE table[]; };
layout(binding = 2) writeonly buffer OutVectors { uvec4 result_vectors[]; };
layout(binding = 2) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants { uint count; uint columns; };

void main() {
  uint i = element();
  if (i >= count) return;
  uint from = uint(ids[i / columns]) * columns + i % columns;
  if (VECTORS) {
    result_vectors[i] = table_vectors[from];
  } else {
    result[i] = table[from];
  }
}
