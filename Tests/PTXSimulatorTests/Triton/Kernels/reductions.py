"""Kernels that combine the elements of a row: through shuffles, shared memory and atomics."""

import triton
import triton.language as tl


@triton.jit
def softmax(x, out, columns, BLOCK: tl.constexpr):
    """out = softmax of each row of x [rows, columns]; one program a row."""
    row = tl.program_id(0)
    offsets = tl.arange(0, BLOCK)
    mask = offsets < columns
    values = tl.load(x + row * columns + offsets, mask=mask, other=-float("inf"))
    exponentials = tl.exp(values - tl.max(values, 0))
    tl.store(out + row * columns + offsets, exponentials / tl.sum(exponentials, 0), mask=mask)


@triton.jit
def total(x, out, n, BLOCK: tl.constexpr):
    """out[0] += the sum of n elements; every program adds its block with one atomic."""
    offsets = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.atomic_add(out, tl.sum(tl.load(x + offsets, mask=offsets < n, other=0.0), 0))


@triton.jit
def histogram(x, out, n, BLOCK: tl.constexpr):
    """out[x[i]] += 1: integer atomics, several threads on the same address."""
    offsets = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offsets < n
    tl.atomic_add(out + tl.load(x + offsets, mask=mask, other=0), 1, mask=mask)


@triton.jit
def cumulative_sum(x, out, columns, ROWS: tl.constexpr, BLOCK: tl.constexpr):
    """out = the running sum along each row of x [ROWS, columns]."""
    row = tl.arange(0, ROWS)[:, None]
    column = tl.arange(0, BLOCK)[None, :]
    mask = column < columns
    tl.store(
        out + row * columns + column,
        tl.cumsum(tl.load(x + row * columns + column, mask=mask, other=0.0), 1), mask=mask)


@triton.jit
def argmax(x, out, columns, ROWS: tl.constexpr, BLOCK: tl.constexpr):
    """out = the index of the first largest element of each row of x [ROWS, columns]."""
    row = tl.arange(0, ROWS)
    column = tl.arange(0, BLOCK)
    values = tl.load(
        x + row[:, None] * columns + column[None, :], mask=column[None, :] < columns, other=-float("inf"))
    tl.store(out + row, tl.argmax(values, 1))
