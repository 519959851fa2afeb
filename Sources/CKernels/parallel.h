// Parallel loops on libgomp's threads, the ones oneDNN's loops run on: two pools would fight for the processors.
#pragma once

#include <stddef.h>

// Computes the pieces begin ..< end; `thread` tells concurrent calls apart.
typedef void (*ck_task)(void *context, unsigned thread, size_t begin, size_t end);

// Runs `task` over 0 ..< count in pieces of `grain`; threads take the next piece when they are done with one.
void ck_parallel(unsigned threads, size_t count, size_t grain, ck_task task, void *context);
