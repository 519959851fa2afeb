// A row of x in the hands of one workgroup, or of one subgroup. Its values are dealt out in units: 16 bytes, or single values
// where VECTORS is false. An invocation has every HANDS-th unit and keeps up to KEPT of them in registers, so that memory is
// read once; where KEPT is 0, the row is too long for that and each pass reads it anew.
//
// The including file has indexing.glsl and vectors.glsl before this, and defines RESULT, the binding of the result, and
// HANDS and HAND: how many invocations have the row, and which of them this is.
//
// Loops over `values` have to be unrolled: a driver that lets one stand keeps the values in memory.
layout(constant_id = 0) const bool VECTORS = true;
layout(constant_id = 1) const uint KEPT = 1;
layout(binding = 0) readonly buffer Vectors { VECTOR vectors[]; };
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = RESULT) writeonly buffer OutQuads { STORE_QUAD result_quads[]; };
layout(binding = RESULT) writeonly buffer Out { STORE result[]; };

const uint WIDTH = VECTORS ? LANES : 1;
const uint SLOTS = KEPT > 0 ? KEPT : 1;
float values[SLOTS * LANES];

// Passes an invocation makes over units, and the unit of one; those at or beyond the end are nobody's.
uint units_of(uint columns) { return KEPT > 0 ? KEPT : (columns / WIDTH + HANDS - 1) / HANDS; }
uint unit_at(uint i) { return i * HANDS + HAND; }
// Where in `values` a unit's first value is.
uint slot_of(uint i) { return KEPT > 0 ? i * LANES : 0; }

// Reads the i-th unit of this invocation from the row that begins at start.
void read_unit(uint start, uint i) {
  uint at = start + unit_at(i) * WIDTH, slot = slot_of(i);
  if (VECTORS) {
    VECTOR vector = vectors[at / LANES];
    [[unroll]] for (uint quad = 0; quad < QUADS; quad++) {
      vec4 four = quad_of(vector, quad);
      [[unroll]] for (uint lane = 0; lane < 4; lane++) values[slot + quad * 4 + lane] = four[lane];
    }
  } else {
    values[slot] = widen(x[at]);
  }
}

// Writes the i-th unit of this invocation to the row of the result.
void write_unit(uint start, uint i) {
  uint at = start + unit_at(i) * WIDTH, slot = slot_of(i);
  if (VECTORS) {
    [[unroll]] for (uint quad = 0; quad < QUADS; quad++) {
      uint first = slot + quad * 4;
      result_quads[at / LANES * QUADS + quad] =
        narrow_quad(vec4(values[first], values[first + 1], values[first + 2], values[first + 3]));
    }
  } else {
    result[at] = narrow(values[slot]);
  }
}
