#include "parallel.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

// How often a thread looks for news before it sleeps: some tens of microseconds, longer than the gap between two
// operations of a network, and too short to take a processor from others for long.
enum { LOOKS = 1500 };

// The state of a pool in one word: the number of the latest loop, whether it is open, and how many workers are in it.
// All change together, so a worker joins a loop that is still open or none.
#define LOOP_STEP ((uint64_t)1 << 32)
#define OPEN ((uint64_t)1 << 31)
#define INSIDE (OPEN - 1)

typedef struct {
  ck_pool *pool;
  pthread_t thread;
  unsigned number;
} worker;

struct ck_pool {
  _Alignas(64) _Atomic uint64_t state;
  // Written while it is not open and nobody is inside.
  ck_loop loop;
  _Alignas(64) atomic_uint asleep;
  atomic_bool ending;
  pthread_mutex_t lock;
  pthread_cond_t opened, left;
  unsigned worker_count;
  worker workers[];
};

static void look_again(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

static uint32_t loop_number(uint64_t state) { return (uint32_t)(state >> 32); }

// Waits for a loop other than number `seen`, or for the end of the pool.
static uint64_t next_state(ck_pool *pool, uint32_t seen) {
  for (int look = 0; look < LOOKS; look++) {
    uint64_t state = atomic_load_explicit(&pool->state, memory_order_relaxed);
    if (loop_number(state) != seen || atomic_load_explicit(&pool->ending, memory_order_relaxed)) return state;
    look_again();
  }
  pthread_mutex_lock(&pool->lock);
  atomic_fetch_add(&pool->asleep, 1);
  while (loop_number(atomic_load(&pool->state)) == seen && !atomic_load(&pool->ending)) {
    pthread_cond_wait(&pool->opened, &pool->lock);
  }
  atomic_fetch_sub(&pool->asleep, 1);
  pthread_mutex_unlock(&pool->lock);
  return atomic_load(&pool->state);
}

static void *work(void *argument) {
  worker *self = argument;
  ck_pool *pool = self->pool;
  uint32_t seen = 0;
  for (;;) {
    uint64_t state = next_state(pool, seen);
    if (atomic_load(&pool->ending)) return NULL;
    seen = loop_number(state);
    bool joined = false;
    while (!joined && (state & OPEN) != 0 && loop_number(state) == seen) {
      joined = atomic_compare_exchange_weak_explicit(
        &pool->state, &state, state + 1, memory_order_acquire, memory_order_relaxed);
    }
    if (!joined) continue;
    ck_run_pieces(&pool->loop, self->number);
    state = atomic_fetch_sub_explicit(&pool->state, 1, memory_order_release) - 1;
    if ((state & (OPEN | INSIDE)) == 0) {
      pthread_mutex_lock(&pool->lock);
      pthread_cond_signal(&pool->left);
      pthread_mutex_unlock(&pool->lock);
    }
  }
}

ck_pool *ck_pool_create(unsigned threads) {
  unsigned wanted = threads > 1 ? threads - 1 : 0;
  ck_pool *pool = aligned_alloc(64, (sizeof(ck_pool) + wanted * sizeof(worker) + 63) / 64 * 64);
  if (pool == NULL) return NULL;
  atomic_init(&pool->state, 0);
  atomic_init(&pool->loop.next, 0);
  atomic_init(&pool->asleep, 0);
  atomic_init(&pool->ending, false);
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->opened, NULL);
  pthread_cond_init(&pool->left, NULL);
  pool->worker_count = 0;
  // Signals are for the threads of the program.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (unsigned i = 0; i < wanted; i++) {
    pool->workers[i] = (worker){.pool = pool, .number = i + 1};
    // With fewer threads than wanted, work takes longer and has the same results.
    if (pthread_create(&pool->workers[i].thread, NULL, work, &pool->workers[i]) != 0) break;
    pool->worker_count++;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return pool;
}

void ck_pool_destroy(ck_pool *pool) {
  if (pool == NULL) return;
  pthread_mutex_lock(&pool->lock);
  atomic_store(&pool->ending, true);
  pthread_cond_broadcast(&pool->opened);
  pthread_mutex_unlock(&pool->lock);
  for (unsigned i = 0; i < pool->worker_count; i++) pthread_join(pool->workers[i].thread, NULL);
  pthread_cond_destroy(&pool->left);
  pthread_cond_destroy(&pool->opened);
  pthread_mutex_destroy(&pool->lock);
  free(pool);
}

static void wake(ck_pool *pool, size_t wanted) {
  if (atomic_load(&pool->asleep) == 0) return;
  pthread_mutex_lock(&pool->lock);
  size_t asleep = atomic_load(&pool->asleep);
  for (size_t i = 0; i < asleep && i < wanted; i++) pthread_cond_signal(&pool->opened);
  pthread_mutex_unlock(&pool->lock);
}

void ck_pool_run(ck_pool *pool, size_t count, size_t grain, ck_task task, void *context) {
  pool->loop.count = count;
  pool->loop.grain = grain;
  pool->loop.task = task;
  pool->loop.context = context;
  atomic_store_explicit(&pool->loop.next, 0, memory_order_relaxed);
  uint64_t previous = atomic_load_explicit(&pool->state, memory_order_relaxed);
  atomic_store(&pool->state, (previous & ~INSIDE) + LOOP_STEP | OPEN);
  wake(pool, (count - 1) / grain);
  ck_run_pieces(&pool->loop, 0);
  // All pieces are taken. Workers that have not come are not waited for: on a busy machine they may take long.
  uint64_t state = atomic_fetch_and_explicit(&pool->state, ~OPEN, memory_order_acquire);
  for (int look = 0; (state & INSIDE) != 0; look++) {
    if (look < LOOKS) {
      look_again();
    } else {
      pthread_mutex_lock(&pool->lock);
      while ((atomic_load(&pool->state) & INSIDE) != 0) pthread_cond_wait(&pool->left, &pool->lock);
      pthread_mutex_unlock(&pool->lock);
    }
    state = atomic_load_explicit(&pool->state, memory_order_acquire);
  }
}
