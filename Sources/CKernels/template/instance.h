// The kernels of one instruction set: a file that defines CK_WIDTH (lanes), CK_ROWS (rows of an attention tile) and
// CK_TABLE (the table's name) includes this. One that widens binary16 in an instruction defines CK_NATIVE_HALF. One with
// products of pairs of bfloat16, or of fours, defines CK_PAIR_TILE, too: the file that has its tile; if that is one in tile registers,
// it defines CK_TILES.

#include "vector.h"
#include "activation.h"
#include "pointwise.h"
#include "normalisation.h"
#include "tile.h"
#include "attention.h"
#include "conversion.h"
#include "low_rank.h"
#include "product.h"
#include "winograd.h"
#include "packing.h"
#ifdef CK_PAIR_TILE
#include CK_PAIR_TILE
#include "pairs.h"
#endif

const ck_kernels CK_TABLE = {
  .widen = widen,
  .narrow = narrow,
  .convert = convert,
  .activate = activate,
  .prelu = prelu,
  .scale = scale,
  .binary = binary,
  .glu = glu,
  .layer_norm = layer_norm,
  .channel_moments = channel_moments,
  .normalise = normalise,
  .softmax = softmax,
  .panel = PANEL,
  .value_panel = CK_WIDTH,
  .pack_keys = pack_keys,
  .pack_values = pack_values,
  .attend = attend,
  .add_low_rank = add_low_rank,
  .within = within,
  .store_as = store_as,
  .multiply_block = multiply_block,
  .least_rows = CK_ROWS / 3,
  .transform_image = transform_image,
  .multiply_winograd_panel = multiply_winograd_panel,
  .transform_narrow_kernels = transform_narrow_kernels,
  .multiply_narrow_group = multiply_narrow_group,
  .pack_panel = pack_panel,
#ifdef CK_PAIR_TILE
  .pair_group = CK_PAIR_GROUP,
  .pack_key_pairs = pack_key_pairs,
  .pack_value_pairs = pack_value_pairs,
  .attend_pairs = attend_pairs,
#ifdef CK_TILES
  .multiply_tiles = multiply_tile_block,
  .attend_in_tiles = attend_in_tiles,
#else
  .multiply_pair_block = multiply_pair_block,
#endif
#endif
};
