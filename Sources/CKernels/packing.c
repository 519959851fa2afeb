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
  const size_t kernels = (shape.upsampled ? 4 : 1) * ck_tile_taps(&shape);
  if (ck_has_tiles(device)) return ck_pair_columns(&shape) * ck_round_up(shape.in, CK_PAIR_STEP) * kernels;
  return ck_pair_columns(&shape) * ck_round_up(ck_product_depth(&shape), CK_PAIR_STEP);
}

// Adds up the taps of kernels of 3 x 3 that meet the same pixel, for results in odd or even lines and columns.
static void add_taps(const float *kernels, size_t count, size_t odd_line, size_t odd_column, float *sums) {
  memset(sums, 0, 4 * count * sizeof *sums);
  for (size_t i = 0; i < count; i++) {
    for (size_t y = 0; y < 3; y++) {
      for (size_t x = 0; x < 3; x++) {
        const size_t line = (odd_line + y + 1) / 2 - odd_line, column = (odd_column + x + 1) / 2 - odd_column;
        sums[4 * i + 2 * line + column] += kernels[9 * i + 3 * y + x];
      }
    }
  }
}

// A panel of kernels of 2 x 2, for results in odd or even lines and columns, 32 channels at a time.
static void pack_upsampled(void *context, unsigned thread, size_t begin, size_t end) {
  const pack_job *job = context;
  const ck_packing *packing = &job->packing;
  const size_t panels = ck_pair_columns(&packing->shape) / CK_PAIR_PANEL;
  const size_t out = packing->shape.out, in = packing->shape.in;
  const size_t size = ck_stored_size(packing->plain.type);
  float kernels[9 * CK_PAIR_STEP], sums[CK_PAIR_PANEL][4 * CK_PAIR_STEP];
  for (size_t piece = begin; piece < end; piece++) {
    const size_t parity = piece / panels, first = piece % panels * CK_PAIR_PANEL;
    ck_packing part = *packing;
    part.packed = (uint16_t *)packing->packed + piece * packing->layout.panel;
    for (size_t channel = 0; channel < in; channel += CK_PAIR_STEP) {
      const size_t channels = in - channel < CK_PAIR_STEP ? in - channel : CK_PAIR_STEP;
      const size_t columns = first >= out ? 0 : out - first < CK_PAIR_PANEL ? out - first : CK_PAIR_PANEL;
      float *target = sums[0];
      for (size_t i = 0; i < columns; i++, target += 4 * channels) {
        const char *column = (const char *)packing->plain.elements + ((first + i) * in + channel) * 9 * size;
        job->kernels->convert(packing->plain.type, column, CK_F32, kernels, 9 * channels);
        add_taps(kernels, channels, parity / 2, parity % 2, target);
      }
      part.plain = (ck_plain_weights){.type = CK_STORED_F32, .elements = sums};
      part.shape = (ck_product_shape){.in = channels, .out = columns, .kernel_height = 2, .kernel_width = 2};
      job->kernels->pack_panel(&part, 0);
      part.packed = (uint16_t *)part.packed + packing->layout.stretch;
    }
  }
}

// The depth in steps of 32 channels, each with all taps.
static void pack_tiles(ck_device device, ck_product_shape shape, ck_plain_weights plain, void *packed) {
  const size_t taps = ck_tile_taps(&shape), step = CK_PAIR_PANEL * CK_PAIR_STEP;
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
  const size_t panels = ck_pair_columns(&shape) / CK_PAIR_PANEL;
  if (shape.upsampled) ck_parallel(device, 4 * panels, 1, pack_upsampled, &job);
  else ck_parallel(device, panels, 1, pack_panels, &job);
}

void ck_pack_weight_pairs(ck_device device, ck_product_shape shape, ck_plain_weights plain, void *packed) {
  if (ck_has_tiles(device)) return pack_tiles(device, shape, plain, packed);
  const size_t depth = ck_product_depth(&shape), padded = ck_round_up(depth, CK_PAIR_STEP);
  const size_t group = device.kernels->pair_group;
  const bool spans = shape.in % group != 0 && shape.kernel_height * shape.kernel_width > 1;
  const ck_weight_layout layout = {
    .width = CK_PAIR_PANEL, .group = group, .block = group, .panel = CK_PAIR_PANEL * padded,
    .stretch = group * CK_PAIR_PANEL, .tap = CK_PAIR_PANEL * shape.in, .spans_taps = spans,
  };
  pack_job job = {
    .packing = {.shape = shape, .plain = plain, .type = CK_STORED_BF16, .layout = layout, .packed = packed},
    .kernels = device.kernels, .zeros = CK_PAIR_PANEL * (padded - ck_round_up(depth, group)),
  };
  ck_parallel(device, ck_pair_columns(&shape) / CK_PAIR_PANEL, 1, pack_panels, &job);
}
