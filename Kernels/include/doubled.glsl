// A 3 x 3 convolution of a picture that is first repeated to twice its size is four 2 x 2 convolutions of the picture
// itself, one for each parity of the result's rows and columns: taps that fall on one pixel are added up in the weights
// (upsampled_kernel.comp), which leaves 2.25 times fewer products.
//
// With DOUBLED, gl_WorkGroupID.z counts the parities: rows before columns. The pixel under the first tap of parity 0 is
// one above and left of the result's.
layout(constant_id = 23) const bool DOUBLED = false;

uint row_parity() { return gl_WorkGroupID.z / 2; }
uint column_parity() { return gl_WorkGroupID.z % 2; }

// The pixel of the result [N, 2 height, 2 width] that pixel m of [N, height, width] is for this parity.
uint doubled_pixel(uint m, uint height, uint width) {
  uint line = m / width, image = line / height;
  return (image * 2 * height + line % height * 2 + row_parity()) * 2 * width + m % width * 2 + column_parity();
}
