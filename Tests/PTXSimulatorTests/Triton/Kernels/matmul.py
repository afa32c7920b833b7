"""Matrix products through plain pointers: C [m, n] = A [m, k] B [k, n]."""

import triton
import triton.language as tl


@triton.jit
def matmul(a, b, c, m, n, k, a_row, a_column, b_row, b_column, c_row,
           M: tl.constexpr, N: tl.constexpr, K: tl.constexpr):
    """One [M, N] tile a program; a_row and the like are strides in elements. m, n and k may be ragged."""
    row = tl.program_id(0) * M + tl.arange(0, M)
    column = tl.program_id(1) * N + tl.arange(0, N)
    depth = tl.arange(0, K)
    accumulator = tl.zeros((M, N), dtype=tl.float32)
    for start in range(0, k, K):
        inner = start + depth
        a_tile = tl.load(
            a + row[:, None] * a_row + inner[None, :] * a_column,
            mask=(row[:, None] < m) & (inner[None, :] < k), other=0.0)
        b_tile = tl.load(
            b + inner[:, None] * b_row + column[None, :] * b_column,
            mask=(inner[:, None] < k) & (column[None, :] < n), other=0.0)
        accumulator = tl.dot(a_tile, b_tile, accumulator)
    tl.store(
        c + row[:, None] * c_row + column[None, :], accumulator.to(c.dtype.element_ty),
        mask=(row[:, None] < m) & (column[None, :] < n))


@triton.jit
def matmul_whole(a, b, c, k, a_row, a_column, b_row, b_column, c_row,
                 M: tl.constexpr, N: tl.constexpr, K: tl.constexpr):
    """The same without masks: the tiles divide the matrices."""
    row = tl.program_id(0) * M + tl.arange(0, M)
    column = tl.program_id(1) * N + tl.arange(0, N)
    depth = tl.arange(0, K)
    a_tiles = a + row[:, None] * a_row + depth[None, :] * a_column
    b_tiles = b + depth[:, None] * b_row + column[None, :] * b_column
    accumulator = tl.zeros((M, N), dtype=tl.float32)
    for _ in range(0, k, K):
        accumulator = tl.dot(tl.load(a_tiles), tl.load(b_tiles), accumulator)
        a_tiles += K * a_column
        b_tiles += K * b_row
    tl.store(c + row[:, None] * c_row + column[None, :], accumulator.to(c.dtype.element_ty))


@triton.jit
def matmul_split(a, b, c, k, a_row, b_row, c_row, SPLIT: tl.constexpr,
                 M: tl.constexpr, N: tl.constexpr, K: tl.constexpr):
    """C += A B with k divided among SPLIT programs, which add their parts by atomics."""
    row = tl.program_id(0) * M + tl.arange(0, M)
    column = tl.program_id(1) * N + tl.arange(0, N)
    accumulator = tl.zeros((M, N), dtype=tl.float32)
    for start in range(tl.program_id(2) * K, k, SPLIT * K):
        inner = start + tl.arange(0, K)
        accumulator = tl.dot(
            tl.load(a + row[:, None] * a_row + inner[None, :]),
            tl.load(b + inner[:, None] * b_row + column[None, :]), accumulator)
    tl.atomic_add(c + row[:, None] * c_row + column[None, :], accumulator)
