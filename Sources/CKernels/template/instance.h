// The kernels of one instruction set: a file that defines CK_WIDTH (lanes), CK_ROWS (rows of an attention tile) and
// CK_TABLE (the table's name) includes this.

#include "vector.h"
#include "pointwise.h"
#include "normalisation.h"
#include "tile.h"
#include "attention.h"
#include "product.h"

const ck_kernels CK_TABLE = {
  .widen = widen,
  .narrow = narrow,
  .activate = activate,
  .scale = scale,
  .binary = binary,
  .geglu = geglu,
  .layer_norm = layer_norm,
  .channel_moments = channel_moments,
  .normalise = normalise,
  .softmax = softmax,
  .panel = PANEL,
  .value_panel = CK_WIDTH,
  .pack_keys = pack_keys,
  .pack_values = pack_values,
  .attend = attend,
  .multiply_block = multiply_block,
};
