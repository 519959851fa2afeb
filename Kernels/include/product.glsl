// A product of matrices by tiles: finish(m, n, sum over k < depth() of left(m, k) right(n, k)) for all m and n of a tile.
// The including file defines these four functions; all are called beyond the edges of the matrices, too.
//
// A workgroup computes TILE_M x TILE_N results, an invocation a block of BLOCK x BLOCK of them, whose rows and columns lie
// THREADS apart so that neighbours write neighbouring elements. The workgroup has (TILE / BLOCK)^2 invocations.
layout(constant_id = 0) const uint TILE_M = 32;
layout(constant_id = 1) const uint TILE_N = 32;
layout(constant_id = 2) const uint TILE_K = 16;
layout(constant_id = 3) const uint THREADS_M = 8;
layout(constant_id = 4) const uint THREADS_N = 8;
layout(local_size_x_id = 5) in;
const uint BLOCK_M = TILE_M / THREADS_M;
const uint BLOCK_N = TILE_N / THREADS_N;
const uint PITCH = TILE_K + 1;

shared float left_tile[TILE_M * PITCH];
shared float right_tile[TILE_N * PITCH];
float sums[BLOCK_M * BLOCK_N];

void main() {
  uint thread = gl_LocalInvocationID.x, threads = THREADS_M * THREADS_N;
  uint thread_m = thread / THREADS_N, thread_n = thread % THREADS_N;
  uint first_m = gl_WorkGroupID.x * TILE_M, first_n = gl_WorkGroupID.y * TILE_N;
  for (uint i = 0; i < BLOCK_M * BLOCK_N; i++) sums[i] = 0.0;
  for (uint k = 0; k < depth(); k += TILE_K) {
    for (uint i = thread; i < TILE_M * TILE_K; i += threads) {
      uint row = i / TILE_K, column = i % TILE_K;
      left_tile[row * PITCH + column] = k + column < depth() ? left(first_m + row, k + column) : 0.0;
    }
    for (uint i = thread; i < TILE_N * TILE_K; i += threads) {
      uint row = i / TILE_K, column = i % TILE_K;
      right_tile[row * PITCH + column] = k + column < depth() ? right(first_n + row, k + column) : 0.0;
    }
    barrier();
    for (uint step = 0; step < TILE_K; step++) {
      float a[BLOCK_M], b[BLOCK_N];
      for (uint i = 0; i < BLOCK_M; i++) a[i] = left_tile[(thread_m + i * THREADS_M) * PITCH + step];
      for (uint j = 0; j < BLOCK_N; j++) b[j] = right_tile[(thread_n + j * THREADS_N) * PITCH + step];
      for (uint i = 0; i < BLOCK_M; i++) {
        for (uint j = 0; j < BLOCK_N; j++) sums[i * BLOCK_N + j] += a[i] * b[j];
      }
    }
    barrier();
  }
  for (uint i = 0; i < BLOCK_M; i++) {
    for (uint j = 0; j < BLOCK_N; j++) {
      finish(first_m + thread_m + i * THREADS_M, first_n + thread_n + j * THREADS_N, sums[i * BLOCK_N + j]);
    }
  }
}
