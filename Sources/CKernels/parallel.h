// Parallel loops.
#pragma once

#include "include/CKernels.h"

#include <stdatomic.h>

// Computes the pieces begin ..< end; `thread`, below the number of threads, tells concurrent calls apart.
typedef void (*ck_task)(void *context, unsigned thread, size_t begin, size_t end);

// Runs `task` over 0 ..< count in pieces of `grain`; threads take the next piece when they are done with one.
void ck_parallel(ck_device device, size_t count, size_t grain, ck_task task, void *context);

// A loop that threads share.
typedef struct {
  size_t count, grain;
  ck_task task;
  void *context;
  // On a cache line of its own: every thread writes it.
  _Alignas(64) atomic_size_t next;
} ck_loop;

// Takes pieces of a loop until none is left.
static inline void ck_run_pieces(ck_loop *loop, unsigned thread) {
  for (;;) {
    size_t begin = atomic_fetch_add_explicit(&loop->next, loop->grain, memory_order_relaxed);
    if (begin >= loop->count) return;
    size_t end = loop->count - begin > loop->grain ? begin + loop->grain : loop->count;
    loop->task(loop->context, thread, begin, end);
  }
}

// The same on a pool, of which one loop at a time runs; count is not 0.
void ck_pool_run(ck_pool *pool, size_t count, size_t grain, ck_task task, void *context);
