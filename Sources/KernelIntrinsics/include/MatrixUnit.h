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

// The same into tile 6 or 7, the scalars of products (7 only where numbers have several parts), of which each is read once by a product and need not stay in the
// first-level cache, which they would take from what is read again and again.
KERNEL_TILE_INLINE void kernel_load_scalars(int tile, const void *_Nonnull address, intptr_t stride) {
  if (tile == 6)
    _tile_stream_loadd(6, address, stride);
  else
    _tile_stream_loadd(7, address, stride);
}

#define KERNEL_STORE(number) _tile_stored(number, address, stride)
KERNEL_TILE_INLINE void kernel_store_tile(int tile, void *_Nonnull address, intptr_t stride) {
  KERNEL_FOR_EACH_TILE(KERNEL_STORE)
}

// sums[r, c] += the sum over k of a[r, k].low * b[k, c].low + a[r, k].high * b[k, c].high, for 16 k and fp32 sums; each 32-bit
// element of the scalars a and the vectors b holds two bf16 numbers. Sums are tile 0 to 2, scalars 6 or 7 and vectors the tile
// three behind that of their sums; or sums are tile 0 to 5, scalars 6 and vectors 7.
#define KERNEL_MULTIPLY(sums) \
  if (vectors == 7) _tile_dpbf16ps(sums, 6, 7); \
  else if (scalars == 6) _tile_dpbf16ps(sums, 6, (sums) % 3 + 3); \
  else _tile_dpbf16ps(sums, 7, (sums) % 3 + 3)
KERNEL_TILE_INLINE void kernel_multiply_tiles(int sums, int scalars, int vectors) {
  switch (sums) {
    case 0: KERNEL_MULTIPLY(0); break;
    case 1: KERNEL_MULTIPLY(1); break;
    case 2: KERNEL_MULTIPLY(2); break;
    case 3: _tile_dpbf16ps(3, 6, 7); break;
    case 4: _tile_dpbf16ps(4, 6, 7); break;
    default: _tile_dpbf16ps(5, 6, 7); break;
  }
}
#endif
