// x [rows, columns], weight and bias [columns]: normalised over each row, scaled and shifted. One workgroup a row, or, with
// SUBGROUPS, one subgroup. Distances to the row's first value and to the mean keep sums small.
#include "types.glsl"
#include "vectors.glsl"
#define RESULT 3
#ifdef SUBGROUPS
#define WORKGROUP 128
#define HANDS gl_SubgroupSize
#define HAND gl_SubgroupInvocationID
#include "indexing.glsl"
uint row_index() { return workgroup_row() * gl_NumSubgroups + gl_SubgroupID; }
float row_sum(float value) { return subgroupAdd(value); }
#else
#define WORKGROUP 64
#define HANDS WORKGROUP
#define HAND gl_LocalInvocationID.x
#include "indexing.glsl"
#include "reduce.glsl"
uint row_index() { return workgroup_row(); }
float row_sum(float value) { return workgroup_sum(value); }
#endif
#include "row.glsl"
layout(binding = 1) readonly buffer Weight { float weight[]; };
layout(binding = 1) readonly buffer WeightQuads { vec4 weight_quads[]; };
layout(binding = 2) readonly buffer Bias { float bias[]; };
layout(binding = 2) readonly buffer BiasQuads { vec4 bias_quads[]; };
layout(push_constant) uniform Constants { uint rows; uint columns; float epsilon; };

void main() {
  if (row_index() >= rows) return;
  uint start = row_index() * columns, units = columns / WIDTH;
  float origin = widen(x[start]), sum = 0.0, squares = 0.0;
  [[unroll]] for (uint i = 0; i < units_of(columns); i++) {
    if (unit_at(i) >= units) continue;
    read_unit(start, i);
    [[unroll]] for (uint lane = 0; lane < WIDTH; lane++) sum += values[slot_of(i) + lane] - origin;
  }
  float mean = origin + row_sum(sum) / float(columns);
  [[unroll]] for (uint i = 0; i < units_of(columns); i++) {
    if (unit_at(i) >= units) continue;
    if (KEPT == 0) read_unit(start, i);
    [[unroll]] for (uint lane = 0; lane < WIDTH; lane++) {
      float distance = values[slot_of(i) + lane] - mean;
      squares += distance * distance;
    }
  }
  float factor = inversesqrt(row_sum(squares) / float(columns) + epsilon);
  [[unroll]] for (uint i = 0; i < units_of(columns); i++) {
    if (unit_at(i) >= units) continue;
    if (KEPT == 0) read_unit(start, i);
    uint column = unit_at(i) * WIDTH;
    if (VECTORS) {
      [[unroll]] for (uint quad = 0; quad < QUADS; quad++) {
        vec4 scale = factor * weight_quads[column / 4 + quad], shift = bias_quads[column / 4 + quad];
        [[unroll]] for (uint lane = 0; lane < 4; lane++) {
          uint at = slot_of(i) + quad * 4 + lane;
          values[at] = (values[at] - mean) * scale[lane] + shift[lane];
        }
      }
    } else {
      values[slot_of(i)] = (values[slot_of(i)] - mean) * factor * weight[column] + bias[column];
    }
    write_unit(start, i);
  }
}
