#version 450
#extension GL_GOOGLE_include_directive : require
// matmul.comp on matrix units:
// a [batch, M, K], b [batch, N, K] (or [batch, K, N] with !TRANSPOSED) -> [batch, M, N]: residual + activation(a b + bias),
// or [batch, M, N / 2]: values times activations of their gates; SPLIT: [P, M, N], sums of parts of the depth. With
// SEVERAL, a [M, K].
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

// Of a slot's chunk in the left matrix: where its row begins, or, with WHOLE_STEPS, the chunk itself at depth 0, in chunks. In
// the right one the same, or, with !TRANSPOSED, its column and its row of a step.
uint left_rows[LEFT_LOADS];
uint right_rows[RIGHT_LOADS];
uint right_columns[RIGHT_LOADS];
// Where this step begins.
uint step_start;

// Of the invocation's chunks along the depth, in a step.
uint own_depth() { return gl_LocalInvocationID.x % CHUNKS_K * CHUNK; }

void place_left(uint slot, uint m) {
  left_rows[slot] = (left_batch(batch()) * rows + min(m, rows - 1)) * inner;
  if (WHOLE_STEPS) left_rows[slot] = (left_rows[slot] + own_depth()) / CHUNK;
}

void place_right(uint slot, uint n, uint k) {
  if (TRANSPOSED) {
    right_rows[slot] = (batch() * columns + min(n, columns - 1)) * inner;
    if (WHOLE_STEPS) right_rows[slot] = (right_rows[slot] + own_depth()) / CHUNK;
  } else {
    right_rows[slot] = k;
    right_columns[slot] = WHOLE_STEPS ? min(n, columns - CHUNK) : n;
  }
}

void seek(uint k) { step_start = k; }

void advance() { step_start += TILE_K; }

uvec4 left(uint slot) {
  if (WHOLE_STEPS) return a_chunks[left_rows[slot] + step_start / CHUNK];
  uint depth = step_start + own_depth(), at = left_rows[slot] + depth;
  if (LEFT_CHUNKS) return depth < inner ? a_chunks[at / CHUNK] : uvec4(0);
  vec4 low = vec4(0), high = vec4(0);
  for (uint i = 0; i < 4; i++) {
    if (depth + i < inner) low[i] = float(a[at + i]);
    if (depth + 4 + i < inner) high[i] = float(a[at + 4 + i]);
  }
  return pack(low, high);
}

uvec4 right(uint slot) {
  if (WHOLE_STEPS && TRANSPOSED) return b_chunks[right_rows[slot] + step_start / CHUNK];
  uint k = step_start + (TRANSPOSED ? own_depth() : right_rows[slot]);
  uint at = TRANSPOSED ? right_rows[slot] + k : (batch() * inner + k) * columns + right_columns[slot];
  if (WHOLE_STEPS) return b_chunks[at / CHUNK];
  if (k >= inner || !TRANSPOSED && right_columns[slot] >= columns) return uvec4(0);
  if (RIGHT_CHUNKS) return b_chunks[at / CHUNK];
  uint left_over = TRANSPOSED ? inner - k : columns - right_columns[slot];
  vec4 low = vec4(0), high = vec4(0);
  for (uint i = 0; i < 4; i++) {
    if (i < left_over) low[i] = float(b[at + i]);
    if (4 + i < left_over) high[i] = float(b[at + 4 + i]);
  }
  return pack(low, high);
}

uint result_row(uint m) { return gl_WorkGroupID.z * rows + m; }

uvec4 fetch(uint m, uint n) { return m < rows ? fetch_residual(result_row(m), n, columns) : uvec4(0); }

void finish(uint m, uint n, vec4 low, vec4 high, uvec4 fetched) {
  if (m < rows) store(result_row(m), n, columns, low, high, fetched);
}

#include "../include/product_coopmat.glsl"
