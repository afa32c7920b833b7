// The plain structures through which the engine talks to every kernel module. They are C so that all kernel modules and
// the engine share one definition without sharing any Swift generics (see docs/kernels.md on weak symbols).
#pragma once

#include <stdbool.h>
#include <stdint.h>

// A [batch, head, row, column] operand: sequence by dimension for the operands of attention, query by key for a mask or
// a bias. Strides are in elements and may be zero or negative. `base` is null where an optional operand is absent.
typedef struct KernelOperand {
  void *_Nullable base;
  // How the elements are stored: the raw value of a StoredElement.
  int32_t element;
  intptr_t batchStride;
  intptr_t headStride;
  intptr_t rowStride;
  intptr_t columnStride;
  // How far the rows that lie behind those of a head are rows of this operand, too: the end of its last element, in elements
  // from the base. Not positive where they may be something else.
  intptr_t rowsEnd;
} KernelOperand;

// One attention problem, forward or backward, as every kernel sees it.
typedef struct KernelProblem {
  intptr_t batch;
  intptr_t queryHeads;
  intptr_t keyValueHeads;
  intptr_t queryLength;
  intptr_t keyLength;
  intptr_t headDimension;
  intptr_t valueDimension;

  float scale;
  // 0 means none: a cap of zero is refused before a problem is made.
  float softcap;

  // Key j is permitted to query i where diagonal + i - left <= j <= diagonal + i + right.
  intptr_t diagonal;
  intptr_t left;
  intptr_t right;

  KernelOperand query;
  KernelOperand key;
  KernelOperand value;
  KernelOperand mask;
  KernelOperand bias;
  // Dense; written by the forward pass and read by the backward pass.
  KernelOperand output;
  // [batch, queryHeads, queryLength], natural logarithm.
  float *_Nullable logSumExp;

  // Backward only.
  KernelOperand outputGradient;
  KernelOperand queryGradient;
  KernelOperand keyGradient;
  KernelOperand valueGradient;
  // Dense fp32 in the bias's own shape; a stride of 0 marks an axis that the bias repeats. `base` is null where no
  // gradient of the bias is asked for.
  KernelOperand biasGradient;
  // [batch, queryHeads, queryLength]: log-sum-exp in base 2, and +infinity for a row without a permitted key.
  float *_Nullable rowLogSumExp2;
  // [batch, queryHeads, queryLength]: the row sums of output * outputGradient.
  float *_Nullable rowDelta;
  // [batch, queryHeads, queryLength, queryGradientStride]. Zero at the start, but where an item has all keys of its heads,
  // which begins them itself.
  float *_Nullable queryGradientSum;
  intptr_t queryGradientStride;

  // The tile shape, chosen by the plan. But at the end of an axis, blocks of the axis in the lanes are multiples of the
  // lane-group width, and those of the other axis of 8, or of 32 where the matrix unit multiplies.
  intptr_t queryBlock;
  intptr_t keyBlock;
  // Forward, the keys that are prepared at once, in whole blocks.
  intptr_t keysPerVisit;

  // The bf16 numbers as whose sum the matrix unit takes a number of the operands; 0 where it does not multiply them.
  intptr_t matrixUnitParts;

  // Whether rows that are read once are asked for in the first-level cache instead of the second, if the kernels of the
  // instruction set can do both.
  bool fetchesIntoLevel1;
} KernelProblem;

// One forward work item: `heads` consecutive query heads, all of one key/value head, by `queries` consecutive positions,
// against `keys` consecutive keys. Heads times queries is at most the problem's query block.
typedef struct ForwardItem {
  intptr_t batch;
  intptr_t firstHead;
  intptr_t heads;
  intptr_t firstQuery;
  intptr_t queries;
  intptr_t firstKey;
  intptr_t keys;
  // Where the item leaves its rows for a merge with the items of the same queries and other keys; null where it finishes
  // them itself. One partial row for each query, in the order (head 0, query 0), (head 0, query 1), …
  float *_Nullable partialRows;
  // The item that the same thread is likely to do next, where both have all queries of their head and the rows that it
  // reads fit into the second-level cache beside those of this item, or where both have a part of the keys; null elsewhere.
  const struct ForwardItem *_Nullable next;
} ForwardItem;

// The keys of one backward work item, and the counters by which items that add to the same place take turns.
typedef struct BackwardItem {
  intptr_t batch;
  intptr_t keyValueHead;
  intptr_t firstKey;
  intptr_t keys;
  // Steps (query head of the group × query block, in order) that this item has finished.
  intptr_t *_Nonnull progress;
  // The item that adds to the query gradient before this one; null for the first.
  const intptr_t *_Nullable queryGradientPredecessor;
  // The item that adds to the bias gradient before this one; null for the first.
  const intptr_t *_Nullable biasGradientPredecessor;
  // The item that the same thread is likely to do next, preparing its rows first, where both have all keys of their heads
  // and the rows that it reads fit into the second-level cache beside those of this item; null elsewhere.
  const struct BackwardItem *_Nullable next;
} BackwardItem;
