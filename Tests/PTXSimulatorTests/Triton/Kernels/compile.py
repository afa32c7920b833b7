"""Compiles the corpus to PTX, without a GPU, and describes how each kernel is launched.

    python compile.py DIRECTORY    writes NAME.ptx and NAME.json for each kernel and target
"""

import json
import pathlib
import re
import sys

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from triton.experimental.gluon._runtime import GluonASTSource, GluonJITFunction

from corpus import kernels
from description import ELEMENTS, Tensor, TensorMap, row_major

# The version of the PTX ISA written, as ten times its number.
PTX_VERSION = 88

# The mode of shared memory of a tensor map, by CUtensorMapSwizzle.
SWIZZLES = {0: "none", 1: "32B", 2: "64B", 3: "128B"}


def signature(kernel):
    """Triton's types of the arguments; an integer 1 is a constant, as Triton's own launcher specialises it."""
    def of(argument):
        if isinstance(argument, Tensor):
            return "*" + ELEMENTS[argument.element]
        if isinstance(argument, TensorMap):
            return argument.signature(has_layout=isinstance(kernel.function, GluonJITFunction))
        if isinstance(argument, float):
            return "fp32"
        return "constexpr" if argument == 1 else "i32"

    return {**{name: of(argument) for name, argument in kernel.arguments.items()},
            **{name: "constexpr" for name in kernel.constants}}


def compiled(kernel, target):
    """The kernel's PTX and its metadata. Pointers and multiples of 16 are promised to be divisible by 16."""
    ones = {name: 1 for name, argument in kernel.arguments.items() if type(argument) is int and argument == 1}
    divisible = {
        (index,): [["tt.divisibility", 16]] for index, argument in enumerate(kernel.arguments.values())
        if isinstance(argument, Tensor) or (type(argument) is int and argument % 16 == 0)}
    source = (GluonASTSource if isinstance(kernel.function, GluonJITFunction) else ASTSource)(
        kernel.function, signature(kernel), {**ones, **kernel.constants}, divisible)
    capability = int(target.removeprefix("sm_"))
    options = {
        "num_warps": kernel.warps, "num_stages": kernel.stages, "enable_fp_fusion": True, "ptx_version": PTX_VERSION}
    result = triton.compile(source, GPUTarget("cuda", capability, 32), options)
    return result.asm["ptx"], result.metadata


def parameters(kernel, metadata):
    """What to pass for each parameter of the entry, in order.

    A tensor map is followed by its sizes and strides, as in Triton's launcher; at the end come the two scratch
    pointers that Triton appends to every kernel, of which the corpus uses neither.
    """
    assert metadata.global_scratch_size == 0 and metadata.profile_scratch_size == 0
    maps = iter(metadata.tensordesc_meta or [])
    for name, argument in kernel.arguments.items():
        if isinstance(argument, Tensor):
            yield {"kind": "pointer", "tensor": name}
        elif isinstance(argument, TensorMap):
            yield from mapped(name, argument, next(maps))
        elif isinstance(argument, float):
            yield {"kind": "float", "value": argument}
        elif argument != 1:
            yield {"kind": "integer", "value": argument}
    yield {"kind": "null"}
    yield {"kind": "null"}


def mapped(name, argument, layout):
    """The parameters of one tensor map; sizes, strides and box have the outermost dimension first."""
    shape = argument.shape or argument.tensor.shape
    strides = argument.strides or argument.tensor.strides or row_major(shape)
    yield {"kind": "tensorMap", "tensor": name, "shape": list(shape), "strides": list(strides),
           "box": layout["block_size"], "swizzle": SWIZZLES[layout["swizzle"]]}
    for value in (*shape, *strides):
        yield {"kind": "integer", "value": value}


def described(kernel, target, text, metadata):
    """The JSON description: the launch, its tensors and parameters, and the computation the results are compared to."""
    types = re.findall(r"\.param\s+(?:\.align\s+\d+\s+)?\.(\w+)", text[: text.index("\n{")])
    passed = list(parameters(kernel, metadata))
    assert len(types) == len(passed), f"{kernel.name}: {types} for {passed}"
    tensors = {
        name: argument.tensor if isinstance(argument, TensorMap) else argument
        for name, argument in kernel.arguments.items() if isinstance(argument, (Tensor, TensorMap))}
    scale = {name: value for name, value in kernel.arguments.items() if isinstance(value, float)}
    return {
        "name": f"{kernel.name}_{target.replace('_', '')}", "entry": metadata.name, "target": target,
        "threads": metadata.num_warps * 32, "sharedBytes": metadata.shared, "grid": list(kernel.grid),
        "computation": kernel.computation, "numbers": {**kernel.numbers, **scale},
        "fencesBarriers": kernel.fences_barriers,
        "tensors": [tensor.described(name) for name, tensor in tensors.items()],
        "parameters": [{"type": type, **parameter} for type, parameter in zip(types, passed)]}


def main(directory):
    triton.knobs.compilation.disable_line_info = True
    directory.mkdir(parents=True, exist_ok=True)
    for kernel in kernels():
        for target in kernel.targets:
            text, metadata = compiled(kernel, target)
            description = described(kernel, target, text, metadata)
            path = directory / description["name"]
            path.with_suffix(".ptx").write_text(text)
            path.with_suffix(".json").write_text(json.dumps(description, indent=2) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
