// Checks all kernels of all instruction sets that this processor has. The exit status is 1 if a result is wrong.
#include "check.h"

int main(void) {
  check_conversions();
  check_pointwise();
  check_layout();
  check_norms();
  check_linear_layers();
  check_low_rank();
  check_convolutions();
  check_attention();
  return report() ? 0 : 1;
}
