#define _GNU_SOURCE
#include "CallCounters.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

#if defined(__linux__) && !defined(IS_SANITIZED)
#include <features.h>
#endif

#if defined(__GLIBC__) && !defined(IS_SANITIZED)
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>

static bool isCounting;
static CallCounts counts;

static void count(long *counter) {
  if (__atomic_load_n(&isCounting, __ATOMIC_RELAXED)) __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

bool call_counters_work(void) { return true; }

void call_counters_start(void) {
  counts = (CallCounts){0, 0};
  __atomic_store_n(&isCounting, true, __ATOMIC_SEQ_CST);
}

CallCounts call_counters_stop(void) {
  __atomic_store_n(&isCounting, false, __ATOMIC_SEQ_CST);
  return counts;
}

// The C library's own names of the functions that are replaced here.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

void *malloc(size_t size) {
  count(&counts.allocations);
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count(&counts.allocations);
  return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
  count(&counts.allocations);
  return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
  count(&counts.allocations);
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
  void *memory = memalign(alignment, size);
  if (memory == NULL) return ENOMEM;
  *block = memory;
  return 0;
}

void free(void *block) {
  if (block != NULL) count(&counts.allocations);
  __libc_free(block);
}

int pthread_mutex_lock(pthread_mutex_t *mutex) {
  static int (*original)(pthread_mutex_t *);
  int (*lock)(pthread_mutex_t *) = __atomic_load_n(&original, __ATOMIC_RELAXED);
  if (lock == NULL) {
    lock = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_lock");
    __atomic_store_n(&original, lock, __ATOMIC_RELAXED);
  }
  count(&counts.locks);
  return lock(mutex);
}
#else
bool call_counters_work(void) { return false; }

void call_counters_start(void) {}

CallCounts call_counters_stop(void) { return (CallCounts){0, 0}; }
#endif
