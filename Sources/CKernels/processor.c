#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#include <sys/syscall.h>
#endif

#include "include/CKernels.h"

#include <stdio.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>

// Whether the operating system saves all the register parts in `mask` (see XGETBV in Intel's manual).
static bool saves(unsigned long long mask) {
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  unsigned long long enabled = (unsigned long long)high << 32 | low;
  return (enabled & mask) == mask;
}

#if defined(__linux__)
// Linux gives a process tile registers, for all its threads, only where it has asked for them; without, the first tile
// instruction would end it.
static bool may_use_tiles(void) {
  const long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}
#else
static bool may_use_tiles(void) { return false; }
#endif

uint32_t ck_cpu_features(void) {
  unsigned a, b, c, d;
  const unsigned osxsave = 1u << 27;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & osxsave)) return 0;
  const bool fma = c & (1u << 12), f16c = c & (1u << 29);
  const unsigned long long vectors = 0x6, masks_and_wide_vectors = 0xe0, tiles = 0x60000;
  if (!saves(vectors) || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  const bool avx2 = b & (1u << 5);
  if (!avx2 || !fma || !f16c) return 0;
  uint32_t features = CK_AVX2;
  const unsigned f_dq_bw_vl = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
  if ((b & f_dq_bw_vl) != f_dq_bw_vl || !saves(vectors | masks_and_wide_vectors)) return features;
  features |= CK_AVX512;
  const bool amx = (d & (1u << 22)) && (d & (1u << 24)) && saves(tiles) && may_use_tiles();
  if (!__get_cpuid_count(7, 1, &a, &b, &c, &d) || !(a & (1u << 5))) return features;
  return features | CK_AVX512_BF16 | (amx ? CK_AMX_BF16 : 0);
}
#elif defined(__aarch64__)
#if defined(__linux__)
#include <sys/auxv.h>

static bool multiplies_bfloat16(void) {
  const unsigned long bfloat16 = 1ul << 14;  // HWCAP2_BF16
  return (getauxval(AT_HWCAP2) & bfloat16) != 0;
}
#elif defined(__APPLE__)
#include <sys/sysctl.h>

static bool multiplies_bfloat16(void) {
  int has = 0;
  size_t size = sizeof has;
  return sysctlbyname("hw.optional.arm.FEAT_BF16", &has, &size, NULL, 0) == 0 && has != 0;
}
#else
static bool multiplies_bfloat16(void) { return false; }
#endif

uint32_t ck_cpu_features(void) { return multiplies_bfloat16() ? CK_ARM_BF16 : 0; }
#else
uint32_t ck_cpu_features(void) { return 0; }
#endif

#if defined(__linux__)
// The processors a control group's quota amounts to, or a very large number without one.
static double quota(void) {
  FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
  if (!file) return 1e9;
  double limit = 0, period = 0;
  const int fields = fscanf(file, "%lf %lf", &limit, &period);
  fclose(file);
  return fields == 2 && limit > 0 && period > 0 ? limit / period : 1e9;
}

unsigned ck_available_threads(void) {
  cpu_set_t set;
  long count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : sysconf(_SC_NPROCESSORS_ONLN);
  const double limit = quota();
  if ((double)count > limit) count = (long)(limit + 0.5);
  return count < 1 ? 1 : (unsigned)count;
}
#else
unsigned ck_available_threads(void) {
  const long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1 ? 1 : (unsigned)count;
}
#endif
