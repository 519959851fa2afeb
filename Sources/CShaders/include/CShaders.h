// The compiled kernels of the folder Kernels, embedded.
#pragma once

#include <stddef.h>
#include <stdint.h>

// The SPIR-V of a kernel, such as "matmul_f32", and its length in bytes; NULL if there is none of this name.
const uint32_t *cs_kernel(const char *name, size_t *length);

// A number that changes with any of the kernels.
uint64_t cs_fingerprint(void);
