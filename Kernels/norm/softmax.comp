#version 450
#extension GL_GOOGLE_include_directive : require
// x [rows, columns] -> the softmax of each row; CAUSAL masks, for x [..., lines, columns], every column after the row's
// line. One workgroup a row.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#define WORKGROUP 64
#include "../include/indexing.glsl"
#include "../include/reduce.glsl"
layout(constant_id = 0) const bool CAUSAL = false;
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants { uint rows; uint columns; uint lines; };

void main() {
  uint row = workgroup_row();
  if (row >= rows) return;
  uint start = row * columns, visible = CAUSAL ? min(row % lines + 1, columns) : columns;
  float largest = -3.4e38;
  for (uint i = gl_LocalInvocationID.x; i < visible; i += WORKGROUP) largest = max(largest, widen(x[start + i]));
  largest = workgroup_max(largest);
  float sum = 0.0;
  for (uint i = gl_LocalInvocationID.x; i < visible; i += WORKGROUP) sum += exp(widen(x[start + i]) - largest);
  float factor = 1.0 / workgroup_sum(sum);
  for (uint i = gl_LocalInvocationID.x; i < columns; i += WORKGROUP) {
    result[start + i] = narrow(i < visible ? exp(widen(x[start + i]) - largest) * factor : 0.0);
  }
}
