"""The kernels that the simulator is checked against, each with sizes that an interpreter finishes in about a second."""

import math

from attention import attention, attention_tma
from description import Kernel, Tensor, TensorMap
from descriptors import matmul_tma, matmul_tma_persistent, matmul_tma_specialised, matmul_tma_transposed
from elementwise import add, convert, transpose
from matmul import matmul, matmul_split, matmul_whole
from reductions import argmax, cumulative_sum, histogram, softmax, total
from specialised import matmul_specialised
from synchronisation import chained_sum, last_block_sum, locked_sum

BOTH = ("sm_80", "sm_90")
HOPPER = ("sm_90",)


def elementwise():
    for name, n in (("add", 1000), ("add_vectors", 2000)):
        x = Tensor("f32", (n,))
        yield Kernel(name, add, {"x": x, "y": x, "out": Tensor("f32", (n,), "output"), "n": n},
                     {"BLOCK": 512}, (-(-n // 512), 1, 1), "add", BOTH)
    n = 1008
    x = Tensor("f32", (n,), limit=100)
    for element in ("f16", "bf16", "s32", "s8"):
        yield Kernel(f"convert_f32_{element}", convert, {"x": x, "out": Tensor(element, (n,), "output"), "n": n},
                     {"BLOCK": 512}, (2, 1, 1), "convert", BOTH)
    for element in ("bf16", "f16", "s32"):
        yield Kernel(f"convert_{element}_f32", convert,
                     {"x": Tensor(element, (n,), limit=1 << 30 if element == "s32" else 100),
                      "out": Tensor("f32", (n,), "output"), "n": n},
                     {"BLOCK": 512}, (2, 1, 1), "convert", BOTH)
    yield Kernel("transpose", transpose,
                 {"x": Tensor("f32", (48, 80)), "out": Tensor("f32", (80, 48), "output"), "rows": 48, "columns": 80},
                 {"ROWS": 32, "COLUMNS": 64}, (2, 2, 1), "transpose")


def reductions():
    yield Kernel("softmax", softmax,
                 {"x": Tensor("f32", (4, 300), limit=4), "out": Tensor("f32", (4, 300), "output"), "columns": 300},
                 {"BLOCK": 512}, (4, 1, 1), "softmax", BOTH)
    yield Kernel("total", total, {"x": Tensor("f32", (1000,)), "out": Tensor("f32", (1,), "accumulator"), "n": 1000},
                 {"BLOCK": 256}, (4, 1, 1), "sum", BOTH)
    yield Kernel("histogram", histogram,
                 {"x": Tensor("s32", (500,), limit=16), "out": Tensor("s32", (16,), "accumulator"), "n": 500},
                 {"BLOCK": 256}, (2, 1, 1), "histogram")
    yield Kernel("cumulative_sum", cumulative_sum,
                 {"x": Tensor("f32", (4, 200)), "out": Tensor("f32", (4, 200), "output"), "columns": 200},
                 {"ROWS": 4, "BLOCK": 256}, (1, 1, 1), "cumulativeSum", BOTH)
    yield Kernel("argmax", argmax,
                 {"x": Tensor("f32", (4, 200)), "out": Tensor("s32", (4,), "output"), "columns": 200},
                 {"ROWS": 4, "BLOCK": 256}, (1, 1, 1), "argmax", BOTH)


def synchronisation():
    rows = Tensor("f32", (4, 128))
    yield Kernel("locked_sum", locked_sum,
                 {"x": rows, "out": Tensor("f32", (128,), "accumulator"), "lock": Tensor("s32", (1,), "scratch")},
                 {"BLOCK": 128}, (4, 1, 1), "columnSum", BOTH)
    yield Kernel("chained_sum", chained_sum,
                 {"x": rows, "out": Tensor("f32", (4, 128), "output"), "flags": Tensor("s32", (4,), "scratch")},
                 {"BLOCK": 128}, (4, 1, 1), "runningSum")
    yield Kernel("last_block_sum", last_block_sum,
                 {"x": rows, "partial": Tensor("f32", (4,), "scratch"), "out": Tensor("f32", (1,), "output"),
                  "counter": Tensor("s32", (1,), "scratch")},
                 {"BLOCK": 128}, (4, 1, 1), "sum", BOTH)


def product(name, function, element, sizes, tiles, targets, transposed=False, whole=False, output=None, **options):
    """A matrix product through pointers. transposed: B is stored as [n, k]."""
    m, n, k = sizes
    b_strides = (1, k) if transposed else (n, 1)
    ragged = {} if whole else {"m": m, "n": n}
    return Kernel(
        name, function,
        {"a": Tensor(element, (m, k)), "b": Tensor(element, (k, n), strides=b_strides),
         "c": Tensor(output or element, (m, n), "output"), **ragged, "k": k, "a_row": k, "a_column": 1,
         "b_row": b_strides[0], "b_column": b_strides[1], "c_row": n},
        dict(zip("MNK", tiles)), (-(-m // tiles[0]), -(-n // tiles[1]), 1), "matmul", targets, **options)


def products():
    for element in ("f16", "bf16"):
        yield product(f"matmul_{element}", matmul, element, (48, 80, 112), (32, 64, 32), ("sm_80",))
        yield product(f"matmul_transposed_{element}", matmul_whole, element, (64, 64, 128), (64, 32, 32), ("sm_80",),
                      transposed=True, whole=True, output="f32")
        yield product(f"matmul_whole_{element}", matmul_whole, element, (128, 64, 256), (64, 64, 64), HOPPER,
                      whole=True)
        yield product(f"matmul_ragged_{element}", matmul, element, (100, 80, 144), (64, 64, 64), HOPPER)
    yield product("matmul_odd_f16", matmul, "f16", (37, 41, 53), (32, 32, 32), ("sm_80",), output="f32")
    yield product("matmul_tf32", matmul_whole, "f32", (32, 32, 64), (32, 32, 32), ("sm_80",), whole=True)
    yield product("matmul_eight_warps_f16", matmul_whole, "f16", (128, 128, 128), (128, 128, 64), HOPPER, whole=True,
                  transposed=True, warps=8)
    for target in BOTH:
        yield Kernel("matmul_split_f16", matmul_split,
                     {"a": Tensor("f16", (64, 256)), "b": Tensor("f16", (256, 32)),
                      "c": Tensor("f32", (64, 32), "accumulator"), "k": 256, "a_row": 256, "b_row": 32, "c_row": 32},
                     {"SPLIT": 4, "M": 64, "N": 32, "K": 32}, (1, 1, 4), "matmul", (target,))


def mapped(name, function, element, sizes, tiles, transposed=False, programs=None, constants={}, **options):
    """A matrix product through tensor maps on Hopper."""
    m, n, k = sizes
    rows, columns, depth = tiles
    b = Tensor(element, (k, n), strides=(1, k) if transposed else None)
    b_map = TensorMap(b, (columns, depth), (n, k), (k, 1)) if transposed else TensorMap(b, (depth, columns))
    grid = (programs, 1, 1) if programs else (-(-m // rows), -(-n // columns), 1)
    return Kernel(
        name, function,
        {"a": TensorMap(Tensor(element, (m, k)), (rows, depth)), "b": b_map,
         "c": TensorMap(Tensor(element, (m, n), "output"), (rows, columns)),
         **({"m": m, "n": n} if programs else {}), "k": k},
        constants if function is matmul_specialised else {**dict(zip("MNK", tiles)), **constants}, grid, "matmul",
        HOPPER, fences_barriers=function is matmul_specialised, **options)


def mapped_products():
    for element in ("f16", "bf16"):
        yield mapped(f"matmul_tma_{element}", matmul_tma, element, (128, 64, 256), (64, 64, 64))
    yield mapped("matmul_tma_ragged_f16", matmul_tma, "f16", (100, 72, 280), (64, 64, 64))
    yield mapped("matmul_tma_transposed_bf16", matmul_tma_transposed, "bf16", (64, 96, 160), (64, 32, 32),
                 transposed=True)
    yield mapped("matmul_tma_narrow_f16", matmul_tma, "f16", (64, 32, 96), (64, 16, 16))
    yield mapped("matmul_tma_eight_warps_f16", matmul_tma, "f16", (128, 128, 256), (128, 128, 64), warps=8)
    yield mapped("matmul_tma_specialised_f16", matmul_tma_specialised, "f16", (128, 64, 256), (64, 64, 64))
    for element, tiles, warps in (("f16", (64, 64, 64), 4), ("bf16", (128, 64, 32), 8)):
        yield mapped(f"matmul_specialised_{element}", matmul_specialised, element, (192, 128, 160), tiles, programs=2,
                     constants={"STAGES": 3}, warps=warps)
    for specialise in (False, True):
        yield mapped(f"matmul_tma_persistent{'_specialised' if specialise else ''}_f16", matmul_tma_persistent, "f16",
                     (192, 128, 128), (64, 64, 64), programs=2, constants={"SPECIALISE": specialise})


def attentions():
    for target, element, length, causal, tiles in (
            ("sm_80", "f16", 96, True, (64, 32, 32)), ("sm_80", "bf16", 80, False, (32, 32, 64)),
            ("sm_90", "f16", 160, True, (64, 64, 64)), ("sm_90", "bf16", 100, False, (64, 32, 32))):
        heads, features = 2, tiles[2]
        tensor = Tensor(element, (heads, length, features), limit=2)
        yield Kernel(
            f"attention_{'causal_' if causal else ''}{element}", attention,
            {"q": tensor, "k": tensor, "v": tensor, "out": Tensor(element, (heads, length, features), "output"),
             "lse": Tensor("f32", (heads, length), "output"), "length": length, "scale": scale(features)},
            {"CAUSAL": causal, **dict(zip("MND", tiles))}, (-(-length // tiles[0]), heads, 1), "attention", (target,),
            numbers={"causal": int(causal)})
    for name, causal, specialise, heads, length, tiles in (
            ("attention_tma_causal_f16", True, False, 1, 256, (64, 64, 64)),
            ("attention_tma_f16", False, False, 1, 128, (64, 32, 128)),
            ("attention_tma_specialised_f16", False, True, 2, 128, (64, 32, 64))):
        features = tiles[2]
        flat = (heads * length, features)
        tensor = Tensor("f16", (heads, length, features), limit=2)
        maps = {name: TensorMap(tensor, (tiles[1], features), flat, (features, 1)) for name in "kv"}
        yield Kernel(
            name, attention_tma,
            {"q": TensorMap(tensor, (tiles[0], features), flat, (features, 1)), **maps,
             "out": TensorMap(Tensor("f16", (heads, length, features), "output"), (tiles[0], features), flat,
                              (features, 1)),
             "length": length, "scale": scale(features)},
            {"CAUSAL": causal, **dict(zip("MND", tiles)), "SPECIALISE": specialise},
            (length // tiles[0], heads, 1), "attention", HOPPER,
            numbers={"causal": int(causal)}, fences_barriers=False)


def scale(features):
    """1 / sqrt(features) in units of log 2, rounded to fp32 by the launch."""
    return math.log2(math.e) / math.sqrt(features)


def kernels():
    """Every kernel of the corpus."""
    for part in (elementwise, reductions, synchronisation, products, mapped_products, attentions):
        yield from part()
