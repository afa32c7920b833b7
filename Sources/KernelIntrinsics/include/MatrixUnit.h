// The matrix unit of Intel's processors (AMX): eight tile registers of 16 rows of 64 bytes, each thread's own, and the
// multiplication of two of them. Numbers of tiles must be constants, because they are part of the instruction.
#pragma once

#if defined(__AMX_BF16__)
#include <immintrin.h>
#include <stdint.h>

#define KERNEL_TILE_INLINE static inline __attribute__((always_inline, unused))

// The operand of the instruction that configures tiles: Intel's Architecture Instruction Set Extensions, LDTILECFG.
typedef struct KernelTileConfiguration {
  uint8_t palette;
  uint8_t start_row;
  uint8_t reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} KernelTileConfiguration;

// Gives all tiles their full size. What a thread does with tiles lies between this and kernel_release_tiles, after which
// the operating system has nothing to save for it.
KERNEL_TILE_INLINE void kernel_configure_tiles(void) {
  static const KernelTileConfiguration full __attribute__((aligned(64))) = {
      .palette = 1,
      .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
      .rows = {16, 16, 16, 16, 16, 16, 16, 16},
  };
  _tile_loadconfig(&full);
}
KERNEL_TILE_INLINE void kernel_release_tiles(void) { _tile_release(); }

// Memory for three tiles side by side.
typedef struct KernelTileRows {
  float numbers[16 * 48];
} KernelTileRows;

#define KERNEL_FOR_EACH_TILE(operation) \
  switch (tile) { \
    case 0: operation(0); break; \
    case 1: operation(1); break; \
    case 2: operation(2); break; \
    case 3: operation(3); break; \
    case 4: operation(4); break; \
    case 5: operation(5); break; \
    case 6: operation(6); break; \
    default: operation(7); break; \
  }

#define KERNEL_ZERO(number) _tile_zero(number)
KERNEL_TILE_INLINE void kernel_zero_tile(int tile) { KERNEL_FOR_EACH_TILE(KERNEL_ZERO) }

// 16 rows of 64 bytes, `stride` bytes apart.
#define KERNEL_LOAD(number) _tile_loadd(number, address, stride)
KERNEL_TILE_INLINE void kernel_load_tile(int tile, const void *_Nonnull address, intptr_t stride) {
  KERNEL_FOR_EACH_TILE(KERNEL_LOAD)
}

// The same into tile 6, the scalars of products, of which each is read once by a product and need not stay in the
// first-level cache, which they would take from what is read again and again.
KERNEL_TILE_INLINE void kernel_load_scalars(const void *_Nonnull address, intptr_t stride) {
  _tile_stream_loadd(6, address, stride);
}

#define KERNEL_STORE(number) _tile_stored(number, address, stride)
KERNEL_TILE_INLINE void kernel_store_tile(int tile, void *_Nonnull address, intptr_t stride) {
  KERNEL_FOR_EACH_TILE(KERNEL_STORE)
}

// tile[r, c] += the sum over k of a[r, k].low * b[k, c].low + a[r, k].high * b[k, c].high, for 16 k and fp32 sums; a is tile 6
// and b is tile 7, and each of their 32-bit elements holds two bf16 numbers.
#define KERNEL_MULTIPLY(number) _tile_dpbf16ps(number, 6, 7)
KERNEL_TILE_INLINE void kernel_multiply_tiles(int tile) {
  switch (tile) {
    case 0: KERNEL_MULTIPLY(0); break;
    case 1: KERNEL_MULTIPLY(1); break;
    case 2: KERNEL_MULTIPLY(2); break;
    case 3: KERNEL_MULTIPLY(3); break;
    case 4: KERNEL_MULTIPLY(4); break;
    default: KERNEL_MULTIPLY(5); break;
  }
}
#endif
