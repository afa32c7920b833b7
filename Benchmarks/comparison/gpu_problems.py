"""The problems that GPUs are compared on, how their work is counted, and what is wanted of them."""

import statistics
from dataclasses import dataclass

PEER_NAMES = {"cudnn": "cuDNN", "fa2": "FlashAttention-2"}

# A head dimension's ratio to cuDNN, and every forward pass's to FlashAttention-2.
CUDNN_TARGETS = {64: 0.9, 128: 1.0, 256: 1.0}
FA2_TARGET = 1.6


@dataclass(frozen=True)
class Problem:
    """A forward pass on bf16 elements; D is the dimension of queries, keys and values."""

    batch: int
    query_heads: int
    key_heads: int
    query_length: int
    key_length: int
    dimension: int
    causal: bool = False

    @property
    def shape(self):
        """As `--shape` of the tool takes it."""
        return ",".join(map(str, (self.batch, self.query_heads, self.key_heads, self.query_length, self.key_length,
                                  self.dimension, self.dimension)))

    @property
    def mask(self):
        return "causal" if self.causal else "full"

    @property
    def name(self):
        return f"{self.shape} {self.mask}"

    @property
    def is_decoding(self):
        return self.query_length == 1

    @property
    def operations(self):
        """4 · B · Hq · Sq · Sk · D, half of it under a causal mask."""
        whole = 4.0 * self.batch * self.query_heads * self.query_length * self.key_length * self.dimension
        return whole / 2 if self.causal else whole

    @property
    def bytes(self):
        """Queries, keys, values and output, each once; the log-sum-exp is fp32."""
        rows = self.batch * self.query_heads * self.query_length
        keys = self.batch * self.key_heads * self.key_length
        return (2 * rows + 2 * keys) * self.dimension * 2 + rows * 4

    def rate(self, seconds):
        """TFLOP/s, or GB/s where memory bounds the time."""
        return self.bytes / seconds / 1e9 if self.is_decoding else self.operations / seconds / 1e12

    @property
    def unit(self):
        return "GB/s" if self.is_decoding else "TFLOP/s"

    def target(self, peer):
        """The ratio to a peer that is wanted; None where none is."""
        if self.is_decoding:
            return None
        return CUDNN_TARGETS.get(self.dimension) if peer == "cudnn" else FA2_TARGET


def forward_problems():
    """16,384 tokens a batch, with heads of 2048 columns together; what the targets are about comes first."""
    return [
        Problem(16384 // length, 2048 // dimension, 2048 // dimension, length, length, dimension, causal)
        for length in (16384, 4096, 1024, 8192, 2048, 512) for dimension in (128, 64, 256) for causal in (True, False)
    ]


def decoding_problems():
    """One query against a cache: 32 query heads share 8 heads of keys and values."""
    return [Problem(batch, 32, 8, 1, length, 128) for length in (8192, 32768, 131072) for batch in (1, 4, 16, 64)]


def quick_problems():
    return [Problem(1, 16, 16, 1024, 1024, 128, True), Problem(1, 32, 8, 1, 4096, 128)]


def parsed(text):
    """Reads B,Hq,Hkv,Sq,Sk,D,Dv, after which `:causal` may stand; raises ValueError for anything else."""
    sizes, _, mask = text.partition(":")
    if mask not in ("", "full", "causal"):
        raise ValueError(f"{text}: expected :full or :causal")
    numbers = [int(size) for size in sizes.split(",")]
    if len(numbers) != 7 or min(numbers) < 1:
        raise ValueError(f"{text}: expected B,Hq,Hkv,Sq,Sk,D,Dv, seven numbers of at least 1")
    if numbers[5] != numbers[6]:
        raise ValueError(f"{text}: expected D and Dv to be the same, as the peers want it")
    if numbers[1] % numbers[2]:
        raise ValueError(f"{text}: expected Hq to be a multiple of Hkv")
    if mask == "causal" and numbers[3] != numbers[4]:
        raise ValueError(f"{text}: expected Sq and Sk to be the same under a causal mask, whose corner peers choose")
    return Problem(*numbers[:6], causal=mask == "causal")


def input_sets(byte_count, cache):
    """As many sets of inputs as do not fit the second-level cache twice over: the rule of `flash gpu-check`."""
    return 1 if byte_count > 2 * cache else min(2 * cache // max(byte_count, 1) + 1, 64)


@dataclass
class Row:
    """The times of a problem by program, a median of seconds for each round; or why a program has none."""

    problem: Problem
    seconds: dict
    refusals: dict
    kernel: str = ""

    def ratio(self, peer):
        """How many times as fast as a peer flash is: the median over the rounds; None where one of them is missing."""
        if not self.seconds.get("flash") or not self.seconds.get(peer):
            return None
        return statistics.median(
            other / mine for mine, other in zip(self.seconds["flash"], self.seconds[peer]))

    def median_rate(self, program):
        if not self.seconds.get(program):
            return None
        return self.problem.rate(statistics.median(self.seconds[program]))

    def is_met(self, peer):
        """Whether the ratio to a peer reaches its target; None where there is no target or no ratio."""
        ratio, target = self.ratio(peer), self.problem.target(peer)
        return None if ratio is None or target is None else ratio >= target

    def json(self):
        return {
            "shape": [int(size) for size in self.problem.shape.split(",")], "dtype": "bf16", "mask": self.problem.mask,
            "unit": self.problem.unit, "kernel": self.kernel, "seconds": self.seconds, "not_run": self.refusals,
            "rates": {program: self.median_rate(program) for program in ("flash", *PEER_NAMES)},
            "ratios": {peer: self.ratio(peer) for peer in PEER_NAMES},
            "targets": {peer: self.problem.target(peer) for peer in PEER_NAMES},
            "met": {peer: self.is_met(peer) for peer in PEER_NAMES},
        }


def table(rows):
    """All rows in Markdown, with a mark at every ratio that has a target."""
    columns = ["B, Hq, Hkv, Sq, Sk, D, Dv", "mask", "unit", "flash"]
    for name in PEER_NAMES.values():
        columns += [name, "ratio"]
    lines = [_line(columns), _line(["---"] * 3 + ["---:"] * (len(columns) - 3))]
    for row in rows:
        cells = [f"({row.problem.shape.replace(',', ', ')})", row.problem.mask, row.problem.unit,
                 _number(row.median_rate("flash"))]
        for peer in PEER_NAMES:
            cells += [_number(row.median_rate(peer)), _ratio(row, peer)]
        lines.append(_line(cells))
    return "\n".join(lines)


def summary(rows):
    """How many targets are met, and which are not."""
    judged = [(row, peer, row.is_met(peer)) for row in rows for peer in PEER_NAMES]
    met = sum(verdict is True for _, _, verdict in judged)
    missed = [f"not met: {row.problem.name}: {row.ratio(peer):.2f} × {PEER_NAMES[peer]}, wanted {row.problem.target(peer)}"
              for row, peer, verdict in judged if verdict is False]
    refused = [f"not run: {row.problem.name}: {program}: {reason}"
               for row in rows for program, reason in row.refusals.items()]
    return "\n".join([f"{met} targets met, {len(missed)} not", *missed, *refused])


def _line(cells):
    return "| " + " | ".join(cells) + " |"


def _number(value):
    return "–" if value is None else f"{value:.4g}"


def _ratio(row, peer):
    ratio = row.ratio(peer)
    if ratio is None:
        return "–"
    return f"{ratio:.2f}" + {True: " ✓", False: f" ✗ ({row.problem.target(peer)})", None: ""}[row.is_met(peer)]
