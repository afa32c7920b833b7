// Which forward work items go row by row, with the dimension in the lanes, instead of query by query in the lanes. It is C
// for the reason that KernelProblem.h is: the engine predicts what the kernels do.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define KERNEL_CRITERION static inline __attribute__((always_inline, unused))

// The most rows (query heads of one key/value head times queries) that go row by row, whatever the number of keys.
KERNEL_CRITERION intptr_t kernel_most_few_rows(intptr_t lanes) { return lanes / 4 * 3; }

// The fewest keys with which so many rows go row by row, or the greatest number where they never do.
//
// Row by row, sums across lanes cost what empty lanes cost otherwise, and every row has a fixed cost. Measured on Zen 5 with
// 12 heads of 1 to 24 queries and 8 to 4096 keys: from these numbers on it is level or up to five times as fast, and with
// far fewer it takes up to three times as long. Where terms are pairs of bf16 numbers, queries in the lanes are twice as fast
// and sums across lanes are not.
KERNEL_CRITERION intptr_t kernel_fewest_keys_of_few_rows(intptr_t rows, intptr_t lanes, bool pairs) {
  if (rows <= 1) { return 0; }
  if (rows <= lanes / 4) { return pairs ? 64 : 16; }
  if (rows <= lanes / 2) { return pairs ? 256 : 32; }
  if (rows <= kernel_most_few_rows(lanes)) { return pairs ? 1024 : 256; }
  return INTPTR_MAX;
}

// Whether both dimensions are multiples of 8: a chunk of four lanes, and rows of 16-bit elements that end with a 32-bit
// word. How rows lie in memory does not matter, because the bits of a result may not depend on that.
KERNEL_CRITERION bool kernel_can_go_by_rows(intptr_t head_dimension, intptr_t value_dimension) {
  return head_dimension % 8 == 0 && value_dimension % 8 == 0;
}
