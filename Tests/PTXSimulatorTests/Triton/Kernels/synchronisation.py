"""Kernels whose programs wait for each other through global memory."""

import triton
import triton.language as tl


@triton.jit
def locked_sum(x, out, lock, BLOCK: tl.constexpr):
    """out[j] += x[program, j] under a spin lock: plain loads and stores, ordered by the lock only."""
    offsets = tl.arange(0, BLOCK)
    values = tl.load(x + tl.program_id(0) * BLOCK + offsets)
    while tl.atomic_cas(lock, 0, 1) == 1:
        pass
    tl.store(out + offsets, tl.load(out + offsets) + values)
    tl.debug_barrier()
    tl.atomic_xchg(lock, 0)


@triton.jit
def chained_sum(x, out, flags, BLOCK: tl.constexpr):
    """out[program, j] = the sum of x[0...program, j]: every program waits for the flag of the one before it."""
    program = tl.program_id(0)
    offsets = tl.arange(0, BLOCK)
    values = tl.load(x + program * BLOCK + offsets)
    if program > 0:
        while tl.atomic_cas(flags + program - 1, 1, 1) == 0:
            pass
        values += tl.load(out + (program - 1) * BLOCK + offsets)
    tl.store(out + program * BLOCK + offsets, values)
    tl.debug_barrier()
    tl.atomic_xchg(flags + program, 1)


@triton.jit
def last_block_sum(x, partial, out, counter, BLOCK: tl.constexpr):
    """out[0] = the sum of x: the program that draws the last ticket adds the partial sums of all."""
    program = tl.program_id(0)
    programs = tl.num_programs(0)
    tl.store(partial + program, tl.sum(tl.load(x + program * BLOCK + tl.arange(0, BLOCK)), 0))
    tl.debug_barrier()
    if tl.atomic_add(counter, 1) == programs - 1:
        index = tl.arange(0, 32)
        tl.store(out, tl.sum(tl.load(partial + index, mask=index < programs, other=0.0), 0))
