// Vector operations that Swift 6.3 either lacks or compiles into outlined calls. Each is one or a few instructions and
// always inlined, so it takes on the instruction set of the module that includes it.
#pragma once

#include <sched.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define KERNEL_INLINE static inline __attribute__((always_inline, unused))

typedef float kernel_float4 __attribute__((ext_vector_type(4)));
typedef float kernel_float8 __attribute__((ext_vector_type(8)));
typedef float kernel_float16 __attribute__((ext_vector_type(16)));

// Where either operand is NaN the result is `accumulated`, so that a NaN score never becomes a row's maximum.
#define KERNEL_MAXIMUM(name, vector) \
  KERNEL_INLINE vector name(vector accumulated, vector candidate) { \
    return candidate > accumulated ? candidate : accumulated; \
  }
KERNEL_MAXIMUM(kernel_maximum4, kernel_float4)
KERNEL_MAXIMUM(kernel_maximum8, kernel_float8)
KERNEL_MAXIMUM(kernel_maximum16, kernel_float16)

typedef int kernel_int4 __attribute__((ext_vector_type(4)));
typedef int kernel_int8 __attribute__((ext_vector_type(8)));
typedef int kernel_int16 __attribute__((ext_vector_type(16)));

// The greater of each two lanes, and the greatest of all lanes.
#define KERNEL_GREATEST(count) \
  KERNEL_INLINE kernel_int##count kernel_greater##count(kernel_int##count a, kernel_int##count b) { \
    return __builtin_elementwise_max(a, b); \
  } \
  KERNEL_INLINE int kernel_greatest_lane##count(kernel_int##count a) { return __builtin_reduce_max(a); }
KERNEL_GREATEST(4)
KERNEL_GREATEST(8)
KERNEL_GREATEST(16)

// Shuffles that stay within quarters of four lanes, which are the cheapest, and exchanges of whole quarters; of these a
// transposition is made.
#define KERNEL_SHUFFLE(name, vector, ...) \
  KERNEL_INLINE vector name(vector a, vector b) { return __builtin_shufflevector(a, b, __VA_ARGS__); }
// In each quarter a0 b0 a1 b1, and a2 b2 a3 b3.
KERNEL_SHUFFLE(kernel_zip_low4, kernel_float4, 0, 4, 1, 5)
KERNEL_SHUFFLE(kernel_zip_high4, kernel_float4, 2, 6, 3, 7)
KERNEL_SHUFFLE(kernel_zip_low8, kernel_float8, 0, 8, 1, 9, 4, 12, 5, 13)
KERNEL_SHUFFLE(kernel_zip_high8, kernel_float8, 2, 10, 3, 11, 6, 14, 7, 15)
KERNEL_SHUFFLE(kernel_zip_low16, kernel_float16, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
KERNEL_SHUFFLE(kernel_zip_high16, kernel_float16, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
// In each quarter a0 a1 b0 b1, and a2 a3 b2 b3.
KERNEL_SHUFFLE(kernel_zip_pairs_low4, kernel_float4, 0, 1, 4, 5)
KERNEL_SHUFFLE(kernel_zip_pairs_high4, kernel_float4, 2, 3, 6, 7)
KERNEL_SHUFFLE(kernel_zip_pairs_low8, kernel_float8, 0, 1, 8, 9, 4, 5, 12, 13)
KERNEL_SHUFFLE(kernel_zip_pairs_high8, kernel_float8, 2, 3, 10, 11, 6, 7, 14, 15)
KERNEL_SHUFFLE(kernel_zip_pairs_low16, kernel_float16, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
KERNEL_SHUFFLE(kernel_zip_pairs_high16, kernel_float16, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
// The even quarters of a and then those of b, and the odd ones.
KERNEL_SHUFFLE(kernel_even_quarters8, kernel_float8, 0, 1, 2, 3, 8, 9, 10, 11)
KERNEL_SHUFFLE(kernel_odd_quarters8, kernel_float8, 4, 5, 6, 7, 12, 13, 14, 15)
KERNEL_SHUFFLE(kernel_even_quarters16, kernel_float16, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
KERNEL_SHUFFLE(kernel_odd_quarters16, kernel_float16, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)

// The sums of the lanes of four vectors.
KERNEL_INLINE kernel_float4 kernel_lane_sums4(kernel_float4 a, kernel_float4 b, kernel_float4 c, kernel_float4 d) {
  kernel_float4 ab = kernel_zip_low4(a, b) + kernel_zip_high4(a, b);
  kernel_float4 cd = kernel_zip_low4(c, d) + kernel_zip_high4(c, d);
  return kernel_zip_pairs_low4(ab, cd) + kernel_zip_pairs_high4(ab, cd);
}
KERNEL_INLINE kernel_float4 kernel_half_sum8(kernel_float8 a) {
  return __builtin_shufflevector(a, a, 0, 1, 2, 3) + __builtin_shufflevector(a, a, 4, 5, 6, 7);
}
KERNEL_INLINE kernel_float4 kernel_lane_sums8(kernel_float8 a, kernel_float8 b, kernel_float8 c, kernel_float8 d) {
  return kernel_lane_sums4(kernel_half_sum8(a), kernel_half_sum8(b), kernel_half_sum8(c), kernel_half_sum8(d));
}
KERNEL_INLINE kernel_float8 kernel_half_sum16(kernel_float16 a) {
  return __builtin_shufflevector(a, a, 0, 1, 2, 3, 4, 5, 6, 7) +
         __builtin_shufflevector(a, a, 8, 9, 10, 11, 12, 13, 14, 15);
}
KERNEL_INLINE kernel_float4 kernel_lane_sums16(kernel_float16 a, kernel_float16 b, kernel_float16 c, kernel_float16 d) {
  return kernel_lane_sums8(kernel_half_sum16(a), kernel_half_sum16(b), kernel_half_sum16(c), kernel_half_sum16(d));
}

// The sums of the lanes of four vectors a, and behind them those of four vectors b: an a and a b first share a vector.
KERNEL_INLINE kernel_float8 kernel_joined4(kernel_float4 a, kernel_float4 b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
}
KERNEL_INLINE kernel_float8 kernel_joined8(kernel_float8 a, kernel_float8 b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 12, 13, 14, 15) +
         __builtin_shufflevector(a, b, 4, 5, 6, 7, 8, 9, 10, 11);
}
KERNEL_INLINE kernel_float8 kernel_joined_sums(
    kernel_float8 ab0, kernel_float8 ab1, kernel_float8 ab2, kernel_float8 ab3) {
  // Not by functions: without AVX the compiler warns of wide arguments, even of functions that are always inlined.
  kernel_float8 first = __builtin_shufflevector(ab0, ab1, 0, 8, 1, 9, 4, 12, 5, 13) +
                        __builtin_shufflevector(ab0, ab1, 2, 10, 3, 11, 6, 14, 7, 15);
  kernel_float8 second = __builtin_shufflevector(ab2, ab3, 0, 8, 1, 9, 4, 12, 5, 13) +
                         __builtin_shufflevector(ab2, ab3, 2, 10, 3, 11, 6, 14, 7, 15);
  return __builtin_shufflevector(first, second, 0, 1, 8, 9, 4, 5, 12, 13) +
         __builtin_shufflevector(first, second, 2, 3, 10, 11, 6, 7, 14, 15);
}

#if defined(__AVX512F__)
// The sums of the lanes of sixteen vectors, in two steps: the sums of each quarter's lanes of four vectors, [quarter][vector],
// and the sums of the quarters of four such vectors.
KERNEL_INLINE kernel_float16 kernel_zipped_sum16(kernel_float16 a, kernel_float16 b) {
  return kernel_zip_low16(a, b) + kernel_zip_high16(a, b);
}
KERNEL_INLINE kernel_float16 kernel_quarter_sums16(
    kernel_float16 a, kernel_float16 b, kernel_float16 c, kernel_float16 d) {
  kernel_float16 ab = kernel_zipped_sum16(a, b);
  kernel_float16 cd = kernel_zipped_sum16(c, d);
  return kernel_zip_pairs_low16(ab, cd) + kernel_zip_pairs_high16(ab, cd);
}
KERNEL_INLINE kernel_float16 kernel_sum_of_quarters16(kernel_float16 a, kernel_float16 b) {
  return kernel_even_quarters16(a, b) + kernel_odd_quarters16(a, b);
}
KERNEL_INLINE kernel_float16 kernel_joined_quarter_sums16(
    kernel_float16 a, kernel_float16 b, kernel_float16 c, kernel_float16 d) {
  return kernel_sum_of_quarters16(kernel_sum_of_quarters16(a, b), kernel_sum_of_quarters16(c, d));
}
#endif

#if defined(__F16C__)
// Neighbouring fp16 numbers as fp32.
KERNEL_INLINE kernel_float8 kernel_load_halves8(const void *_Nonnull address) {
  return (kernel_float8)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)address));
}
KERNEL_INLINE void kernel_store_halves8(void *_Nonnull address, kernel_float8 numbers) {
  _mm_storeu_si128((__m128i *)address, _mm256_cvtps_ph((__m256)numbers, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
#endif
#if defined(__AVX512F__)
KERNEL_INLINE kernel_float16 kernel_load_halves16(const void *_Nonnull address) {
  return (kernel_float16)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)address));
}
KERNEL_INLINE void kernel_store_halves16(void *_Nonnull address, kernel_float16 numbers) {
  _mm256_storeu_si256(
      (__m256i *)address, _mm512_cvtps_ph((__m512)numbers, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
#endif

// The even and the odd ones of neighbouring bfloat16 numbers as fp32.
#define KERNEL_LOAD_ALTERNATE_BRAIN_FLOATS(even_name, odd_name, vector, count) \
  KERNEL_INLINE vector even_name(const void *_Nonnull address) { \
    unsigned __attribute__((ext_vector_type(count))) pairs; \
    __builtin_memcpy(&pairs, address, sizeof(pairs)); \
    return (vector)(pairs << 16); \
  } \
  KERNEL_INLINE vector odd_name(const void *_Nonnull address) { \
    unsigned __attribute__((ext_vector_type(count))) pairs; \
    __builtin_memcpy(&pairs, address, sizeof(pairs)); \
    return (vector)(pairs & 0xffff0000u); \
  }
KERNEL_LOAD_ALTERNATE_BRAIN_FLOATS(kernel_even_brain_floats4, kernel_odd_brain_floats4, kernel_float4, 4)
KERNEL_LOAD_ALTERNATE_BRAIN_FLOATS(kernel_even_brain_floats8, kernel_odd_brain_floats8, kernel_float8, 8)
KERNEL_LOAD_ALTERNATE_BRAIN_FLOATS(kernel_even_brain_floats16, kernel_odd_brain_floats16, kernel_float16, 16)

// The first `count` 32-bit words at an address, and zeros behind them, for which nothing is read; and the first words of a
// vector, behind which nothing is written.
KERNEL_INLINE kernel_float4 kernel_first_words4(const void *_Nonnull address, int count) {
  kernel_float4 words = {0};
  __builtin_memcpy(&words, address, 4 * (unsigned long)count);
  return words;
}
KERNEL_INLINE void kernel_store_first_words4(void *_Nonnull address, kernel_float4 words, int count) {
  __builtin_memcpy(address, &words, 4 * (unsigned long)count);
}
#if defined(__AVX2__)
KERNEL_INLINE __m256i kernel_first_lanes8(int count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
KERNEL_INLINE kernel_float8 kernel_first_words8(const void *_Nonnull address, int count) {
  return (kernel_float8)_mm256_maskload_ps((const float *)address, kernel_first_lanes8(count));
}
KERNEL_INLINE void kernel_store_first_words8(void *_Nonnull address, kernel_float8 words, int count) {
  _mm256_maskstore_ps((float *)address, kernel_first_lanes8(count), (__m256)words);
}
#endif
#if defined(__AVX512F__)
KERNEL_INLINE kernel_float16 kernel_first_words16(const void *_Nonnull address, int count) {
  return (kernel_float16)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), address);
}
KERNEL_INLINE void kernel_store_first_words16(void *_Nonnull address, kernel_float16 words, int count) {
  _mm512_mask_storeu_ps(address, (__mmask16)((1u << count) - 1), (__m512)words);
}
#endif

// The bits of the bfloat16 numbers that are nearest to the lanes, ties to even; NaN stays a quiet NaN. And those of two
// vectors as pairs: each lane holds `low` in its low half and `high` in its high half. Other than the processor's own
// conversion they keep subnormal numbers.
typedef unsigned short kernel_ushort4 __attribute__((ext_vector_type(4)));
typedef unsigned short kernel_ushort8 __attribute__((ext_vector_type(8)));
typedef unsigned short kernel_ushort16 __attribute__((ext_vector_type(16)));
#define KERNEL_BRAIN_FLOAT_BITS(count) \
  typedef unsigned kernel_word##count __attribute__((ext_vector_type(count))); \
  /* In the upper halves; the lower ones hold what is left. */ \
  KERNEL_INLINE kernel_word##count kernel_rounded_to_brain_float##count(kernel_float##count numbers) { \
    kernel_word##count bits = (kernel_word##count)numbers; \
    kernel_word##count rounded = bits + 0x7fff + ((bits >> 16) & 1); \
    return (bits & 0x7fffffff) > 0x7f800000 ? bits | 0x400000 : rounded; \
  } \
  KERNEL_INLINE kernel_ushort##count kernel_brain_float_bits##count(kernel_float##count numbers) { \
    return __builtin_convertvector(kernel_rounded_to_brain_float##count(numbers) >> 16, kernel_ushort##count); \
  }
#define KERNEL_BRAIN_FLOAT_PAIRS(count, joined) \
  KERNEL_INLINE kernel_float##count kernel_nearest_brain_float_pairs##count( \
      kernel_float##count low, kernel_float##count high) { \
    kernel_word##count below = kernel_rounded_to_brain_float##count(low) >> 16; \
    kernel_word##count above = kernel_rounded_to_brain_float##count(high); \
    return (kernel_float##count)(joined); \
  }
KERNEL_BRAIN_FLOAT_BITS(4)
KERNEL_BRAIN_FLOAT_BITS(8)
KERNEL_BRAIN_FLOAT_BITS(16)
KERNEL_BRAIN_FLOAT_PAIRS(4, below | (above & 0xffff0000))
KERNEL_BRAIN_FLOAT_PAIRS(8, below | (above & 0xffff0000))
#if defined(__AVX512BW__)
KERNEL_BRAIN_FLOAT_PAIRS(16, _mm512_mask_mov_epi16((__m512i)below, 0xaaaaaaaa, (__m512i)above))
#endif

#if defined(__AVX512F__) && defined(__AVX512DQ__)
// With s = floor(32 x) / 32: x - s, in [0, 1/32]; 0 for an infinity.
KERNEL_INLINE kernel_float16 kernel_step_fraction16(kernel_float16 x) {
  return (kernel_float16)_mm512_reduce_ps((__m512)x, 5 << 4 | _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}

// With the same s: 2^(s - floor(s)), one of the 32 powers of the 32nd root of 2.
KERNEL_INLINE kernel_float16 kernel_step_power16(kernel_float16 x) {
  static const float powers[32] __attribute__((aligned(64))) = {
      0x1p+0f, 0x1.059b0ep+0f, 0x1.0b5586p+0f, 0x1.11301ep+0f,
      0x1.172b84p+0f, 0x1.1d4874p+0f, 0x1.2387a6p+0f, 0x1.29e9e0p+0f,
      0x1.306fe0p+0f, 0x1.371a74p+0f, 0x1.3dea64p+0f, 0x1.44e086p+0f,
      0x1.4bfdaep+0f, 0x1.5342b6p+0f, 0x1.5ab07ep+0f, 0x1.6247ecp+0f,
      0x1.6a09e6p+0f, 0x1.71f75ep+0f, 0x1.7a1148p+0f, 0x1.82589ap+0f,
      0x1.8ace54p+0f, 0x1.93737cp+0f, 0x1.9c4918p+0f, 0x1.a5503cp+0f,
      0x1.ae89fap+0f, 0x1.b7f770p+0f, 0x1.c199bep+0f, 0x1.cb720ep+0f,
      0x1.d5818ep+0f, 0x1.dfc974p+0f, 0x1.ea4afap+0f, 0x1.f50766p+0f,
  };
  // Beside a number so large, 32nds are the last bits that fit.
  const __m512 shifted = _mm512_add_round_ps(
      (__m512)x, _mm512_set1_ps(0x1.8p+18f), _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  return (kernel_float16)_mm512_permutex2var_ps(
      _mm512_load_ps(powers), _mm512_castps_si512(shifted), _mm512_load_ps(powers + 16));
}

// mantissa * 2^floor(exponent), right at every exponent from -infinity up.
KERNEL_INLINE kernel_float16 kernel_scale16(kernel_float16 mantissa, kernel_float16 exponent) {
  return (kernel_float16)_mm512_scalef_ps((__m512)mantissa, (__m512)exponent);
}
#endif

#if defined(__AVX512BF16__) && defined(__AVX512BW__)
// sum + a.low * b.low + a.high * b.high in each lane, whose halves are bf16 numbers.
KERNEL_INLINE kernel_float16 kernel_add_pair_products(kernel_float16 sum, kernel_float16 a, kernel_float16 b) {
  return (kernel_float16)_mm512_dpbf16_ps((__m512)sum, (__m512bh)(__m512)a, (__m512bh)(__m512)b);
}

// Both vectors rounded to bf16, ties to even; each lane holds `low` in its low half and `high` in its high half.
KERNEL_INLINE kernel_float16 kernel_brain_float_pairs(kernel_float16 low, kernel_float16 high) {
  const __m512i order = _mm512_set_epi16(
      31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16,
      0);
  __m512i both = (__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
  return (kernel_float16)_mm512_permutexvar_epi16(order, both);
}

// As kernel_brain_float_pairs for numbers that are not negative, ties upwards. A NaN may become another number. On Intel's
// processors, whose conversion has three parts, this is cheaper.
KERNEL_INLINE kernel_float16 kernel_brain_float_pairs_up(kernel_float16 low, kernel_float16 high) {
  const __m512i half = _mm512_set1_epi32(0x8000);
  __m512i below = _mm512_srli_epi32(_mm512_add_epi32((__m512i)low, half), 16);
  return (kernel_float16)_mm512_mask_mov_epi16(below, 0xaaaaaaaa, _mm512_add_epi32((__m512i)high, half));
}

// Whether a lane of `value` is greater than that of `bound`.
KERNEL_INLINE int kernel_exceeds16(kernel_float16 value, kernel_float16 bound) {
  return _mm512_cmp_ps_mask((__m512)value, (__m512)bound, _CMP_GT_OQ) != 0;
}

// Both vectors rounded to bf16 one after the other: 32 neighbouring bf16 numbers.
KERNEL_INLINE kernel_float16 kernel_brain_floats(kernel_float16 first, kernel_float16 second) {
  return (kernel_float16)(__m512i)_mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
}

// The same of vectors whose lanes are [stream][row] with four streams and four rows: each lane of the result holds a row's
// numbers of two streams, [pair of streams][row].
KERNEL_INLINE kernel_float16 kernel_stream_pairs(kernel_float16 first, kernel_float16 second) {
  const __m512i order = _mm512_set_epi16(
      31, 27, 30, 26, 29, 25, 28, 24, 23, 19, 22, 18, 21, 17, 20, 16, 15, 11, 14, 10, 13, 9, 12, 8, 7, 3, 6, 2, 5, 1, 4,
      0);
  return (kernel_float16)_mm512_permutexvar_epi16(order, (__m512i)kernel_brain_floats(first, second));
}

// Two vectors of 32 bf16 numbers interleaved: the first four, and the last four, of each eight.
KERNEL_INLINE kernel_float16 kernel_interleave_low(kernel_float16 even, kernel_float16 odd) {
  return (kernel_float16)_mm512_unpacklo_epi16((__m512i)even, (__m512i)odd);
}
KERNEL_INLINE kernel_float16 kernel_interleave_high(kernel_float16 even, kernel_float16 odd) {
  return (kernel_float16)_mm512_unpackhi_epi16((__m512i)even, (__m512i)odd);
}

// The numbers of two rows of 16 bf16 numbers: each lane holds one of `low` in its low half and one of `high` above it.
KERNEL_INLINE kernel_float16 kernel_interleave_rows(const void *_Nonnull low, const void *_Nonnull high) {
  __m512i a = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)low));
  __m512i b = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)high));
  return (kernel_float16)_mm512_or_si512(a, _mm512_slli_epi32(b, 16));
}
#endif

// Asks for the cache line at an address, which need not be readable, in the second-level cache.
KERNEL_INLINE void kernel_prefetch(const void *_Nonnull address) { __builtin_prefetch(address, 0, 2); }

// The same in the first-level cache.
KERNEL_INLINE void kernel_prefetch_near(const void *_Nonnull address) { __builtin_prefetch(address, 0, 3); }

// Reads a byte for the sake of its cache line.
KERNEL_INLINE void kernel_read_line(const void *_Nonnull address) { (void)*(const volatile char *)address; }

// The same address, of which the compiler knows nothing: it then keeps it in a register of its own instead of computing
// it from a neighbour in every round of a loop.
KERNEL_INLINE const float *_Nonnull kernel_opaque(const float *_Nonnull address) {
  __asm__("" : "+r"(address));
  return address;
}

// `value`; but the compiler believes that it needs `other` as well, and so does not move what is computed from the result
// to a place before `other` is computed.
#if defined(__x86_64__)
#define KERNEL_AFTER(name, vector) \
  KERNEL_INLINE vector name(vector value, vector other) { \
    __asm__("" : "+x"(value) : "x"(other)); \
    return value; \
  }
#else
#define KERNEL_AFTER(name, vector) \
  KERNEL_INLINE vector name(vector value, vector other) { return value; }
#endif
KERNEL_AFTER(kernel_after4, kernel_float4)
#if defined(__AVX__) || !defined(__x86_64__)
KERNEL_AFTER(kernel_after8, kernel_float8)
#endif

// The turn-taking of backward work items: what was written before a release is seen after the acquire that reads it.
KERNEL_INLINE intptr_t kernel_load_acquire(const intptr_t *_Nonnull counter) {
  return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

KERNEL_INLINE void kernel_store_release(intptr_t *_Nonnull counter, intptr_t value) {
  __atomic_store_n(counter, value, __ATOMIC_RELEASE);
}

KERNEL_INLINE void kernel_yield(void) { sched_yield(); }

KERNEL_INLINE void kernel_pause(void) {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// ln(sum * 2^maximum): -infinity where nothing was summed.
KERNEL_INLINE float kernel_log_sum_exp(float maximum, float sum) {
  return sum == 0 ? -__builtin_inff() : maximum * 0.693147180559945309f + __builtin_logf(sum);
}
