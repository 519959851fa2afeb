// What follows a product before its result is stored: residual + activation(product + bias).
#include "activation.glsl"
layout(constant_id = 6) const bool HAS_BIAS = false;
layout(constant_id = 7) const uint FUNCTION = IDENTITY;
layout(constant_id = 8) const bool HAS_RESIDUAL = false;
layout(binding = 2) writeonly buffer Out { STORE result[]; };
layout(binding = 3) readonly buffer Bias { float bias[]; };
layout(binding = 4) readonly buffer Residual { STORE residual[]; };

void store(uint at, uint column, float value) {
  if (HAS_BIAS) value += bias[column];
  value = activate(FUNCTION, value);
  if (HAS_RESIDUAL) value += widen(residual[at]);
  result[at] = narrow(value);
}
