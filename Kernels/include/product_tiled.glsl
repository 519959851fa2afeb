// A product of matrices by tiles in registers: for all m and n of a tile, sum over k of left(m, k) right(n, k). After
// tile.glsl and epilogue_quads.glsl. The including file has push constants `rows`, `columns` and `chunk`, the slabs of
// TILE_K that a workgroup multiplies, and defines
//   uint slabs()                              how many the whole depth has;
//   void seek(uint slab), void advance()      to choose the slab to load from, and the one after it;
//   VECTOR left_vector(uint i), right_vector  an invocation's vectors of it, zero beyond the edges of the matrices;
//   uint result_row(uint m)                   where row m of this workgroup's product is in the result.
//
// Slabs are in shared memory as 32-bit floats, each value widened once, in lines a vec4 longer than needed so that
// neighbours use different banks. While one is multiplied the next is on its way into registers.
const uint LINE = TILE_K / 4 + 1;
shared vec4 left_slab[TILE_M * LINE];
shared vec4 right_slab[TILE_N * LINE];
VECTOR left_next[LEFT_VECTORS];
VECTOR right_next[RIGHT_VECTORS];
float sums[BLOCK_M * BLOCK_N];

void load() {
  [[unroll]] for (uint i = 0; i < LEFT_VECTORS; i++) left_next[i] = left_vector(i);
  [[unroll]] for (uint i = 0; i < RIGHT_VECTORS; i++) right_next[i] = right_vector(i);
}

void put() {
  [[unroll]] for (uint i = 0; i < LEFT_VECTORS; i++) {
    uint at = line_of(i) * LINE + k_of(i) / 4;
    [[unroll]] for (uint quad = 0; quad < QUADS; quad++) left_slab[at + quad] = quad_of(left_next[i], quad);
  }
  [[unroll]] for (uint i = 0; i < RIGHT_VECTORS; i++) {
    [[unroll]] for (uint quad = 0; quad < QUADS; quad++) {
      vec4 values = quad_of(right_next[i], quad);
      if (TRANSPOSED) {
        right_slab[line_of(i) * LINE + k_of(i) / 4 + quad] = values;
      } else {
        uint k = vector_of(i) % TILE_K, column = vector_of(i) / TILE_K * LANES + quad * 4;
        [[unroll]] for (uint j = 0; j < 4; j++) {
          right_slab[line_of_column(column + j) * LINE + k / 4][k % 4] = values[j];
        }
      }
    }
  }
}

void multiply(uint thread_m, uint thread_n) {
  for (uint quad = 0; quad < TILE_K / 4; quad++) {
    vec4 a[BLOCK_M];
    [[unroll]] for (uint i = 0; i < BLOCK_M; i++) a[i] = left_slab[(thread_m + i * THREADS_M) * LINE + quad];
    [[unroll]] for (uint j = 0; j < BLOCK_N; j++) {
      vec4 b = right_slab[(thread_n + j * THREADS_N) * LINE + quad];
      [[unroll]] for (uint i = 0; i < BLOCK_M; i++) {
        // Not dot(), which is an addition more than four fused ones.
        float sum = sums[i * BLOCK_N + j];
        sum += a[i].x * b.x;
        sum += a[i].y * b.y;
        sum += a[i].z * b.z;
        sum += a[i].w * b.w;
        sums[i * BLOCK_N + j] = sum;
      }
    }
  }
}

void main() {
  uint thread_m = gl_LocalInvocationID.x / THREADS_N, thread_n = gl_LocalInvocationID.x % THREADS_N;
  [[unroll]] for (uint i = 0; i < BLOCK_M * BLOCK_N; i++) sums[i] = 0.0;
  uint first = SPLIT ? gl_WorkGroupID.z * chunk : 0, last = min(first + chunk, slabs());
  seek(first);
  load();
  for (uint slab = first; slab < last; slab++) {
    barrier();
    put();
    barrier();
    if (slab + 1 < last) {
      advance();
      load();
    }
    multiply(thread_m, thread_n);
  }
  uint n = gl_WorkGroupID.x * TILE_N + thread_n * BLOCK_N;
  [[unroll]] for (uint i = 0; i < BLOCK_M; i++) {
    uint m = row_of(thread_m + i * THREADS_M);
    if (m >= rows) continue;
    [[unroll]] for (uint j = 0; j < BLOCK_N; j += 8) {
      uint at = i * BLOCK_N + j;
      vec4 quad = vec4(sums[at], sums[at + 1], sums[at + 2], sums[at + 3]);
      vec4 next = vec4(sums[at + 4], sums[at + 5], sums[at + 6], sums[at + 7]);
      uint row = result_row(m);
      if (GATED && !SPLIT) {
        store_gated(row, n + j, columns, quad, next);
      } else {
        store_quad(row, n + j, columns, quad);
        store_quad(row, n + j + 4, columns, next);
      }
    }
  }
}
