// Exact attention on NVIDIA GPUs, on memory of any owner: a call from C.
//
// Link with libflash_attention, which the package's product of that name builds. Nothing else is needed but NVIDIA's driver.
#ifndef FLASH_ATTENTION_H
#define FLASH_ATTENTION_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The type of elements.
enum {
  FLASH_ATTENTION_F32 = 0,
  FLASH_ATTENTION_F16 = 1,
  FLASH_ATTENTION_BF16 = 2,
};

// Which members of a call have a meaning, and what they mean. A call without any of them is plain attention.
enum {
  // `scale` is the factor of Q K^T; without it that is 1 / sqrt(D).
  FLASH_ATTENTION_HAS_SCALE = 1 << 0,
  // `softcap` is the cap c of S <- c tanh(S / c).
  FLASH_ATTENTION_HAS_SOFTCAP = 1 << 1,
  // A query sees at most `left` keys before its own position.
  FLASH_ATTENTION_HAS_LEFT = 1 << 2,
  // A query sees at most `right` keys after its own position; a causal mask has a `right` of 0.
  FLASH_ATTENTION_HAS_RIGHT = 1 << 3,
  // The first query stands at the first key. Without it the last query stands at the last key.
  FLASH_ATTENTION_TOP_LEFT = 1 << 4,
};

// A tensor in device memory. `strides` are the distances of neighbours along its four axes, in elements; inputs may be
// repeated by a stride of 0.
typedef struct flash_attention_operand {
  void *address;
  int64_t strides[4];
} flash_attention_operand;

// A forward call: softmax(scale Q K^T) V. Members are only ever added at the end.
typedef struct flash_attention_call {
  // sizeof(flash_attention_call), by which the library knows the version of this header.
  size_t size;
  // FLASH_ATTENTION_HAS_SCALE and the like.
  uint32_t flags;
  // The type of query, key, value and output: FLASH_ATTENTION_F16 or FLASH_ATTENTION_BF16.
  int32_t element_type;
  // The type of the bias, where there is one.
  int32_t bias_type;
  // The position of the device in the driver's list.
  int32_t device;
  // The CUstream that the work is queued on; null is the default stream of the device's primary context.
  void *stream;

  // B, Hq, Hkv (which divides Hq), Sq, Sk, D and Dv.
  int64_t batch;
  int64_t query_heads;
  int64_t key_value_heads;
  int64_t query_length;
  int64_t key_length;
  int64_t head_dimension;
  int64_t value_dimension;

  float scale;
  float softcap;
  int64_t left;
  int64_t right;

  // [B, Hq, Sq, D], [B, Hkv, Sk, D], [B, Hkv, Sk, Dv] and, written, [B, Hq, Sq, Dv].
  flash_attention_operand query;
  flash_attention_operand key;
  flash_attention_operand value;
  flash_attention_operand output;
  // Written: the natural logarithm of the sum of exponentials of each row, fp32, dense, [B, Hq, Sq].
  float *log_sum_exp;
  // Optional, with a null address where they are not there: a byte for each score, 0 where a key is forbidden, and an
  // addend of each score, both [B, Hq, Sq, Sk].
  flash_attention_operand mask;
  flash_attention_operand bias;
} flash_attention_call;

// How a call ends.
enum {
  FLASH_ATTENTION_SUCCESS = 0,
  // An argument makes no sense.
  FLASH_ATTENTION_BAD_ARGUMENT = 64,
  // There is no driver or no device, it cannot serve the call, or it has failed.
  FLASH_ATTENTION_UNAVAILABLE = 69,
};

// Queues a forward call and returns; the output is there when the stream gets there. The first call of its kind in a process
// assembles a kernel, which takes about a second. May be called from several threads at once.
//
// Returns one of the statuses above. For a failure, `message` receives a line that says what was wrong, of at most `capacity`
// bytes with the zero byte at its end; `message` may be null where `capacity` is 0.
int flash_attention_forward_cuda(const flash_attention_call *call, char *message, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
