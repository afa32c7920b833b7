"""Matrix products through tensor maps: C [m, n] = A [m, k] B [k, n]."""

import triton
import triton.language as tl


@triton.jit
def matmul_tma(a, b, c, k, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr):
    """One [M, N] tile a program. A and C are row-major, B is [k, n] row-major."""
    row = tl.program_id(0) * M
    column = tl.program_id(1) * N
    accumulator = tl.zeros((M, N), dtype=tl.float32)
    for start in range(0, k, K):
        accumulator = tl.dot(a.load([row, start]), b.load([start, column]), accumulator)
    c.store([row, column], accumulator.to(c.dtype))


@triton.jit
def matmul_tma_transposed(a, b, c, k, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr):
    """The same with B stored as its transpose, [n, k] row-major."""
    row = tl.program_id(0) * M
    column = tl.program_id(1) * N
    accumulator = tl.zeros((M, N), dtype=tl.float32)
    for start in range(0, k, K):
        accumulator = tl.dot(a.load([row, start]), b.load([column, start]).T, accumulator)
    c.store([row, column], accumulator.to(c.dtype))


@triton.jit
def matmul_tma_specialised(a, b, c, k, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr):
    """The same as matmul_tma, with a warp that copies and warps that multiply."""
    row = tl.program_id(0) * M
    column = tl.program_id(1) * N
    accumulator = tl.zeros((M, N), dtype=tl.float32)
    for start in tl.range(0, k, K, warp_specialize=True):
        accumulator = tl.dot(a.load([row, start]), b.load([start, column]), accumulator)
    c.store([row, column], accumulator.to(c.dtype))


@triton.jit
def matmul_tma_persistent(a, b, c, m, n, k, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr,
                          SPECIALISE: tl.constexpr):
    """Every program computes tiles until none is left."""
    columns = tl.cdiv(n, N)
    for tile in tl.range(
            tl.program_id(0), tl.cdiv(m, M) * columns, tl.num_programs(0),
            flatten=not SPECIALISE, warp_specialize=SPECIALISE):
        row = (tile // columns) * M
        column = (tile % columns) * N
        accumulator = tl.zeros((M, N), dtype=tl.float32)
        for start in range(0, k, K):
            accumulator = tl.dot(a.load([row, start]), b.load([start, column]), accumulator)
        c.store([row, column], accumulator.to(c.dtype))
