// Storage types apart from arithmetic: values are kept as STORE and computed with as float.
//
// Compiled once for each storage type: TYPE is F32 (float), F16 (half) or BF16 (the upper half of a float). Devices need to
// store 16 bits, not to compute with them, so `widen` and `narrow` are no functions but conversions where memory is read
// and written.
#define F32 0
#define F16 1
#define BF16 2

#if TYPE == F32
#define STORE float
#define widen(stored) (stored)
#define narrow(value) (value)
#elif TYPE == F16
#extension GL_EXT_shader_16bit_storage : require
#define STORE float16_t
#define widen(stored) float(stored)
#define narrow(value) float16_t(value)
#else
#extension GL_EXT_shader_16bit_storage : require
#define STORE uint16_t
#define widen(stored) uintBitsToFloat(uint(stored) << 16)
#define narrow(value) uint16_t(upper_half(value))
// To nearest, ties to even; a NaN stays one.
uint upper_half(float value) {
  uint bits = floatBitsToUint(value);
  if (isnan(value)) return 0x7fc0u;
  return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}
#endif
