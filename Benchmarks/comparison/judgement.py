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
    # Where arithmetic is the lower roof, a share of the memory's bandwidth says nothing.
    is_bound = group.unit != "GB/s" or ceilings.roof(row)[1] == "main memory"
    share = targets.share_at(row.case.dimension) if targets.has_share(row.isa) and is_bound else None
    return {
        "share": Figure(ceilings.share(row), share),
        "torch": Figure(row.ratio("torch"), targets.torch if targets.has_ratio(row.isa) else None),
        "onnx": Figure(row.ratio("onnx")),
        "companion": Figure(row.ratio("companion"), targets.companion),
        "threads": Figure(row.speedup, targets.threads),
        "extra_bytes": Figure(row.extra_bytes, targets.extra_bytes, is_upper_bound=True),
    }
