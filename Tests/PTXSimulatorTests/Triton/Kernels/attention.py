"""Attention forward with an online softmax: out = softmax(scale Q K^T) V and the log-sum-exp of each row."""

import triton
import triton.language as tl


@triton.jit
def absorb(scores, v, maximum, total, out):
    """Takes one block of scores [M, N], in units of log 2, and its values [N, D] into the running softmax."""
    raised = tl.maximum(maximum, tl.max(scores, 1))
    weights = tl.exp2(scores - raised[:, None])
    factor = tl.exp2(maximum - raised)
    out = tl.dot(weights.to(v.dtype), v, out * factor[:, None])
    return raised, total * factor + tl.sum(weights, 1), out


@triton.jit
def attention(q, k, v, out, lse, length, scale, CAUSAL: tl.constexpr,
              M: tl.constexpr, N: tl.constexpr, D: tl.constexpr):
    """Tensors [heads, length, D]; one program a block of M queries and a head; length may be ragged."""
    start = tl.program_id(0) * M
    head = tl.program_id(1) * length
    row = start + tl.arange(0, M)
    feature = tl.arange(0, D)
    q_tile = tl.load(q + (head + row[:, None]) * D + feature[None, :], mask=row[:, None] < length, other=0.0)
    maximum = tl.full((M,), -float("inf"), dtype=tl.float32)
    total = tl.zeros((M,), dtype=tl.float32)
    accumulator = tl.zeros((M, D), dtype=tl.float32)
    end = tl.minimum(start + M, length) if CAUSAL else length
    for block in range(0, end, N):
        column = block + tl.arange(0, N)
        k_tile = tl.load(k + (head + column[:, None]) * D + feature[None, :], mask=column[:, None] < length, other=0.0)
        v_tile = tl.load(v + (head + column[:, None]) * D + feature[None, :], mask=column[:, None] < length, other=0.0)
        visible = column[None, :] < length
        if CAUSAL:
            visible = visible & (column[None, :] <= row[:, None])
        scores = tl.where(visible, tl.dot(q_tile, k_tile.T) * scale, -float("inf"))
        maximum, total, accumulator = absorb(scores, v_tile, maximum, total, accumulator)
    tl.store(
        out + (head + row[:, None]) * D + feature[None, :], (accumulator / total[:, None]).to(out.dtype.element_ty),
        mask=row[:, None] < length)
    tl.store(lse + head + row, maximum + tl.log2(total), mask=row < length)


@triton.jit
def attention_tma(q, k, v, out, length, scale, CAUSAL: tl.constexpr,
                  M: tl.constexpr, N: tl.constexpr, D: tl.constexpr, SPECIALISE: tl.constexpr):
    """The same through tensor maps over [heads * length, D]; M and N divide length."""
    start = tl.program_id(0) * M
    head = tl.program_id(1) * length
    row = start + tl.arange(0, M)
    q_tile = q.load([head + start, 0])
    maximum = tl.full((M,), -float("inf"), dtype=tl.float32)
    total = tl.zeros((M,), dtype=tl.float32)
    accumulator = tl.zeros((M, D), dtype=tl.float32)
    end = start + M if CAUSAL else length
    for block in tl.range(0, end, N, warp_specialize=SPECIALISE):
        scores = tl.dot(q_tile, k.load([head + block, 0]).T) * scale
        if CAUSAL:
            column = block + tl.arange(0, N)
            scores = tl.where(column[None, :] <= row[:, None], scores, -float("inf"))
        maximum, total, accumulator = absorb(scores, v.load([head + block, 0]), maximum, total, accumulator)
    out.store([head + start, 0], (accumulator / total[:, None]).to(out.dtype))
