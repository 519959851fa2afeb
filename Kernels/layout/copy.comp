#version 450
#extension GL_GOOGLE_include_directive : require
// Copies rows of words into rows of another length: out[r * out_stride + out_start + i] = x[r * x_stride + x_start + i].
// Used for concatenating and slicing along any axis; a word is 16 or 32 bits, or 16 bytes where VECTORS says so.
// variants: f32 bf16
#include "../include/types.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(constant_id = 0) const bool VECTORS = false;
layout(binding = 0) readonly buffer Vectors { uvec4 vectors[]; };
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) writeonly buffer OutVectors { uvec4 result_vectors[]; };
layout(binding = 1) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants {
  uint count; uint length; uint x_stride; uint x_start; uint out_stride; uint out_start;
};

void main() {
  uint i = element();
  if (i >= count) return;
  uint row = i / length, column = i % length;
  uint from = row * x_stride + x_start + column, to = row * out_stride + out_start + column;
  if (VECTORS) {
    result_vectors[to] = vectors[from];
  } else {
    result[to] = x[from];
  }
}
