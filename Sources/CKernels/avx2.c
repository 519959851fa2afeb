// x86-64 with AVX2, FMA and F16C.
#if defined(__x86_64__)
#include "kernels.h"

#define CK_WIDTH 8
#define CK_ROWS 6
#define CK_TABLE ck_avx2_kernels
#define CK_NATIVE_HALF

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "template/instance.h"
#pragma clang attribute pop
#endif
