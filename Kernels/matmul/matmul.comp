#version 450
#extension GL_GOOGLE_include_directive : require
// a [batch, M, K], b [batch, N, K] (or [batch, K, N] with !TRANSPOSED) -> [batch, M, N]: residual + activation(a b + bias).
// With SEVERAL, a [M, K].
// variants: f32 f16 bf16
#include "../include/types.glsl"
#include "../include/epilogue.glsl"
#include "../include/several.glsl"
layout(constant_id = 9) const bool TRANSPOSED = true;
layout(binding = 0) readonly buffer A { STORE a[]; };
layout(binding = 1) readonly buffer B { STORE b[]; };
layout(push_constant) uniform Constants { uint rows; uint columns; uint inner; };

uint batch() { return gl_WorkGroupID.z; }

float left(uint m, uint k) { return m < rows ? widen(a[(left_batch(batch()) * rows + m) * inner + k]) : 0.0; }

float right(uint n, uint k) {
  if (n >= columns) return 0.0;
  return widen(b[TRANSPOSED ? (batch() * columns + n) * inner + k : (batch() * inner + k) * columns + n]);
}

uint depth() { return inner; }

void finish(uint m, uint n, float sum) {
  if (m < rows && n < columns) store((batch() * rows + m) * columns + n, first_bias(columns) + n, sum);
}

#include "../include/product.glsl"
