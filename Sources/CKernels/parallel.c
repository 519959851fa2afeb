#include "parallel.h"

void ck_parallel(ck_device device, size_t count, size_t grain, ck_task task, void *context) {
  if (count == 0) return;
  if (device.pool != NULL && count > grain) return ck_pool_run(device.pool, count, grain, task, context);
  // The same pieces as with threads: what a task computes may depend on where a piece begins.
  for (size_t begin = 0; begin < count; begin += grain) {
    task(context, 0, begin, count - begin > grain ? begin + grain : count);
  }
}
