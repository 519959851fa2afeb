// x86-64 with AVX-512 F, BW, DQ and VL, and products of bfloat16 in vectors.
#if defined(__x86_64__)
#include "kernels.h"

#define CK_WIDTH 16
#define CK_ROWS 12
#define CK_TABLE ck_avx512_bf16_kernels
#define CK_NATIVE_HALF
#define CK_NATIVE_BF16
#define CK_PAIR_TILE "pair_tile_vectors.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16"))), apply_to = function)
#include "template/instance.h"
#pragma clang attribute pop
#endif
