"""A roofline as SVG: what every program reaches, below what the machine can do at the problem's intensity.

One panel for each number of threads. The drawing brings its own background, light or dark as the reader prefers, and
names only generic fonts.
"""

import math
from html import escape

from .engines import PEER_NAMES

WIDTH, HEIGHT = 470, 400
LEFT, TOP, GAP, BOTTOM = 74, 132, 92, 66
NAMES = {"flash": "flash", **PEER_NAMES}

ARITHMETIC = {"fma": "fp32 multiply-adds", "bf16_dot": "bf16 dot products", "bf16_tile": "bf16 tile products"}

# Without CSS variables, which many renderers of SVG do not know.
STYLE = """
text { font-family: system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; font-size: 12px; }
.heading { font-size: 18px; font-weight: 600; }
.title { font-size: 14px; font-weight: 600; }
.label { fill: #59636e; }
.background { fill: #ffffff; }
.grid { stroke: #e4e8ec; } .axis { stroke: #59636e; fill: none; }
.roof { stroke: #1f2328; stroke-width: 2; fill: none; stroke-linejoin: round; }
.cache { stroke: #9198a1; stroke-width: 1.2; fill: none; stroke-dasharray: 5 4; }
.link { stroke: #9198a1; stroke-opacity: 0.45; }
.flash { fill: #0969da; } .torch { fill: #bc4c00; } .onnx { fill: #1a7f37; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .label { fill: #9198a1; } .background { fill: #0d1117; }
.grid { stroke: #21262d; } .axis { stroke: #9198a1; } .roof { stroke: #e6edf3; }
.flash { fill: #58a6ff; } .torch { fill: #f0883e; } .onnx { fill: #3fb950; }
}
"""


def svg(measured, ceilings, processor):
    # The roofs are those of the instruction set that most groups run with.
    rows = [row for group, rows in measured if group.isa is None for row in rows]
    counts = list(ceilings.by_threads)
    # Both axes hold for all panels, so that they can be compared.
    rates = [max(rate for name, rate in ceilings.by_threads[count].items() if name in ARITHMETIC)
             for count in counts]
    rates += [rate for row in rows for _, rate in _points(row)]
    # Far enough to the left for the slopes of memory.
    intensities = [row.case.intensity for row in rows] + [0.25]
    horizontal = _Axis(intensities, LEFT, WIDTH)
    vertical = _Axis([rate / 1e9 for rate in rates], TOP + HEIGHT, -HEIGHT)
    width = LEFT + len(counts) * (WIDTH + GAP) - GAP + 28
    height = TOP + HEIGHT + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-label="Roofline of attention">',
        f"<style>{STYLE}</style>", '<rect width="100%" height="100%" rx="8" class="background"/>',
        _text(28, 36, "Attention below the roofs of the machine", "heading"),
        _text(28, 58, f"{processor or 'unknown processor'}; each mark is a case, a line joins the marks of one case",
              "label"),
        *_legend([role for role in NAMES if any(role in row.contenders for row in rows)]),
    ]
    for index, count in enumerate(counts):
        parts.append(f'<g transform="translate({index * (WIDTH + GAP)} 0)">')
        parts += _panel(count, ceilings.by_threads[count], [row for row in rows if row.threads == count],
                        horizontal, vertical)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """A logarithmic axis that begins and ends near the values, with ticks at 1, 2, 5, 10 and so on."""

    def __init__(self, values, start, length):
        def steps(*mantissas):
            return [mantissa * 10.0**exponent for exponent in range(-6, 9) for mantissa in mantissas]

        ends = steps(1, 1.5, 2, 3, 5, 7)
        self.least = max(end for end in ends if end <= min(values) / 1.05)
        self.greatest = min(end for end in ends if end >= max(values) * 1.15)
        self.ticks = [tick for tick in steps(1, 2, 5) if self.least <= tick <= self.greatest]
        self._start, self._length = start, length

    def place(self, value):
        part = math.log(value / self.least) / math.log(self.greatest / self.least)
        return self._start + self._length * part


def _points(row):
    """The programs of a row, with the rates that they reach."""
    return [(role, contender.case.operations / contender.seconds)
            for role, contender in row.contenders.items() if role in NAMES]


def _panel(count, rates, rows, x, y):
    parts = [_text(LEFT, TOP - 14, "1 thread" if count == 1 else f"{count} threads", "title")]
    for tick in x.ticks:
        parts += [_line(x.place(tick), TOP, x.place(tick), TOP + HEIGHT, "grid"),
                  _text(x.place(tick), TOP + HEIGHT + 18, _number(tick), "label", "middle")]
    for tick in y.ticks:
        parts += [_line(LEFT, y.place(tick), LEFT + WIDTH, y.place(tick), "grid"),
                  _text(LEFT - 8, y.place(tick) + 4, _number(tick), "label", "end")]
    parts.append(f'<rect x="{LEFT}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" class="axis"/>')
    parts += _roofs(rates, x, y)
    for row in rows:
        points = _points(row)
        places = [y.place(rate / 1e9) for _, rate in points]
        across = x.place(row.case.intensity)
        parts.append(_line(across, min(places), across, max(places), "link"))
        # Flash last, on top.
        parts += [_mark(role, across, place) for (role, _), place in reversed(list(zip(points, places)))]
    middle = TOP + HEIGHT / 2
    parts += [
        _text(LEFT + WIDTH / 2, TOP + HEIGHT + 44, "intensity, operations for each byte that has to move", "label",
              "middle"),
        f'<text x="{LEFT - 52}" y="{middle}" class="label" text-anchor="middle" '
        f'transform="rotate(-90 {LEFT - 52} {middle})">GFLOP/s</text>',
    ]
    return parts


def _roofs(rates, x, y):
    """The ceilings of arithmetic, and the slopes of memory and the last-level cache up to the highest of them."""
    parts = []
    highest = max(rates[name] for name in ARITHMETIC if name in rates)
    for name, title, style in (("level3", "level 3", "cache"), ("memory", "main memory", "roof")):
        bandwidth = rates.get(name)
        if bandwidth is None:
            continue
        # From the left edge, or from the bottom where the slope comes in there, up to its ridge.
        start = max(x.least, y.least * 1e9 / bandwidth)
        ridge = min(highest / bandwidth, x.greatest)
        if ridge <= start:
            continue
        ends = [(x.place(at), y.place(at * bandwidth / 1e9)) for at in (start, ridge)]
        parts.append(_line(*ends[0], *ends[1], style))
        angle = math.degrees(math.atan2(ends[1][1] - ends[0][1], ends[1][0] - ends[0][0]))
        middle = f"{(ends[0][0] + ends[1][0]) / 2:.1f} {(ends[0][1] + ends[1][1]) / 2:.1f}"
        parts.append(f'<text y="-6" transform="translate({middle}) rotate({angle:.1f})" class="label" '
                     f'text-anchor="middle">{title}, {bandwidth / 1e9:.0f} GB/s</text>')
    for name, title in ARITHMETIC.items():
        rate = rates.get(name)
        if rate is None:
            continue
        height = y.place(rate / 1e9)
        ridge = max(x.least, min(rate / rates["memory"], x.greatest))
        parts += [_line(x.place(ridge), height, LEFT + WIDTH, height, "roof"),
                  _text(LEFT + WIDTH - 6, height - 7, f"{title}, {rate / 1e9:.0f} GFLOP/s", "label", "end")]
    return parts


def _legend(roles):
    parts, across = [], 34
    for role in roles:
        parts += [_mark(role, across, 82), _text(across + 12, 86, NAMES[role])]
        across += 40 + 8 * len(NAMES[role])
    return parts


def _mark(role, x, y):
    """A shape of its own for each program, so that colour is not all that tells them apart."""
    if role == "flash":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" class="flash"/>'
    if role == "torch":
        return f'<rect x="{x - 3.8:.1f}" y="{y - 3.8:.1f}" width="7.6" height="7.6" class="torch"/>'
    return f'<path d="M{x:.1f} {y - 5.2:.1f}l5.2 5.2l-5.2 5.2l-5.2 -5.2z" class="onnx"/>'


def _text(x, y, text, style="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x1, y1, x2, y2, style):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}"/>'


def _number(value):
    if value >= 1000:
        return f"{value / 1000:g}k"
    return f"{value:g}"
