// Any processor the compiler knows: 128-bit vectors (SSE2, Neon).
#include "kernels.h"

#define CK_WIDTH 4
#define CK_ROWS 6
#define CK_TABLE ck_generic_kernels
#ifdef __aarch64__
#define CK_NATIVE_HALF
#endif

#include "template/instance.h"
