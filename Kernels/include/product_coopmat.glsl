// A product of matrices of halves on matrix units: finish(m, n, ...) gets the sum over k < inner of left(m, k) right(n, k),
// or, with SPLIT, over the part of the depth that gl_WorkGroupID.z counts; `part` is its length, a multiple of TILE_K.
//
// The including file has these constants, and defines:
// - place_left(slot, m): this invocation's chunk in `slot` of the left tile is of row m from now on;
// - place_right(slot, n, k): that of the right tile is of row n, or, with !TRANSPOSED, begins at column n of row k of a
//   step; m and n may be beyond the edges, and what is loaded for them does not matter;
// - seek(k): the next step begins at k, for this invocation's chunks; advance(): at TILE_K further on;
// - left(slot), right(slot): the chunks of the step, zero beyond the depth's end;
// - fetch(m, n): what finish will want from memory of columns n ..< n + CHUNK of row m, which may be beyond the edges;
// - finish(m, n, low, high, fetched): takes these columns.
// product_tile_coopmat.glsl comes before it.
//
// Loops over the sums have numbers of turns that the compiler knows, and so have all loops in them: only unrolled do they
// leave the sums in registers. A driver that lets one stand keeps them in memory, eight times slower.

// Rows of a tile are one chunk longer than it, so that a column of chunks lies in different banks of the memory.
const uint LEFT_PITCH = CHUNKS_K + 1;
const uint RIGHT_PITCH = (TRANSPOSED ? CHUNKS_K : CHUNKS_N) + 1;
const uint LEFT_SIZE = TILE_M * LEFT_PITCH;
const uint RIGHT_SIZE = (TRANSPOSED ? TILE_N : TILE_K) * RIGHT_PITCH;
const uint RIGHT_START = SIDES * LEFT_SIZE;
const uint TILES_SIZE = RIGHT_START + SIDES * RIGHT_SIZE;
// A subgroup's rows of UNITS_N matrices of sums, UNIT_M at a time.
const uint STAGE_PITCH = UNITS_N * UNIT_N / 4 + 1;
const uint STAGE_SIZE = UNIT_M * STAGE_PITCH;
const uint STAGES_SIZE = SUBGROUPS_M * SUBGROUPS_N * STAGE_SIZE;
// The left tiles and the right ones; in the end, all subgroups' sums on their way to the epilogue.
shared uvec4 tiles[TILES_SIZE > STAGES_SIZE ? TILES_SIZE : STAGES_SIZE];

uvec4 left_loads[LEFT_LOADS];
uvec4 right_loads[RIGHT_LOADS];
SUM_MATRIX sums[UNITS_M * UNITS_N];

void load() {
  [[unroll]] for (uint i = 0; i < LEFT_LOADS; i++) left_loads[i] = left(i);
  [[unroll]] for (uint i = 0; i < RIGHT_LOADS; i++) right_loads[i] = right(i);
  advance();
}

void put_down(uint side) {
  uint thread = gl_LocalInvocationID.x;
  [[unroll]] for (uint i = 0; i < LEFT_LOADS; i++) {
    uint at = thread + i * THREADS;
    tiles[side * LEFT_SIZE + at / CHUNKS_K * LEFT_PITCH + at % CHUNKS_K] = left_loads[i];
  }
  const uint chunks = TRANSPOSED ? CHUNKS_K : CHUNKS_N;
  [[unroll]] for (uint i = 0; i < RIGHT_LOADS; i++) {
    uint at = thread + i * THREADS;
    tiles[RIGHT_START + side * RIGHT_SIZE + at / chunks * RIGHT_PITCH + at % chunks] = right_loads[i];
  }
}

void multiply(uint side, uint block_m, uint block_n) {
  [[unroll]] for (uint k = 0; k < TILE_K; k += UNIT_K) {
    LEFT_MATRIX a[UNITS_M];
    [[unroll]] for (uint i = 0; i < UNITS_M; i++) {
      uint at = side * LEFT_SIZE + (block_m + i * UNIT_M) * LEFT_PITCH + k / CHUNK;
      coopMatLoad(a[i], tiles, at, LEFT_PITCH, gl_CooperativeMatrixLayoutRowMajor);
    }
    [[unroll]] for (uint j = 0; j < UNITS_N; j++) {
      uint n = block_n + j * UNIT_N, start = RIGHT_START + side * RIGHT_SIZE;
      RIGHT_MATRIX b;
      if (TRANSPOSED) {
        coopMatLoad(
          b, tiles, start + n * RIGHT_PITCH + k / CHUNK, RIGHT_PITCH, gl_CooperativeMatrixLayoutColumnMajor);
      } else {
        coopMatLoad(b, tiles, start + k * RIGHT_PITCH + n / CHUNK, RIGHT_PITCH, gl_CooperativeMatrixLayoutRowMajor);
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
  uint first_k = SPLIT ? gl_WorkGroupID.z * part : 0, end = SPLIT ? min(inner, first_k + part) : inner;
  [[unroll]] for (uint i = 0; i < LEFT_LOADS; i++) place_left(i, first_m + (thread + i * THREADS) / CHUNKS_K);
  [[unroll]] for (uint i = 0; i < RIGHT_LOADS; i++) {
    uint at = thread + i * THREADS;
    if (TRANSPOSED) {
      place_right(i, first_n + at / CHUNKS_K, 0);
    } else {
      place_right(i, first_n + at % CHUNKS_N * CHUNK, at / CHUNKS_N);
    }
  }
  [[unroll]] for (uint i = 0; i < UNITS_M * UNITS_N; i++) sums[i] = SUM_MATRIX(0.0);
  seek(first_k);
  load();
  put_down(0);
  barrier();
  uint side = 0;
  for (uint k = first_k + TILE_K; k < end; k += TILE_K) {
    load();
    multiply(side, block_m, block_n);
    if (SIDES == 1) barrier();
    else side = 1 - side;
    put_down(side);
    barrier();
  }
  multiply(side, block_m, block_n);
  barrier();

  // Whole rows of a block leave together: 16 bytes an invocation, and lines of memory that are written at once.
  uint own = gl_SubgroupID * STAGE_SIZE;
  const uint row_chunks = UNITS_N * UNIT_N / CHUNK, turns = (UNIT_M * row_chunks + SUBGROUP - 1) / SUBGROUP;
  [[unroll]] for (uint i = 0; i < UNITS_M; i++) {
    uint m = first_m + block_m + i * UNIT_M, n = first_n + block_n;
    uvec4 fetched[turns];
    [[unroll]] for (uint turn = 0; turn < turns; turn++) {
      uint at = turn * SUBGROUP + gl_SubgroupInvocationID;
      if (at < UNIT_M * row_chunks) fetched[turn] = fetch(m + at / row_chunks, n + at % row_chunks * CHUNK);
    }
    [[unroll]] for (uint j = 0; j < UNITS_N; j++) {
      coopMatStore(
        sums[i * UNITS_N + j], tiles, own + j * UNIT_N / 4, STAGE_PITCH, gl_CooperativeMatrixLayoutRowMajor);
    }
    subgroup_barrier();
    [[unroll]] for (uint turn = 0; turn < turns; turn++) {
      uint at = turn * SUBGROUP + gl_SubgroupInvocationID;
      if (at < UNIT_M * row_chunks) {
        uint row = at / row_chunks, column = at % row_chunks * CHUNK, from = own + row * STAGE_PITCH + column / 4;
        finish(
          m + row, n + column, uintBitsToFloat(tiles[from]), uintBitsToFloat(tiles[from + 1]), fetched[turn]);
      }
    }
    subgroup_barrier();
  }
}
