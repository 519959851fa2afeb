#include "CShaders.h"

#include <string.h>

// clang takes #embed in every language mode and only remarks, when asked to be pedantic, that C23 introduced it.
#pragma clang diagnostic ignored "-Wc23-extensions"

// One array a kernel: the list and the files are written by Kernels/compile.
#include "../../Kernels/spirv/embedded.inc"

typedef struct {
  const char *name;
  const void *words;
  size_t length;
} kernel;

static const kernel kernels[] = {
#define KERNEL(name) {#name, name, sizeof name},
#include "../../Kernels/spirv/kernels.inc"
#undef KERNEL
};

const uint32_t *cs_kernel(const char *name, size_t *length) {
  for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
    if (strcmp(kernels[i].name, name) != 0) continue;
    *length = kernels[i].length;
    return kernels[i].words;
  }
  return NULL;
}

uint64_t cs_fingerprint(void) {
  uint64_t sum = 0xcbf29ce484222325;
  for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
    const unsigned char *bytes = kernels[i].words;
    for (const char *c = kernels[i].name; *c != 0; c++) sum = (sum ^ (unsigned char)*c) * 0x100000001b3;
    for (size_t j = 0; j < kernels[i].length; j++) sum = (sum ^ bytes[j]) * 0x100000001b3;
  }
  return sum;
}
