"""Rows against the targets of their group."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A number that may have a target; value and bound are None where there is none."""

    value: float | None
    bound: float | None = None
    is_upper_bound: bool = False

    @property
    def is_met(self):
        if self.value is None or self.bound is None:
            return None
        return self.value <= self.bound if self.is_upper_bound else self.value >= self.bound


def figures(group, row, ceilings):
    """The figures of a row that targets may be set for, by name."""
    targets = group.targets
    serves = not targets.isas or row.isa in targets.isas
    # Where arithmetic is the lower roof, a share of the memory's bandwidth says nothing.
    is_bound = group.unit != "GB/s" or ceilings.roof(row)[1] == "main memory"
    is_shared = not targets.isas or row.isa == targets.isas[0]
    share = targets.share_at(row.case.dimension) if is_shared and is_bound else None
    return {
        "share": Figure(ceilings.share(row), share),
        "torch": Figure(row.ratio("torch"), targets.torch if serves else None),
        "onnx": Figure(row.ratio("onnx")),
        "companion": Figure(row.ratio("companion"), targets.companion),
        "threads": Figure(row.speedup, targets.threads),
        "extra_bytes": Figure(row.extra_bytes, targets.extra_bytes, is_upper_bound=True),
    }
