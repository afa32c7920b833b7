// How the sums of rows in lanes lie in memory: O of queries, dK and dV of keys. It is C for the reason that KernelProblem.h
// is: the engine predicts what the kernels do.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Whether the sums of a row are neighbours, and not those of a column, where register tiles compute them.
//
// By row, register tiles have a few rows and all columns. With AVX-512 these are two to four vectors: one would want a scalar
// for every multiply-add, and rows of eight would be read in halves, which share half of the sets of the first-level cache.
// Measured on Zen 4 in heads of 197 rows and 64 columns: 1.04 to 1.05 times as fast under a causal mask, 1.00 to 1.01 without,
// and 1.01 to 1.04 and 1.00 to 1.02 backward (docs/performance.md); 256 causal rows of 32 and 48 columns 1.02 to 1.03 times,
// long heads level to 1.01. With the registers of AVX2 a tile has three vectors at most, and long heads are 0.97 to 1.00 times
// as fast.
static inline __attribute__((always_inline, unused)) bool kernel_sums_lie_by_row(intptr_t columns, intptr_t lanes) {
  return lanes == 16 && columns % lanes == 0 && columns >= 2 * lanes && columns <= 4 * lanes;
}

// The rows of a register tile with all columns of such sums.
static inline __attribute__((always_inline, unused)) intptr_t kernel_rows_of_sums_by_row(intptr_t columns, intptr_t lanes) {
  return columns == 2 * lanes ? 12 : columns == 3 * lanes ? 8 : 6;
}
