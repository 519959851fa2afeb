#version 450
#extension GL_GOOGLE_include_directive : require
// matmul.comp on matrix units:
// a [batch, M, K], b [batch, N, K] (or [batch, K, N] with !TRANSPOSED) -> [batch, M, N]: residual + activation(a b + bias),
// or [batch, M, N / 2]: values times gelu of their gates; SPLIT: [P, M, N], sums of parts of the depth.
// variants: f16
// needs: GL_KHR_cooperative_matrix
#include "../include/product_tile_coopmat.glsl"
#include "../include/epilogue_coopmat.glsl"
layout(binding = 0) readonly buffer A { float16_t a[]; };
layout(binding = 0) readonly buffer AChunks { uvec4 a_chunks[]; };
layout(binding = 1) readonly buffer B { float16_t b[]; };
layout(binding = 1) readonly buffer BChunks { uvec4 b_chunks[]; };
layout(push_constant) uniform Constants { uint rows; uint columns; uint inner; uint part; };

uint batch() { return SPLIT ? 0 : gl_WorkGroupID.z; }

uint left_rows[LEFT_LOADS];

void place_left(uint slot, uint m) { left_rows[slot] = m; }

void seek_left(uint k) {}
void next_left() {}

uvec4 left(uint slot, uint k) {
  if (left_rows[slot] >= rows) return uvec4(0);
  uint at = (batch() * rows + left_rows[slot]) * inner + k;
  if (LEFT_CHUNKS) return k < inner ? a_chunks[at / CHUNK] : uvec4(0);
  vec4 low = vec4(0), high = vec4(0);
  for (uint i = 0; i < 4; i++) {
    if (k + i < inner) low[i] = float(a[at + i]);
    if (k + 4 + i < inner) high[i] = float(a[at + 4 + i]);
  }
  return pack(low, high);
}

uvec4 right(uint n, uint k) {
  uint at = TRANSPOSED ? (batch() * columns + n) * inner + k : (batch() * inner + k) * columns + n;
  if (n >= columns || k >= inner) return uvec4(0);
  if (RIGHT_CHUNKS) return b_chunks[at / CHUNK];
  uint left_over = TRANSPOSED ? inner - k : columns - n;
  vec4 low = vec4(0), high = vec4(0);
  for (uint i = 0; i < 4; i++) {
    if (i < left_over) low[i] = float(b[at + i]);
    if (4 + i < left_over) high[i] = float(b[at + 4 + i]);
  }
  return pack(low, high);
}

void finish(uint m, uint n, vec4 low, vec4 high) {
  if (m < rows) store(gl_WorkGroupID.z * rows + m, n, columns, low, high);
}

#include "../include/product_coopmat.glsl"
