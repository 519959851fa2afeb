// 64-bit Arm with matrix products of bfloat16 (FEAT_BF16).
#if defined(__aarch64__)
#include "kernels.h"

#include <arm_neon.h>

#define CK_WIDTH 4
#define CK_ROWS 6
#define CK_TABLE ck_arm_bf16_kernels
#define CK_NATIVE_HALF
#define CK_NATIVE_BF16
#define CK_PAIR_TILE "pair_tile_blocks.h"

#pragma clang attribute push(__attribute__((target("bf16"))), apply_to = function)
#include "template/instance.h"
#pragma clang attribute pop
#endif
