// What the processor offers and what the operating system has enabled.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct ProcessorRegisters {
  uint32_t eax;
  uint32_t ebx;
  uint32_t ecx;
  uint32_t edx;
} ProcessorRegisters;

#if defined(__x86_64__)
#include <cpuid.h>

// CPUID of a leaf and subleaf; all zeros where the processor does not have the leaf.
static inline ProcessorRegisters processor_cpuid(uint32_t leaf, uint32_t subleaf) {
  ProcessorRegisters registers = {0, 0, 0, 0};
  (void)__get_cpuid_count(leaf, subleaf, &registers.eax, &registers.ebx, &registers.ecx, &registers.edx);
  return registers;
}

// XCR0: the register states that the operating system saves. Valid only where CPUID reports OSXSAVE.
static inline uint64_t processor_xgetbv(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return ((uint64_t)high << 32) | low;
}
#endif

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
// Asks for the use of the tile registers, which Linux saves for those processes only that have asked; whether it is granted.
static inline bool processor_request_tiles(void) {
  // ARCH_REQ_XCOMP_PERM and XFEATURE_XTILEDATA; see arch_prctl(2).
  return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
}
#endif

// The number of processors in the calling thread's affinity mask; 0 where the kernel does not tell.
//
// A system call, because the C library declares its wrapper only under a feature macro that a module cannot set.
static inline int processor_available_count(void) {
  unsigned long mask[1024 / sizeof(unsigned long)];
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
  int count = 0;
  for (long i = 0; i < bytes / (long)sizeof(mask[0]); i++) count += __builtin_popcountl(mask[i]);
  return count;
}
#endif
