// Tile registers in software beside the vectors that processors with tiles have: for tests, on processors that have these
// vectors.
#if defined(__x86_64__)
#include "kernels.h"

#define CK_WIDTH 16
#define CK_ROWS 12
#define CK_TABLE ck_software_tile_avx512_kernels
#define CK_NATIVE_HALF
#define CK_NATIVE_BF16
#define CK_PAIR_TILE "pair_tile_software.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16"))), apply_to = function)
#include "template/instance.h"
#pragma clang attribute pop
#endif
