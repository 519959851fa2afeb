#version 450
#extension GL_GOOGLE_include_directive : require
// x [N, H, W, C] -> [N, H', W', C]: source row = floor(row H / H'), and so for columns; a word is 16 or 32 bits.
// variants: f32 bf16
#include "../include/types.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants {
  uint count; uint height; uint width; uint out_height; uint out_width; uint channels;
};

void main() {
  uint i = element();
  if (i >= count) return;
  uint channel = i % channels, pixel = i / channels;
  uint column = pixel % out_width, row = pixel / out_width % out_height, image = pixel / out_width / out_height;
  uint source = (image * height + row * height / out_height) * width + column * width / out_width;
  result[i] = x[source * channels + channel];
}
