#include "kernels.h"
#include "parallel.h"

#include <string.h>

typedef struct {
  ck_packing packing;
  const ck_kernels *kernels;
  size_t zeros;  // elements that end a panel
} pack_job;

static void pack_panels(void *context, unsigned thread, size_t begin, size_t end) {
  const pack_job *job = context;
  const size_t size = ck_stored_size(job->packing.type), panel_bytes = job->packing.layout.panel * size;
  for (size_t panel = begin; panel < end; panel++) {
    job->kernels->pack_panel(&job->packing, panel);
    if (job->zeros == 0) continue;
    memset((char *)job->packing.packed + (panel + 1) * panel_bytes - job->zeros * size, 0, job->zeros * size);
  }
}

size_t ck_packed_weight_count(ck_device device, ck_product_shape shape) {
  return ck_round_up(shape.out, device.kernels->panel) * ck_product_depth(&shape);
}

bool ck_pack_weights(ck_device device, ck_product_shape shape, ck_plain_weights plain, ck_stored type, void *packed) {
  if (type == CK_STORED_F16 && plain.type != CK_STORED_F16) return false;
  const size_t width = device.kernels->panel;
  pack_job job = {
    .packing = {
      .shape = shape, .plain = plain, .type = type, .packed = packed,
      .layout = {
        .width = width, .group = 1, .block = 1, .panel = width * ck_product_depth(&shape), .stretch = width,
        .tap = width * shape.in,
      },
    },
    .kernels = device.kernels,
  };
  ck_parallel(device, (shape.out + width - 1) / width, 1, pack_panels, &job);
  return true;
}

bool ck_has_pairs(ck_device device) { return device.kernels->attend_pairs != NULL; }

bool ck_has_tiles(ck_device device) { return device.kernels->multiply_tiles != NULL; }

size_t ck_packed_pair_count(ck_device device, ck_product_shape shape) {
  const size_t taps = shape.kernel_height * shape.kernel_width;
  if (ck_has_tiles(device)) return ck_tile_columns(&shape) * ck_round_up(shape.in, CK_PAIR_STEP) * taps;
  return ck_round_up(shape.out, CK_PAIR_STEP) * ck_round_up(ck_product_depth(&shape), CK_PAIR_STEP);
}

// The depth in steps of 32 channels, each with all taps.
static void pack_tiles(ck_device device, ck_product_shape shape, ck_plain_weights plain, void *packed) {
  const size_t taps = shape.kernel_height * shape.kernel_width, step = CK_PAIR_PANEL * CK_PAIR_STEP;
  pack_job job = {
    .packing = {
      .shape = shape, .plain = plain, .type = CK_STORED_BF16, .packed = packed,
      .layout = {
        .width = CK_PAIR_PANEL, .group = 2, .block = CK_PAIR_STEP, .tap = step, .stretch = taps * step,
        .panel = ck_round_up(shape.in, CK_PAIR_STEP) * taps * CK_PAIR_PANEL,
      },
    },
    .kernels = device.kernels,
  };
  ck_parallel(device, ck_tile_columns(&shape) / CK_PAIR_PANEL, 1, pack_panels, &job);
}

void ck_pack_weight_pairs(ck_device device, ck_product_shape shape, ck_plain_weights plain, void *packed) {
  if (ck_has_tiles(device)) return pack_tiles(device, shape, plain, packed);
  const size_t depth = ck_product_depth(&shape), padded = ck_round_up(depth, CK_PAIR_STEP);
  const bool odd = shape.in % 2 != 0 && shape.kernel_height * shape.kernel_width > 1;
  const ck_weight_layout layout = {
    .width = CK_PAIR_PANEL, .group = 2, .block = 2, .panel = CK_PAIR_PANEL * padded, .stretch = 2 * CK_PAIR_PANEL,
    .tap = CK_PAIR_PANEL * shape.in, .spans_taps = odd,
  };
  pack_job job = {
    .packing = {.shape = shape, .plain = plain, .type = CK_STORED_BF16, .layout = layout, .packed = packed},
    .kernels = device.kernels, .zeros = CK_PAIR_PANEL * (padded - ck_round_up(depth, 2)),
  };
  ck_parallel(device, ck_round_up(shape.out, CK_PAIR_STEP) / CK_PAIR_PANEL, 1, pack_panels, &job);
}
