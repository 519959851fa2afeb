// Parallel loops.
#pragma once

#include "include/CKernels.h"

// Computes the pieces begin ..< end; `thread`, below the number of threads, tells concurrent calls apart.
typedef void (*ck_task)(void *context, unsigned thread, size_t begin, size_t end);

// Runs `task` over 0 ..< count in pieces of `grain`; threads take the next piece when they are done with one.
void ck_parallel(ck_device device, size_t count, size_t grain, ck_task task, void *context);

// The same on a pool, of which one loop at a time runs; count is not 0.
void ck_pool_run(ck_pool *pool, size_t count, size_t grain, ck_task task, void *context);
