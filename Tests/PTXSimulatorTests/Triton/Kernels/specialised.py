"""A matrix product by specialised warps, in Triton's lower-level language: C [m, n] = A [m, k] B [k, n]."""

from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.hopper import (
    fence_async_shared, mbarrier, tma, warpgroup_mma, warpgroup_mma_init, warpgroup_mma_wait)


@gluon.jit
def copy_tiles(a, b, a_tiles, b_tiles, filled, emptied, m, n, k):
    """One warp: brings the tiles of A and B in, as long as there is room."""
    stages: gl.constexpr = a_tiles.shape[0]
    columns = gl.cdiv(n, b.block_type.shape[1])
    step = 0
    for tile in range(gl.program_id(0), gl.cdiv(m, a.block_type.shape[0]) * columns, gl.num_programs(0)):
        row = (tile // columns) * a.block_type.shape[0]
        column = (tile % columns) * b.block_type.shape[1]
        for start in range(0, k, a.block_type.shape[1]):
            stage = step % stages
            mbarrier.wait(emptied.index(stage), (step // stages & 1) ^ 1)
            mbarrier.expect(filled.index(stage), a.nbytes_per_cta + b.nbytes_per_cta)
            tma.async_load(a, [row, start], filled.index(stage), a_tiles.index(stage))
            tma.async_load(b, [start, column], filled.index(stage), b_tiles.index(stage))
            step += 1


@gluon.jit
def multiply_tiles(a, b, c, a_tiles, b_tiles, c_tile, filled, emptied, m, n, k):
    """Warpgroups: multiply the tiles, and wait for a product when the next tiles are there. C leaves meanwhile."""
    stages: gl.constexpr = a_tiles.shape[0]
    layout: gl.constexpr = gl.NVMMADistributedLayout([3, 0], [gl.num_warps(), 1], [16, c.block_type.shape[1], 16])
    columns = gl.cdiv(n, b.block_type.shape[1])
    step = 0
    for tile in range(gl.program_id(0), gl.cdiv(m, a.block_type.shape[0]) * columns, gl.num_programs(0)):
        product = warpgroup_mma_init(gl.zeros(c.block_type.shape, gl.float32, layout))
        for start in range(0, k, a.block_type.shape[1]):
            stage = step % stages
            mbarrier.wait(filled.index(stage), step // stages & 1)
            done = warpgroup_mma_wait(0, deps=[product])
            mbarrier.arrive(emptied.index((step + stages - 1) % stages), pred=start > 0)
            product = warpgroup_mma(a_tiles.index(stage), b_tiles.index(stage), done, is_async=True)
            step += 1
        done = warpgroup_mma_wait(0, deps=[product])
        mbarrier.arrive(emptied.index((step + stages - 1) % stages))
        tma.store_wait(0)
        c_tile.store(done.to(c.dtype))
        fence_async_shared()
        row = (tile // columns) * a.block_type.shape[0]
        column = (tile % columns) * b.block_type.shape[1]
        tma.async_store(c, [row, column], c_tile)
    tma.store_wait(0)


@gluon.jit
def matmul_specialised(a, b, c, m, n, k, STAGES: gl.constexpr):
    """Programs compute tiles until none is left: one warp copies, the others multiply."""
    a_tiles = gl.allocate_shared_memory(a.dtype, [STAGES] + a.block_type.shape, a.layout)
    b_tiles = gl.allocate_shared_memory(b.dtype, [STAGES] + b.block_type.shape, b.layout)
    c_tile = gl.allocate_shared_memory(c.dtype, c.block_type.shape, c.layout)
    filled = mbarrier.allocate_mbarrier(batch=STAGES)
    emptied = mbarrier.allocate_mbarrier(batch=STAGES)
    for stage in gl.static_range(STAGES):
        mbarrier.init(filled.index(stage), count=1)
        mbarrier.init(emptied.index(stage), count=1)
    fence_async_shared()
    gl.warp_specialize(
        [(multiply_tiles, (a, b, c, a_tiles, b_tiles, c_tile, filled, emptied, m, n, k)),
         (copy_tiles, (a, b, a_tiles, b_tiles, filled, emptied, m, n, k))], [1], [24])
