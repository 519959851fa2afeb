// The epilogue for results that come four columns at a time, or all BLOCK_N of an invocation. After vectors.glsl.
//
// GATED: columns are pairs of a value and its gate, which make one result: value * activation(gate). SPLIT: the sums are a part
// of the depth only and are kept as they are; `product_sum` adds the parts and does what is described here.
#include "epilogue.glsl"
#include "several.glsl"
layout(constant_id = 10) const bool WHOLE_QUADS = true;
layout(constant_id = 11) const bool GATED = false;
layout(constant_id = 12) const bool SPLIT = false;
layout(binding = 2) writeonly buffer OutQuads { STORE_QUAD result_quads[]; };
layout(binding = 3) readonly buffer BiasQuads { vec4 bias_quads[]; };
layout(binding = 4) readonly buffer ResidualQuads { STORE_QUAD residual_quads[]; };
layout(binding = 5) writeonly buffer Parts { float parts[]; };
layout(binding = 5) writeonly buffer PartQuads { vec4 part_quads[]; };

// The results (m, n) to (m, n + 3), of which those from `columns` on do not exist; `row` is m counted over all products.
void store_quad(uint row, uint n, uint columns, vec4 values) {
  uint at = row * columns + n;
  if (WHOLE_QUADS) {
    if (n >= columns) return;
    if (SPLIT) {
      part_quads[at / 4] = values;
      return;
    }
    if (HAS_BIAS) values += bias_quads[(first_bias(columns) + n) / 4];
    if (FUNCTION != IDENTITY) {
      [[unroll]] for (uint i = 0; i < 4; i++) values[i] = activate(FUNCTION, values[i]);
    }
    if (HAS_RESIDUAL) values += widen_quad(residual_quads[at / 4]);
    result_quads[at / 4] = narrow_quad(values);
  } else {
    [[unroll]] for (uint i = 0; i < 4 && n + i < columns; i++) {
      if (SPLIT) parts[at + i] = values[i]; else store(at + i, first_bias(columns) + n + i, values[i]);
    }
  }
}

// Four values and their gates, from columns n to n + 7 of `columns`, an even number.
void store_gated(uint row, uint n, uint columns, vec4 first, vec4 second) {
  if (WHOLE_QUADS) {
    if (n >= columns) return;
    if (HAS_BIAS) {
      first += bias_quads[n / 4];
      second += bias_quads[n / 4 + 1];
    }
    vec4 gates = vec4(first.yw, second.yw);
    [[unroll]] for (uint i = 0; i < 4; i++) gates[i] = activate(FUNCTION, gates[i]);
    result_quads[(row * columns + n) / 8] = narrow_quad(vec4(first.xz, second.xz) * gates);
  } else {
    vec4 values = vec4(first.xz, second.xz), gates = vec4(first.yw, second.yw);
    [[unroll]] for (uint i = 0; i < 4 && n + 2 * i < columns; i++) {
      if (HAS_BIAS) {
        values[i] += bias[n + 2 * i];
        gates[i] += bias[n + 2 * i + 1];
      }
      result[(row * columns + n) / 2 + i] = narrow(values[i] * activate(FUNCTION, gates[i]));
    }
  }
}
