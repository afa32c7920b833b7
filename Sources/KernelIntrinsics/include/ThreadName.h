// The name of the calling thread.
#pragma once

#if defined(__linux__)
#include <sys/prctl.h>

// Names the calling thread for debuggers, profilers and `top -H`; at most 15 characters.
//
// A function of its own, because Swift does not import variadic ones.
static inline void thread_set_name(const char *_Nonnull name) { (void)prctl(PR_SET_NAME, name); }
#else
static inline void thread_set_name(const char *_Nonnull name) { (void)name; }
#endif
