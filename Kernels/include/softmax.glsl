// x [rows, columns] -> the softmax of each row; CAUSAL masks, for x [..., lines, columns], every column after the row's
// line. One workgroup a row.
#include "types.glsl"
#include "vectors.glsl"
#ifdef SUBGROUPS
#define WORKGROUP 256
#else
#define WORKGROUP 64
#endif
#include "indexing.glsl"
#include "reduce.glsl"
#define RESULT 1
#define HANDS WORKGROUP
#define HAND gl_LocalInvocationID.x
#include "row.glsl"
layout(constant_id = 2) const bool CAUSAL = false;
layout(push_constant) uniform Constants { uint rows; uint columns; uint lines; };

void main() {
  uint row = workgroup_row();
  if (row >= rows) return;
  uint start = row * columns, units = columns / WIDTH, visible = CAUSAL ? min(row % lines + 1, columns) : columns;
  float largest = -3.4e38, sum = 0.0;
  [[unroll]] for (uint i = 0; i < units_of(columns); i++) {
    if (unit_at(i) >= units) continue;
    read_unit(start, i);
    [[unroll]] for (uint lane = 0; lane < WIDTH; lane++) {
      if (unit_at(i) * WIDTH + lane < visible) largest = max(largest, values[slot_of(i) + lane]);
    }
  }
  largest = workgroup_max(largest);
  [[unroll]] for (uint i = 0; i < units_of(columns); i++) {
    if (unit_at(i) >= units) continue;
    if (KEPT == 0) read_unit(start, i);
    [[unroll]] for (uint lane = 0; lane < WIDTH; lane++) {
      uint at = slot_of(i) + lane;
      values[at] = unit_at(i) * WIDTH + lane < visible ? exp(values[at] - largest) : 0.0;
      sum += values[at];
    }
  }
  float factor = 1.0 / workgroup_sum(sum);
  [[unroll]] for (uint i = 0; i < units_of(columns); i++) {
    if (unit_at(i) >= units) continue;
    if (KEPT == 0) read_unit(start, i);
    [[unroll]] for (uint lane = 0; lane < WIDTH; lane++) {
      uint at = slot_of(i) + lane;
      if (KEPT == 0) values[at] = unit_at(i) * WIDTH + lane < visible ? exp(values[at] - largest) : 0.0;
      values[at] *= factor;
    }
    write_unit(start, i);
  }
}
