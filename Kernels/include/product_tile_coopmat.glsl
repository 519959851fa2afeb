// How the product of matrices of product_coopmat.glsl is divided.
//
// A workgroup computes TILE_M x TILE_N results, TILE_K of the depth at a time; its SUBGROUPS_M x SUBGROUPS_N subgroups
// share them as equal blocks, of UNITS_M x UNITS_N matrices of the device each. Invocations load chunks of both tiles by
// turns: a chunk of the same depth in every row, as THREADS is a multiple of CHUNKS_K.
#include "coopmat.glsl"
layout(constant_id = 0) const uint TILE_M = 128;
layout(constant_id = 1) const uint TILE_N = 128;
layout(constant_id = 2) const uint TILE_K = 64;
layout(constant_id = 3) const uint SUBGROUPS_M = 2;
layout(constant_id = 4) const uint SUBGROUPS_N = 2;
layout(local_size_x_id = 5) in;
// The right matrix is [N, K] in memory, else [K, N].
layout(constant_id = 9) const bool TRANSPOSED = true;
// Rows of the operand, or of the result, begin at multiples of 16 bytes and are whole chunks.
layout(constant_id = 14) const bool LEFT_CHUNKS = true;
layout(constant_id = 15) const bool RIGHT_CHUNKS = true;
layout(constant_id = 16) const bool RESULT_CHUNKS = true;
// Copies of the tiles in shared memory: 2 take a barrier a step, 1 takes two and leaves room for twice the depth.
layout(constant_id = 20) const uint SIDES = 1;
// The depth (of a convolution: each tap's channels) is whole steps of TILE_K, and all operands are in chunks: nothing looks
// for where the depth ends.
layout(constant_id = 21) const bool WHOLE_STEPS = true;

const uint THREADS = SUBGROUPS_M * SUBGROUPS_N * SUBGROUP;
const uint CHUNKS_K = TILE_K / CHUNK;
const uint CHUNKS_N = TILE_N / CHUNK;
const uint LEFT_LOADS = TILE_M * CHUNKS_K / THREADS;
const uint RIGHT_LOADS = TILE_N * CHUNKS_K / THREADS;
const uint UNITS_M = TILE_M / SUBGROUPS_M / UNIT_M;
const uint UNITS_N = TILE_N / SUBGROUPS_N / UNIT_N;
