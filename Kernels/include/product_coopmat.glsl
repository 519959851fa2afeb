// A product of matrices of halves on matrix units: finish(m, n, ...) gets the sum over k < inner of left(m, k) right(n, k),
// or, with SPLIT, over the part of the depth that gl_WorkGroupID.z counts; `part` is its length, a multiple of TILE_K.
//
// The including file has these constants, and defines:
// - place_left(slot, m): this invocation's chunk in `slot` is of row m from now on, which may be beyond the edge;
// - seek_left(k), next_left(): this invocation's chunks begin at k, and TILE_K further on;
// - left(slot, k): that chunk's halves k ..< k + CHUNK, zero beyond the edges;
// - right(row, k): halves k ..< k + CHUNK of row n of the right matrix, or n ..< n + CHUNK of row k with !TRANSPOSED;
// - finish(m, n, low, high): takes columns n ..< n + CHUNK of row m, which may be beyond the edges.
// product_tile_coopmat.glsl comes before it.

// Rows of a tile are one chunk longer than it, so that a column of chunks lies in different banks of the memory.
const uint LEFT_PITCH = CHUNKS_K + 1;
const uint RIGHT_PITCH = (TRANSPOSED ? CHUNKS_K : CHUNKS_N) + 1;
const uint LEFT_SIZE = TILE_M * LEFT_PITCH;
const uint RIGHT_SIZE = (TRANSPOSED ? TILE_N : TILE_K) * RIGHT_PITCH;
const uint STAGE_SIZE = UNIT_M * UNIT_N / 4;
// Two of each: while one is multiplied the other is filled.
shared uvec4 left_tile[2 * LEFT_SIZE];
shared uvec4 right_tile[2 * RIGHT_SIZE];
// One matrix of sums for each subgroup.
shared vec4 stage[SUBGROUPS_M * SUBGROUPS_N * STAGE_SIZE];

uvec4 left_loads[LEFT_LOADS];
uvec4 right_loads[RIGHT_LOADS];
SUM_MATRIX sums[UNITS_M * UNITS_N];

void load(uint first_n, uint k) {
  uint thread = gl_LocalInvocationID.x;
  [[unroll]] for (uint i = 0; i < LEFT_LOADS; i++) left_loads[i] = left(i, k + thread % CHUNKS_K * CHUNK);
  next_left();
  [[unroll]] for (uint i = 0; i < RIGHT_LOADS; i++) {
    uint at = thread + i * THREADS;
    right_loads[i] = TRANSPOSED
      ? right(first_n + at / CHUNKS_K, k + at % CHUNKS_K * CHUNK) : right(first_n + at % CHUNKS_N * CHUNK, k + at / CHUNKS_N);
  }
}

void put_down(uint side) {
  uint thread = gl_LocalInvocationID.x;
  [[unroll]] for (uint i = 0; i < LEFT_LOADS; i++) {
    uint at = thread + i * THREADS;
    left_tile[side * LEFT_SIZE + at / CHUNKS_K * LEFT_PITCH + at % CHUNKS_K] = left_loads[i];
  }
  const uint chunks = TRANSPOSED ? CHUNKS_K : CHUNKS_N;
  [[unroll]] for (uint i = 0; i < RIGHT_LOADS; i++) {
    uint at = thread + i * THREADS;
    right_tile[side * RIGHT_SIZE + at / chunks * RIGHT_PITCH + at % chunks] = right_loads[i];
  }
}

void multiply(uint side, uint block_m, uint block_n) {
  [[unroll]] for (uint k = 0; k < TILE_K; k += UNIT_K) {
    LEFT_MATRIX a[UNITS_M];
    [[unroll]] for (uint i = 0; i < UNITS_M; i++) {
      uint at = side * LEFT_SIZE + (block_m + i * UNIT_M) * LEFT_PITCH + k / CHUNK;
      coopMatLoad(a[i], left_tile, at, LEFT_PITCH, gl_CooperativeMatrixLayoutRowMajor);
    }
    [[unroll]] for (uint j = 0; j < UNITS_N; j++) {
      uint n = block_n + j * UNIT_N;
      RIGHT_MATRIX b;
      if (TRANSPOSED) {
        uint at = side * RIGHT_SIZE + n * RIGHT_PITCH + k / CHUNK;
        coopMatLoad(b, right_tile, at, RIGHT_PITCH, gl_CooperativeMatrixLayoutColumnMajor);
      } else {
        uint at = side * RIGHT_SIZE + k * RIGHT_PITCH + n / CHUNK;
        coopMatLoad(b, right_tile, at, RIGHT_PITCH, gl_CooperativeMatrixLayoutRowMajor);
      }
      [[unroll]] for (uint i = 0; i < UNITS_M; i++) {
        sums[i * UNITS_N + j] = coopMatMulAdd(a[i], b, sums[i * UNITS_N + j]);
      }
    }
  }
}

void main() {
  uint thread = gl_LocalInvocationID.x;
  uint first_n = gl_WorkGroupID.x * TILE_N, first_m = gl_WorkGroupID.y * TILE_M;
  uint block_m = gl_SubgroupID / SUBGROUPS_N * UNITS_M * UNIT_M;
  uint block_n = gl_SubgroupID % SUBGROUPS_N * UNITS_N * UNIT_N;
  [[unroll]] for (uint i = 0; i < LEFT_LOADS; i++) place_left(i, first_m + (thread + i * THREADS) / CHUNKS_K);
  [[unroll]] for (uint i = 0; i < UNITS_M * UNITS_N; i++) sums[i] = SUM_MATRIX(0.0);
  uint first_k = SPLIT ? gl_WorkGroupID.z * part : 0, end = SPLIT ? min(inner, first_k + part) : inner;
  seek_left(first_k + thread % CHUNKS_K * CHUNK);
  load(first_n, first_k);
  put_down(0);
  barrier();
  uint side = 0;
  for (uint k = first_k + TILE_K; k < end; k += TILE_K) {
    load(first_n, k);
    multiply(side, block_m, block_n);
    side = 1 - side;
    put_down(side);
    barrier();
  }
  multiply(side, block_m, block_n);

  uint own = gl_SubgroupID * STAGE_SIZE;
  [[unroll]] for (uint i = 0; i < UNITS_M; i++) {
    [[unroll]] for (uint j = 0; j < UNITS_N; j++) {
      coopMatStore(sums[i * UNITS_N + j], stage, own, UNIT_N / 4, gl_CooperativeMatrixLayoutRowMajor);
      subgroup_barrier();
      // A number of turns that the compiler knows, as for all loops over matrices: unrolled, they are in registers.
      [[unroll]] for (uint turn = 0; turn < UNIT_M * UNIT_N / CHUNK; turn += SUBGROUP) {
        uint at = turn + gl_SubgroupInvocationID;
        if (at < UNIT_M * UNIT_N / CHUNK) {
          uint row = at / (UNIT_N / CHUNK), column = at % (UNIT_N / CHUNK) * CHUNK;
          finish(
            first_m + block_m + i * UNIT_M + row, first_n + block_n + j * UNIT_N + column, stage[own + at * 2],
            stage[own + at * 2 + 1]);
        }
      }
      subgroup_barrier();
    }
  }
}
