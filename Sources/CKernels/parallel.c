#include "parallel.h"

#if defined(__linux__)
// The entry points that GCC's OpenMP code calls. Declared here because no header has them.
void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
void omp_set_num_threads(int);
#else
// Without libgomp, loops run on the calling thread.
static void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags) { body(data); }
static int omp_get_thread_num(void) { return 0; }
static void omp_set_num_threads(int threads) {}
#endif

static void run_pieces(void *loop) { ck_run_pieces(loop, (unsigned)omp_get_thread_num()); }

void ck_parallel(ck_device device, size_t count, size_t grain, ck_task task, void *context) {
  if (count == 0) return;
  if (device.threads <= 1 || count <= grain) {
    // The same pieces as with threads: what a task computes may depend on where a piece begins.
    for (size_t begin = 0; begin < count; begin += grain) {
      task(context, 0, begin, count - begin > grain ? begin + grain : count);
    }
    return;
  }
  if (device.pool != NULL) return ck_pool_run(device.pool, count, grain, task, context);
  ck_loop loop = {.count = count, .grain = grain, .task = task, .context = context};
  atomic_init(&loop.next, 0);
  GOMP_parallel(run_pieces, &loop, device.threads, 0);
}

void ck_set_threads(unsigned threads) { omp_set_num_threads((int)threads); }
