"""What a kernel is compiled for and launched with: the vocabulary of the corpus and of its JSON descriptions."""

from dataclasses import dataclass, field

from triton.experimental.gluon.language import NVMMASharedLayout
from triton.language import str_to_ty

# Triton's names of the element types, by PTX's.
ELEMENTS = {"f32": "fp32", "f16": "fp16", "bf16": "bf16", "s32": "i32", "s8": "i8", "s64": "i64"}


@dataclass(frozen=True)
class Tensor:
    """A tensor in global memory.

    role: "input" is random; "output" has no value before the launch and is compared after it; "accumulator" is zero
    before and compared after; "scratch" is zero before and not compared.
    strides: in elements, row-major unless given. limit: inputs are in -limit...limit, those of integers in 0..<limit.
    """

    element: str
    shape: tuple
    role: str = "input"
    strides: tuple = None
    limit: int = 1

    def described(self, name):
        return {"name": name, "element": self.element, "role": self.role, "limit": self.limit,
                "shape": list(self.shape), "strides": list(self.strides or row_major(self.shape))}


@dataclass(frozen=True)
class TensorMap:
    """A tensor handed over as a tensor map that moves boxes of block. shape, strides: the tensor's unless given."""

    tensor: Tensor
    block: tuple
    shape: tuple = None
    strides: tuple = None

    def signature(self, has_layout):
        """Triton's name of the type. In its lower-level language the layout in shared memory belongs to it."""
        element = ELEMENTS[self.tensor.element]
        layout = NVMMASharedLayout.get_default_for(list(self.block), str_to_ty(element, None))
        return f"tensordesc<{element}[{','.join(map(str, self.block))}]{f',{layout!r}' if has_layout else ''}>"


@dataclass(frozen=True)
class Kernel:
    """A Triton function, the arguments it is launched with in its own order, and the computation it stands for.

    fences_barriers: whether a fence stands between the initialisation of barriers in shared memory and the copies that
    arrive at them. Triton leaves it out where it makes the barriers itself.
    """

    name: str
    function: object
    arguments: dict
    constants: dict
    grid: tuple
    computation: str
    targets: tuple = ("sm_80",)
    warps: int = 4
    stages: int = 3
    numbers: dict = field(default_factory=dict)
    fences_barriers: bool = True


def row_major(shape):
    """The strides of a dense tensor whose last dimension is contiguous."""
    strides = [1]
    for size in reversed(shape[1:]):
        strides.insert(0, strides[0] * size)
    return tuple(strides)
