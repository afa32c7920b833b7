"""The tables in Markdown."""

from .engines import PEER_NAMES
from .judgement import figures


def group_table(group, rows, ceilings, refusals):
    """One table of a group, with a mark at every figure that has a target.

    `refusals` holds the reason against each instruction set that the machine cannot run.
    """
    peers = [kind for kind in PEER_NAMES if any(kind in row.contenders for row in rows)]
    columns = ["B, H, S, D", "dtype", "mask", "threads", f"flash, {group.unit}", "of its ceiling"]
    for kind in peers:
        columns += [f"{PEER_NAMES[kind]}, {group.unit}", "ratio"]
    has_companion = any("companion" in row.contenders for row in rows)
    columns += [group.companion_name] if has_companion else []
    columns += ["of 1 thread"] if any(row.speedup for row in rows) else []
    columns += ["extra memory"] if group.targets.extra_bytes else []
    lines = [_line(columns), _line(["---"] * 3 + ["---:"] * (len(columns) - 3))]
    for row in rows:
        found = figures(group, row, ceilings)
        mask = "causal" if row.case.causal else "full"
        cells = [f"({row.case.shape})", row.case.dtype, mask, f"{row.threads}", amount(group, row.flash),
                 _share(found["share"]) + (", " + ceilings.roof(row)[1] if group.unit == "GB/s" else "")]
        for kind in peers:
            cells += [amount(group, row.contenders[kind]) if kind in row.contenders else "–", _ratio(found[kind])]
        cells += [_share(found["companion"])] if has_companion else []
        cells += [_ratio(found["threads"])] if "of 1 thread" in columns else []
        cells += [_megabytes(found["extra_bytes"])] if group.targets.extra_bytes else []
        lines.append(_line(cells))
    notes = []
    wanted = group.targets.isas
    if wanted and any(row.isa == "amx" for row in rows):
        notes.append("Run with amx: shares are of the matrix unit's products, and their target does not apply.")
    elif wanted and any(row.isa not in wanted for row in rows):
        notes.append(f"Not run with {wanted[0]}: {refusals.get(wanted[0]) or 'another was chosen'}. Elements are converted "
                     "to fp32, shares are of the multiply-adds, and the targets of share and ratio do not apply.")
    return "\n\n".join([f"### {group.title}", *notes, "\n".join(lines)])


def ceilings_table(ceilings):
    names = {"fma": "fp32 multiply-adds, GFLOP/s",
             **{f"fma_{isa}": f"fp32 multiply-adds with {isa.upper()}, GFLOP/s" for isa in ceilings.other_isas},
             "bf16_dot": "bf16 dot products, GFLOP/s", "bf16_tile": "bf16 tile products, GFLOP/s",
             "level1": "reading level 1, GB/s", "level2": "reading level 2, GB/s", "level3": "reading level 3, GB/s",
             "memory": "reading main memory, GB/s"}
    counts = list(ceilings.by_threads)
    lines = [_line(["ceiling", *[_threads(count) for count in counts]]), _line(["---"] + ["---:"] * len(counts))]
    for key, name in names.items():
        rates = [ceilings.by_threads[count].get(key) for count in counts]
        lines.append(_line([name, *["not there" if rate is None else f"{rate / 1e9:.0f}" for rate in rates]]))
    return "\n".join(lines)


def summary_table(measured, ceilings):
    """How many rows of each group meet each target."""
    names = {"share": "share of the ceiling", "torch": "ratio to PyTorch", "companion": None,
             "threads": "all threads to one", "extra_bytes": "extra memory"}
    lines = [_line(["group", "target", "rows that meet it", "worst"]), _line(["---", "---", "---:", "---:"])]
    for group, rows in measured:
        found = [figures(group, row, ceilings) for row in rows]
        for key, name in names.items():
            judged = [row[key] for row in found if row[key].is_met is not None]
            if not judged:
                continue
            bounds = sorted({figure.bound for figure in judged})
            text = _megabytes if key == "extra_bytes" else _ratio if key in ("torch", "threads") else _share
            worst = (max if judged[0].is_upper_bound else min)(judged, key=lambda figure: figure.value / figure.bound)
            sign = "≤" if judged[0].is_upper_bound else "≥"
            bound = " and ".join(text(type(worst)(bound)) for bound in bounds)
            lines.append(_line([group.title, f"{name or group.companion_name} {sign} {bound}",
                                f"{sum(figure.is_met for figure in judged)} of {len(judged)}", text(worst)]))
    return "\n".join(lines)


def amount(group, contender):
    """What a program reaches on a case, in the unit of the group."""
    seconds = contender.seconds
    if group.unit == "µs":
        return f"{seconds * 1e6:.1f}"
    work = contender.case.bytes if group.unit == "GB/s" else contender.case.operations
    rate = work / seconds / 1e9
    return f"{rate:.1f}" if rate < 100 else f"{rate:.0f}"


def _line(cells):
    return "| " + " | ".join(cells) + " |"


def _threads(count):
    return "1 thread" if count == 1 else f"{count} threads"


def _mark(figure, text, bound):
    if figure.value is None:
        return "–"
    if figure.is_met is None:
        return text
    sign = "≤" if figure.is_upper_bound else "≥"
    return f"{text} ✓" if figure.is_met else f"{text} ✗ {sign} {bound}"


def _share(figure):
    return _mark(figure, f"{100 * (figure.value or 0):.0f} %", f"{100 * (figure.bound or 0):.0f} %")


def _ratio(figure):
    return _mark(figure, f"{figure.value or 0:.2f}", f"{figure.bound or 0:g}")


def _megabytes(figure):
    return _mark(figure, f"{(figure.value or 0) / 2**20:.1f} MiB", f"{(figure.bound or 0) / 2**20:.0f} MiB")
