// x86-64 with AVX2 and FMA.
#if defined(__x86_64__)
#include "kernels.h"

#define CK_WIDTH 8
#define CK_ROWS 6
#define CK_TABLE ck_avx2_kernels

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "template/instance.h"
#pragma clang attribute pop
#endif
