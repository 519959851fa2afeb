// Formats, random numbers and the functions of the kernels, by their definitions.
#include "check.h"

#include <math.h>
#include <string.h>

float float_of_bf16(uint16_t bits) {
  const uint32_t wide = (uint32_t)bits << 16;
  float x;
  memcpy(&x, &wide, sizeof x);
  return x;
}

uint16_t bf16_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if (isnan(x)) return 0x7fc0;
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float float_of_half(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double size = exponent == 31 ? (fraction ? NAN : INFINITY)
                      : exponent == 0 ? ldexp(fraction, -24)
                                      : ldexp(1024 + fraction, exponent - 25);
  return (float)(bits & 0x8000 ? -size : size);
}

uint16_t half_of(float x) {
  const uint16_t sign = signbit(x) ? 0x8000 : 0;
  const double size = fabs((double)x);
  if (isnan(x)) return sign | 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  int exponent = size == 0 ? -100 : ilogb(size);
  if (exponent < -14) exponent = -14;
  // In units of the last place; nearbyint rounds ties to even.
  const int units = (int)nearbyint(ldexp(size, 10 - exponent));
  return (uint16_t)(sign + (exponent + 14) * 1024 + units);
}

size_t size_of(ck_stored type) { return type == CK_STORED_F32 ? 4 : 2; }

static uint64_t state = 1;

static double uniform(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void) { return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform()); }

numbers draw(ck_stored type, size_t count, double scale) {
  numbers drawn = {type, count, room(count * size_of(type)), room(count * sizeof(double))};
  for (size_t i = 0; i < count; i++) {
    const float x = (float)(normal() * scale);
    const uint16_t bits = type == CK_STORED_F16 ? half_of(x) : bf16_of(x);
    if (type == CK_STORED_F32) ((float *)drawn.data)[i] = x;
    else ((uint16_t *)drawn.data)[i] = bits;
    drawn.exact[i] = type == CK_STORED_F32 ? x : type == CK_STORED_F16 ? float_of_half(bits) : float_of_bf16(bits);
  }
  return drawn;
}

void spoil(numbers x, size_t i) {
  if (x.type == CK_STORED_F32) ((float *)x.data)[i] = NAN;
  else ((uint16_t *)x.data)[i] = x.type == CK_STORED_F16 ? 0x7e00 : 0x7fc0;
  x.exact[i] = NAN;
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

double activated(ck_activation activation, double x) {
  switch (activation) {
    case CK_IDENTITY: return x;
    case CK_SILU: return x * sigmoid(x);
    case CK_GELU: return x * erfc(-x / sqrt(2)) / 2;
    case CK_QUICK_GELU: return x * sigmoid(1.702 * x);
    case CK_RELU: return x < 0 ? 0 : x;
    case CK_TANH: return tanh(x);
    case CK_GELU_TANH: return x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))) / 2;
    case CK_LEAKY_RELU: return x > 0 ? x : 0.2 * x;
  }
  return NAN;
}
