#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// a [batch, M, K], b [batch, N, K] (or [batch, K, N] with !TRANSPOSED) -> [batch, M, N]: residual + activation(a b + bias),
// or [batch, M, N / 2]: values times activations of their gates. With SEVERAL, a [M, K].
//
// `matmul` with large tiles in registers, loaded sixteen bytes at a time: the last extents of a and b are multiples of
// LANES.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#include "../include/vectors.glsl"
#include "../include/tile.glsl"
#include "../include/epilogue_quads.glsl"
layout(binding = 0) readonly buffer A { VECTOR a[]; };
layout(binding = 1) readonly buffer B { VECTOR b[]; };
layout(push_constant) uniform Constants { uint rows; uint columns; uint inner; uint chunk; };

// The slab's first k.
uint start;

uint slabs() { return (inner + TILE_K - 1) / TILE_K; }
void seek(uint slab) { start = slab * TILE_K; }
void advance() { start += TILE_K; }
uint batch() { return SPLIT ? 0 : gl_WorkGroupID.z; }

VECTOR left_vector(uint i) {
  uint m = row_of(line_of(i)), k = start + k_of(i);
  if (m >= rows || k >= inner) return VECTOR(0);
  return a[(left_batch(batch()) * rows + m) * (inner / LANES) + k / LANES];
}

VECTOR right_vector(uint i) {
  if (TRANSPOSED) {
    uint n = column_of(line_of(i)), k = start + k_of(i);
    if (n >= columns || k >= inner) return VECTOR(0);
    return b[(batch() * columns + n) * (inner / LANES) + k / LANES];
  }
  uint k = start + vector_of(i) % TILE_K, n = gl_WorkGroupID.x * TILE_N + vector_of(i) / TILE_K * LANES;
  if (n >= columns || k >= inner) return VECTOR(0);
  return b[(batch() * inner + k) * (columns / LANES) + n / LANES];
}

// The products of a batch lie one after another, and so do the parts of the depth.
uint result_row(uint m) { return gl_WorkGroupID.z * rows + m; }

#include "../include/product_tiled.glsl"
