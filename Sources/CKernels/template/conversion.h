// From formats that files store to those that kernels compute with. Included once per instruction set, by instance.h.

#if defined(CK_NATIVE_HALF) && defined(__aarch64__)
INLINE vf widened_half(vh bits) { return (vf)vcvt_f32_f16((float16x4_t)bits); }
#elif defined(CK_NATIVE_HALF)
#include <immintrin.h>
#if CK_WIDTH == 16
INLINE vf widened_half(vh bits) { return (vf)_mm512_cvtph_ps((__m256i)bits); }
#else
INLINE vf widened_half(vh bits) { return (vf)_mm256_cvtph_ps((__m128i)bits); }
#endif
#else
INLINE vu select_bits(vi mask, vu a, vu b) { return ((vu)mask & a) | (~(vu)mask & b); }

// Lanes of binary16 as floats.
//
// Integer arithmetic, and subnormals by way of normal numbers, so that every processor, and a thread that flushes
// subnormals to zero, finds the same values.
INLINE vf widened_half(vh bits) {
  const vu wide = __builtin_convertvector(bits, vu);
  const vu sign = (wide & 0x8000) << 16, magnitude = (wide & 0x7fff) << 13;
  // 2^-14, the smallest normal binary16.
  const vu smallest = (vu){0} + (113u << 23);
  const vu subnormal = (vu)((vf)(smallest | magnitude) - (vf)smallest);
  const vu normal = magnitude + (112u << 23);
  const vu special = magnitude | 0x7f800000 | ((vu)((vi)magnitude > 31 << 23) & 0x400000);
  const vu finite = select_bits((vi)magnitude < 1 << 23, subnormal, normal);
  return (vf)(sign | select_bits((vi)magnitude >= 31 << 23, special, finite));
}
#endif

// The bits that stored elements have as `to`, from element `i` of a row; those of bfloat16 are in the low halves.
INLINE vu converted_bits(ck_stored from, ck_type to, const void *row, size_t i, size_t count) {
  if (from == CK_STORED_F32) {
    vu bits = {0};
    __builtin_memcpy(&bits, (const char *)row + 4 * i, 4 * count);
    return to == CK_F32 ? bits : narrow_bits((vf)bits);
  }
  vh bits = {0};
  __builtin_memcpy(&bits, (const char *)row + 2 * i, 2 * count);
  if (from == CK_STORED_F16) return to == CK_F32 ? (vu)widened_half(bits) : narrow_bits(widened_half(bits));
  const vu wide = __builtin_convertvector(bits, vu);
  return to == CK_F32 ? wide << 16 : wide;
}

INLINE void store_bits(ck_type to, void *row, size_t i, size_t count, vu bits) {
  if (to == CK_F32) {
    __builtin_memcpy((char *)row + 4 * i, &bits, 4 * count);
  } else {
    const vh halves = __builtin_convertvector(bits, vh);
    __builtin_memcpy((char *)row + 2 * i, &halves, 2 * count);
  }
}

// Calls `function` with constant formats, so that it is compiled apart for each pair of them.
#define FOR_FORMATS(from, to, function, ...) \
  do { \
    switch (from) { \
      case CK_STORED_F32: \
        if ((to) == CK_F32) function(CK_STORED_F32, CK_F32, __VA_ARGS__); \
        else function(CK_STORED_F32, CK_BF16, __VA_ARGS__); \
        break; \
      case CK_STORED_BF16: \
        if ((to) == CK_F32) function(CK_STORED_BF16, CK_F32, __VA_ARGS__); \
        else function(CK_STORED_BF16, CK_BF16, __VA_ARGS__); \
        break; \
      case CK_STORED_F16: \
        if ((to) == CK_F32) function(CK_STORED_F16, CK_F32, __VA_ARGS__); \
        else function(CK_STORED_F16, CK_BF16, __VA_ARGS__); \
        break; \
    } \
  } while (0)

INLINE void convert_row(ck_stored from, ck_type to, const void *x, void *out, size_t count) {
  size_t i = 0;
  for (; i + CK_WIDTH <= count; i += CK_WIDTH) {
    store_bits(to, out, i, CK_WIDTH, converted_bits(from, to, x, i, CK_WIDTH));
  }
  if (i < count) store_bits(to, out, i, count - i, converted_bits(from, to, x, i, count - i));
}

static void convert(ck_stored from, const void *x, ck_type to, void *out, size_t count) {
  FOR_FORMATS(from, to, convert_row, x, out, count);
}
