// Counts what a process asks of the C library: calls that allocate or free memory and calls that lock.
//
// Linking this into a program replaces the functions by ones that count and pass on.
#pragma once

#include <stdbool.h>

typedef struct CallCounts {
  long allocations;
  long locks;
} CallCounts;

// Whether calls are counted at all: not where a sanitizer has replaced the same functions.
bool call_counters_work(void);

// Sets the counts to zero and begins to count the calls of all threads.
void call_counters_start(void);

// Ends counting and returns the counts.
CallCounts call_counters_stop(void);
