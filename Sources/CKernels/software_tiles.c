// Any processor, with tile registers in software: for tests.
#include "kernels.h"

#define CK_WIDTH 4
#define CK_ROWS 6
#define CK_TABLE ck_software_tile_kernels
#define CK_PAIR_TILE "pair_tile_software.h"

#include "template/instance.h"
