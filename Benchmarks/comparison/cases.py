"""The problems that are compared, and how their work is counted."""

from dataclasses import dataclass, replace

ELEMENT_BYTES = {"f32": 4, "bf16": 2, "f16": 2}


@dataclass(frozen=True)
class Case:
    """One problem of attention; D is the dimension of queries, keys and values."""

    batch: int
    query_heads: int
    key_heads: int
    query_length: int
    key_length: int
    dimension: int
    dtype: str = "f32"
    causal: bool = False
    gradients: bool = False

    @property
    def operations(self):
        """Floating-point operations by the convention of the field.

        4 · B · H · Sq · Sk · D forward, half under a causal mask, 3.5 times as many with gradients.
        """
        forward = 4.0 * self.batch * self.query_heads * self.query_length * self.key_length * self.dimension
        return forward * (0.5 if self.causal else 1.0) * (3.5 if self.gradients else 1.0)

    @property
    def bytes(self):
        """The bytes that have to move: every input read once and every result written once, by each pass."""
        queries = self.batch * self.query_heads * self.query_length * self.dimension
        keys = self.batch * self.key_heads * self.key_length * self.dimension
        # Forward Q and O, K and V; backward Q, O, dO and dQ, K, V, dK and dV besides.
        tensors = (2 + 4) if self.gradients else 2
        return tensors * (queries + keys) * ELEMENT_BYTES[self.dtype]

    @property
    def intensity(self):
        return self.operations / self.bytes

    @property
    def shape(self):
        """The problem in a table: B, H, S, D, with both numbers of heads and both lengths where they differ."""
        heads = f"{self.query_heads}" if self.query_heads == self.key_heads else f"{self.query_heads}/{self.key_heads}"
        length = f"{self.key_length}"
        if self.query_length != self.key_length:
            length = f"{self.query_length}/{self.key_length}"
        return f"{self.batch}, {heads}, {length}, {self.dimension}"

    @property
    def name(self):
        """The problem in one line of a log."""
        mask = "causal" if self.causal else "full"
        passes = "forward + backward" if self.gradients else "forward"
        return f"({self.shape}) {self.dtype} {mask} {passes}"


@dataclass(frozen=True)
class Targets:
    """What a group is to reach; None where there is no such target."""

    # The least share of the ceiling, from each head dimension on.
    share: tuple = ()
    # The least ratio to PyTorch.
    torch: float | None = None
    # The least ratio of all threads to one.
    threads: float | None = None
    # The least ratio to flash on the problem that the case is compared with.
    companion: float | None = None
    # The most memory beyond inputs and results.
    extra_bytes: int | None = None
    # The instruction sets that the ratio is meant for, and of them the one that the share is meant for; any where empty.
    isas: tuple = ()

    def share_at(self, dimension):
        bounds = [bound for least, bound in self.share if dimension >= least]
        return bounds[-1] if bounds else None

    def has_share(self, isa):
        """Whether the share of the ceiling has a target on an instruction set."""
        return bool(self.share) and (not self.isas or isa == self.isas[0])

    def has_ratio(self, isa):
        return not self.isas or isa in self.isas


@dataclass(frozen=True)
class Group:
    """Cases with common targets, which make one table."""

    name: str
    title: str
    unit: str
    cases: tuple
    targets: Targets
    # A problem for each case that flash runs on as well, by which the case is judged; and what it is called.
    companions: tuple = ()
    companion_name: str = ""
    # Whether to measure only the greatest number of threads.
    only_all_threads: bool = False
    has_peers: bool = True
    # The instruction set that flash runs with, where that is not the one of the whole comparison.
    isa: str | None = None

    def companion(self, case):
        return self.companions[self.cases.index(case)] if self.companions else None


def square(batch, heads, length, dimension, key_heads=None):
    return Case(batch, heads, key_heads or heads, length, length, dimension)


SHAPES = (
    square(1, 8, 1024, 64), square(1, 8, 2048, 128), square(1, 4, 4096, 64), square(4, 12, 197, 64),
    square(1, 32, 2048, 128, key_heads=8), square(1, 16, 1024, 96), square(2, 8, 1024, 256),
)
QUICK_SHAPES = (SHAPES[0], square(1, 8, 512, 128, key_heads=2))
SMALL_SHAPES = (square(1, 1, 64, 64), square(1, 4, 128, 64), square(1, 8, 128, 64))


# Those that multiply bf16 numbers without converting them; shares are meant for the dot product.
BF16_ISAS = ("avx512bf16", "amx")


def _family(shapes, masks=(False,), **options):
    return tuple(replace(shape, causal=causal, **options) for causal in masks for shape in shapes)


def _decoding(query_lengths, key_lengths):
    return tuple(
        Case(1, 32, 8, query_length, key_length, 128, dtype=dtype)
        for dtype in ("f32", "bf16") for query_length in query_lengths for key_length in key_lengths)


def groups(is_quick):
    """All groups in their order."""
    shapes = QUICK_SHAPES if is_quick else SHAPES
    half_forward, half_gradients = _family(shapes, dtype="f16"), _family(shapes, dtype="f16", gradients=True)
    tokens = 16384 if is_quick else 131072
    return (
        Group("fp32", "fp32, forward, full", "GFLOP/s", _family(shapes),
              Targets(share=((1, 0.85), (128, 0.88)), torch=1.3, threads=1.9)),
        Group("fp32-avx2", "fp32, forward, full, with AVX2", "GFLOP/s", _family(shapes),
              Targets(share=((1, 0.85),)), has_peers=False, isa="avx2"),
        Group("fp32-causal", "fp32, forward, causal", "GFLOP/s", _family(shapes, (True,)),
              Targets(share=((1, 0.80),), torch=1.4, threads=1.9)),
        Group("fp32-gradients", "fp32, forward and backward, full and causal", "GFLOP/s",
              _family(shapes, (False, True), gradients=True),
              Targets(share=((1, 0.80),), torch=1.2, threads=1.9)),
        Group("bf16", "bf16, forward, full", "GFLOP/s", _family(shapes, dtype="bf16"),
              Targets(share=((1, 0.65),), torch=1.9, threads=1.9, isas=BF16_ISAS)),
        Group("bf16-gradients", "bf16, forward and backward, full", "GFLOP/s",
              _family(shapes, dtype="bf16", gradients=True),
              Targets(share=((1, 0.58),), torch=1.4, threads=1.9, isas=BF16_ISAS)),
        Group("fp16", "fp16, forward, full", "GFLOP/s", half_forward,
              Targets(torch=1.7, threads=1.9, companion=0.85),
              companions=tuple(replace(case, dtype="f32") for case in half_forward), companion_name="of own fp32"),
        Group("fp16-gradients", "fp16, forward and backward, full", "GFLOP/s", half_gradients,
              Targets(torch=7.0, threads=1.9, companion=0.80),
              companions=tuple(replace(case, dtype="f32") for case in half_gradients), companion_name="of own fp32"),
        Group("decode", "Decoding: few queries on a long cache", "GB/s",
              _decoding((1, 8), (4096,) if is_quick else (4096, 32768, 131072)),
              Targets(share=((1, 0.85),), torch=2.0)),
        Group("small", "Small work, fp32, forward, full", "µs", SMALL_SHAPES, Targets(torch=1.5)),
        Group("long", f"Long sequences: {tokens} tokens against 8192, fp32, forward, causal", "GFLOP/s",
              _family((square(1, 1, tokens, 64),), (True,)), Targets(companion=0.95, extra_bytes=16 << 20),
              companions=_family((square(1, 1, 8192, 64),), (True,)), companion_name="of 8192 tokens",
              only_all_threads=True, has_peers=False),
    )


GROUP_NAMES = [group.name for group in groups(is_quick=False)]
