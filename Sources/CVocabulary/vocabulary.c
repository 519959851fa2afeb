#include "CVocabulary.h"

// clang takes #embed in every language mode and only remarks, when asked to be pedantic, that C23 introduced it.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t merges[] = {
#embed "merges.txt"
};

const uint8_t *clip_merges(void) { return merges; }

size_t clip_merges_length(void) { return sizeof merges; }
