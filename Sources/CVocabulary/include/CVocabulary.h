#pragma once

#include <stddef.h>
#include <stdint.h>

/// The merge rules of CLIP's byte-pair encoding: one "left right" pair per line, most frequent first, UTF-8, not
/// terminated by a zero byte.
const uint8_t *_Nonnull clip_merges(void);

/// The number of bytes behind `clip_merges`.
size_t clip_merges_length(void);
