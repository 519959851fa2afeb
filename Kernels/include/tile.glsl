// Tiles of products with results in registers, for product_tiled.glsl.
//
// A workgroup computes TILE_M x TILE_N results from slabs of TILE_K, an invocation BLOCK_M x BLOCK_N of them. TILE_K and
// TILE_N are multiples of VECTOR_WIDTH, BLOCK_N of 8, and the vectors of either slab of the number of invocations.
layout(constant_id = 0) const uint TILE_M = 128;
layout(constant_id = 1) const uint TILE_N = 128;
layout(constant_id = 2) const uint TILE_K = 16;
layout(constant_id = 3) const uint THREADS_M = 16;
layout(constant_id = 4) const uint THREADS_N = 16;
layout(local_size_x_id = 5) in;
// Whether the right matrix is [columns, depth], so that its vectors lie along the depth as those of the left one do.
layout(constant_id = 9) const bool TRANSPOSED = true;
const uint THREADS = THREADS_M * THREADS_N;
const uint BLOCK_M = TILE_M / THREADS_M;
const uint BLOCK_N = TILE_N / THREADS_N;

// Vectors of a line of a slab, and of both slabs that an invocation loads.
const uint LINE_VECTORS = TILE_K / VECTOR_WIDTH;
const uint LEFT_VECTORS = TILE_M * LINE_VECTORS / THREADS;
const uint RIGHT_VECTORS = TILE_N * LINE_VECTORS / THREADS;

// An invocation's vector i of a slab: the line it lies in, and its first k.
uint vector_of(uint i) { return gl_LocalInvocationID.x + i * THREADS; }
uint line_of(uint i) { return vector_of(i) / LINE_VECTORS; }
uint k_of(uint i) { return vector_of(i) % LINE_VECTORS * VECTOR_WIDTH; }

// Rows and columns of the result. An invocation's columns lie side by side, and yet the invocations of a row read lines
// side by side at the same time.
uint row_of(uint line) { return gl_WorkGroupID.y * TILE_M + line; }
uint column_of(uint line) { return gl_WorkGroupID.x * TILE_N + line % THREADS_N * BLOCK_N + line / THREADS_N; }
uint line_of_column(uint column) { return column % BLOCK_N * THREADS_N + column / BLOCK_N; }
