"""Lines over a logarithmic axis, as one SVG: as much as growth needs."""

import math
from typing import NamedTuple
from xml.sax.saxutils import escape

WIDE, HIGH, LEFT, RIGHT, TOP, BOTTOM = 360, 250, 62, 20, 34, 34
COLUMNS, HEAD, FOOT = 3, 34, 34
# Told apart by everybody (Okabe and Ito), and by their marks.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
DASHES = ("", "7 3", "2 3", "9 3 2 3")


class Panel(NamedTuple):
    title: str
    series: dict


def short(value):
    for size, letter in ((1_000_000, " M"), (1_000, " k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def top_of(most):
    """The next round number above."""
    if most <= 0:
        return 1
    size = 10 ** math.floor(math.log10(most))
    return next(step * size for step in (1, 2, 4, 5, 8, 10) if step * size >= most)


def panel(panel, left, above):
    points = [point for line in panel.series.values() for point in line]
    first, last = math.log10(min(x for x, _ in points)), math.log10(max(x for x, _ in points))
    most = top_of(max(y for _, y in points))
    inner_wide, inner_high = WIDE - LEFT - RIGHT, HIGH - TOP - BOTTOM
    x_of = lambda x: left + LEFT + (math.log10(x) - first) / ((last - first) or 1) * inner_wide
    y_of = lambda y: above + TOP + (1 - y / most) * inner_high
    out = [f'<text x="{left + LEFT}" y="{above + 20}" class="title">{escape(panel.title)}</text>']
    for part in range(5):
        value = most * part / 4
        out.append(f'<line class="grid" x1="{left + LEFT}" x2="{left + WIDE - RIGHT}" y1="{y_of(value):.1f}" '
                   f'y2="{y_of(value):.1f}"/><text x="{left + LEFT - 8}" y="{y_of(value) + 4:.1f}" '
                   f'text-anchor="end">{short(value)}</text>')
    for x in sorted({x for x, _ in points}):
        out.append(f'<text x="{x_of(x):.1f}" y="{above + HIGH - 12}" text-anchor="middle">{short(x)}</text>')
    for line, colour, dash in zip(panel.series.values(), COLOURS, DASHES):
        path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in line)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" '
                   f'stroke-dasharray="{dash}"/>')
        out += [f'<circle cx="{x_of(x):.1f}" cy="{y_of(y):.1f}" r="3.5" fill="{colour}"/>' for x, y in line]
    return out


def draw(panels, title):
    rows = math.ceil(len(panels) / COLUMNS)
    wide, high = WIDE * COLUMNS, HEAD + HIGH * rows + FOOT
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
           f'role="img" aria-label="{escape(title)}">',
           "<style>text { font: 12px sans-serif; fill: #333 } .title { font-weight: bold } "
           ".head { font-size: 15px; font-weight: bold } .grid { stroke: #ddd }</style>",
           f'<rect width="{wide}" height="{high}" fill="#fff"/>',
           f'<text x="{LEFT}" y="24" class="head">{escape(title)}</text>']
    for at, each in enumerate(panels):
        out += panel(each, WIDE * (at % COLUMNS), HEAD + HIGH * (at // COLUMNS))
    for at, name in enumerate(panels[0].series):
        x, y = LEFT + at * 150, high - 14
        out.append(f'<line x1="{x}" x2="{x + 30}" y1="{y - 4}" y2="{y - 4}" stroke="{COLOURS[at]}" stroke-width="2" '
                   f'stroke-dasharray="{DASHES[at]}"/><text x="{x + 38}" y="{y}">{escape(name)}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"
