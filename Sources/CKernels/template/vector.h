// Vectors of CK_WIDTH lanes and the functions on them. Included once per instruction set, by instance.h.

typedef float vf __attribute__((vector_size(4 * CK_WIDTH)));
typedef int32_t vi __attribute__((vector_size(4 * CK_WIDTH)));
typedef uint32_t vu __attribute__((vector_size(4 * CK_WIDTH)));
typedef uint16_t vh __attribute__((vector_size(2 * CK_WIDTH)));

// The same lanes as vf; only vectors of this kind may stand in `? :`, which becomes one instruction.
typedef float vf_choice __attribute__((ext_vector_type(CK_WIDTH)));

#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))

INLINE vf splat(float value) { return value - (vf){0}; }

// a where the mask's lanes are all ones, b where they are zero.
INLINE vf choose(vi mask, vf a, vf b) { return (vf)((mask & (vi)a) | (~mask & (vi)b)); }

// Unlike fmax and fmin these keep a NaN in x.
#ifdef __aarch64__
#include <arm_neon.h>
INLINE vf at_least(vf x, vf bound) { return (vf)vmaxq_f32((float32x4_t)x, (float32x4_t)bound); }
INLINE vf at_most(vf x, vf bound) { return (vf)vminq_f32((float32x4_t)x, (float32x4_t)bound); }
#else
INLINE vf at_least(vf x, vf bound) {
  const vf_choice a = (vf_choice)x, b = (vf_choice)bound;
  return (vf)(a < b ? b : a);
}
INLINE vf at_most(vf x, vf bound) {
  const vf_choice a = (vf_choice)x, b = (vf_choice)bound;
  return (vf)(a > b ? b : a);
}
#endif

INLINE vf widened(vh bits) { return (vf)(__builtin_convertvector(bits, vu) << 16); }

// The bits of the nearest bfloat16, ties to even, in the low half of each lane.
INLINE vu narrow_bits(vf x) {
  const vu bits = (vu)x;
  const vu rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const vu quiet_nan = (vu){0} + 0x7fc0;
  const vu is_nan = (vu)(x != x);
  return (is_nan & quiet_nan) | (~is_nan & rounded);
}

#if defined(CK_NATIVE_BF16) && defined(__aarch64__)
INLINE vh narrowed(vf x) { return (vh)vcvt_bf16_f32((float32x4_t)x); }
#elif defined(CK_NATIVE_BF16)
#include <immintrin.h>
#define CK_WIDE_BF16
// The same but for numbers below the normal ones, which become 0.
INLINE vh narrowed(vf x) { return (vh)_mm512_cvtneps_pbh((__m512)x); }
#else
INLINE vh narrowed(vf x) { return __builtin_convertvector(narrow_bits(x), vh); }
#endif

// Reading and writing element `i` onwards of a row of either type.

INLINE vf load(ck_type type, const void *row, size_t i) {
  if (type == CK_F32) {
    vf x;
    __builtin_memcpy(&x, (const float *)row + i, sizeof x);
    return x;
  }
  vh x;
  __builtin_memcpy(&x, (const uint16_t *)row + i, sizeof x);
  return widened(x);
}

INLINE void store(ck_type type, void *row, size_t i, vf x) {
  if (type == CK_F32) {
    __builtin_memcpy((float *)row + i, &x, sizeof x);
  } else {
    const vh bits = narrowed(x);
    __builtin_memcpy((uint16_t *)row + i, &bits, sizeof bits);
  }
}

// The first `count` lanes; the others are 0.
INLINE vf load_part(ck_type type, const void *row, size_t i, size_t count) {
  if (type == CK_F32) {
    vf x = {0};
    __builtin_memcpy(&x, (const float *)row + i, 4 * count);
    return x;
  }
  vh x = {0};
  __builtin_memcpy(&x, (const uint16_t *)row + i, 2 * count);
  return widened(x);
}

INLINE void store_part(ck_type type, void *row, size_t i, size_t count, vf x) {
  if (type == CK_F32) {
    __builtin_memcpy((float *)row + i, &x, 4 * count);
  } else {
    const vh bits = narrowed(x);
    __builtin_memcpy((uint16_t *)row + i, &bits, 2 * count);
  }
}

// All ones in the first `count` lanes.
INLINE vi first_lanes(size_t count) {
  vi lane;
  for (int i = 0; i < CK_WIDTH; i++) lane[i] = i;
  return lane < (int32_t)count;
}

// The lanes turned by half of them, by a quarter within each half, and so on down to neighbours: `statement` takes each
// as `turned`.
#define TURN(x, statement, ...) \
  { \
    const vf turned = __builtin_shufflevector(x, x, __VA_ARGS__); \
    statement; \
  }
#if CK_WIDTH == 16
#define FOR_TURNS(x, statement) \
  TURN(x, statement, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7) \
  TURN(x, statement, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11) \
  TURN(x, statement, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13) \
  TURN(x, statement, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)
#elif CK_WIDTH == 8
#define FOR_TURNS(x, statement) \
  TURN(x, statement, 4, 5, 6, 7, 0, 1, 2, 3) \
  TURN(x, statement, 2, 3, 0, 1, 6, 7, 4, 5) \
  TURN(x, statement, 1, 0, 3, 2, 5, 4, 7, 6)
#else
#define FOR_TURNS(x, statement) TURN(x, statement, 2, 3, 0, 1) TURN(x, statement, 1, 0, 3, 2)
#endif

INLINE float sum_of_lanes(vf x) {
  FOR_TURNS(x, x += turned)
  return x[0];
}

INLINE float largest_lane(vf x) {
  FOR_TURNS(x, x = at_least(x, turned))
  return x[0];
}

// Whether any lane is above a bound; lanes that are no numbers are not.
#ifdef CK_WIDE_BF16
INLINE bool any_lane_above(vf x, float bound) {
  return _mm512_cmp_ps_mask((__m512)x, _mm512_set1_ps(bound), _CMP_GT_OQ) != 0;
}
#else
INLINE bool any_lane_above(vf x, float bound) { return largest_lane(x) > bound; }
#endif

// Stores two vectors as bfloat16, and adds what was stored to the lanes of `sum`.
INLINE vf store_and_add(uint16_t *row, size_t i, vf low, vf high, vf sum) {
#ifdef CK_WIDE_BF16
  const __m512bh both = _mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
  __builtin_memcpy(row + i, &both, sizeof both);
  return (vf)_mm512_dpbf16_ps((__m512)sum, both, (__m512bh)_mm512_set1_epi16(0x3f80));
#else
  store(CK_BF16, row, i, low);
  store(CK_BF16, row, i + CK_WIDTH, high);
  return sum + load(CK_BF16, row, i) + load(CK_BF16, row, i + CK_WIDTH);
#endif
}

// e^x, relative error below 2e-7, with x limited to where the result is a normal number.
INLINE vf exponential(vf x) {
  x = at_most(at_least(x, splat(-87.0f)), splat(88.0f));
  // Adding 1.5 * 2^23 rounds x / ln 2 to an integer and leaves it in the low bits.
  const vf shift = splat(12582912.0f);
  const vf shifted = x * 1.44269504f + shift;
  const vf n = shifted - shift;
  const vf r = (x - n * 0.693145752f) - n * 1.42860677e-6f;
  vf p = r * 0.00139338837f + 0.00836333539f;
  p = p * r + 0.0416664630f;
  p = p * r + 0.166665763f;
  p = p * r + 0.5f;
  p = (p * r) * r + r + 1.0f;
  return (vf)((vu)p + ((vu)shifted << 23));
}

// 2^x for x that are not above 0, relative error below 3e-7. The polynomial is a fit to the smallest relative error
// between -1/2 and 1/2 that is exact at 0; its terms go in pairs, so that less waits for what comes before it.
INLINE vf power_to_one(vf x) {
  x = at_least(x, splat(-126.0f));
  const vf shift = splat(12582912.0f);
  const vf shifted = x + shift;
  const vf r = x - (shifted - shift), square = r * r;
  const vf low = r * 0.693147004f + 1.0f, middle = r * 0.0555073358f + 0.240222424f;
  const vf high = r * 0.00132647273f + 0.00967151299f;
  const vf p = (high * square + middle) * square + low;
  return (vf)((vu)p + ((vu)shifted << 23));
}

// The same with a relative error below 8e-5: a twentieth of what rounding to bfloat16 makes.
INLINE vf rough_power_to_one(vf x) {
  x = at_least(x, splat(-126.0f));
  const vf shift = splat(12582912.0f);
  const vf shifted = x + shift;
  const vf r = x - (shifted - shift);
  vf p = r * 0.0551716685f + 0.242611144f;
  p = p * r + 0.693260985f;
  p = p * r + 0.999928073f;
  return (vf)((vu)p + ((vu)shifted << 23));
}

// The same for any x.
#ifdef CK_WIDE_BF16
INLINE vf rough_power(vf x) {
  // Rounding down and scaling are an instruction each, and nothing has to be limited.
  const vf r = (vf)_mm512_reduce_ps((__m512)x, 1);
  vf p = r * 0.07802452f + 0.22606716f;
  p = p * r + 0.69583354f;
  p = p * r + 0.99992522f;
  return (vf)_mm512_scalef_ps((__m512)p, (__m512)x);
}
// 1 / x to 14 bits.
INLINE vf rough_reciprocal(vf x) { return (vf)_mm512_rcp14_ps((__m512)x); }
#else
INLINE vf rough_power(vf x) { return rough_power_to_one(at_most(x, splat(127.0f))); }
#ifdef __aarch64__
// The same to 16 bits: a step of Newton's from an estimate of 8.
INLINE vf rough_reciprocal(vf x) {
  const float32x4_t estimate = vrecpeq_f32((float32x4_t)x);
  return (vf)vmulq_f32(estimate, vrecpsq_f32((float32x4_t)x, estimate));
}
#else
INLINE vf rough_reciprocal(vf x) { return 1.0f / x; }
#endif
#endif

// Calls `function` with a constant first argument, so that it is compiled apart for each element type.
#define FOR_TYPE(type, function, ...) \
  do { \
    if ((type) == CK_F32) function(CK_F32, __VA_ARGS__); else function(CK_BF16, __VA_ARGS__); \
  } while (0)

// Runs the statement after it for each vector of a row: `n` lanes from element `i`, n = CK_WIDTH but at the end.
#define FOR_VECTORS(i, n, count) \
  for (size_t i = 0, n; i < (count) && (n = (count) - i < CK_WIDTH ? (count) - i : CK_WIDTH); i += CK_WIDTH)
