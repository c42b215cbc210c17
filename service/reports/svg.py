"""A forest of lifts drawn as SVG: no script, colours as attributes that a stylesheet may override."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from experiments.analysis import wording
from service.reports.blocks import Bar, Forest

WIDTH, MARGIN, ROW, TOP, AXIS = 520, 16, 46, 8, 40
LONGEST_NAME = 26
TICKS = 5

LINE = Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}" stroke="{}" stroke-width="{}"{}/>')
TEXT = Markup('<text class="{}" x="{}" y="{}" text-anchor="{}" fill="{}">{}</text>')
DOT = Markup('<circle class="estimate" cx="{}" cy="{}" r="5" fill="{}"/>')
FRAME = Markup(
    '<svg class="forest" viewBox="0 0 {} {}" role="img" aria-label="{}" font-size="13" '
    'font-family="system-ui, sans-serif" xmlns="http://www.w3.org/2000/svg">{}</svg>'
)
INK, QUIET, BLUE, PALE = "#1d2733", "#5b6875", "#1f5fbf", "#9db7dd"


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a lift stands on the chart."""

    lowest: float
    highest: float

    def x(self, value: float) -> str:
        """The place of a lift, in the chart's units."""
        inside = (value - self.lowest) / (self.highest - self.lowest)
        return f"{MARGIN + inside * (WIDTH - 2 * MARGIN):.1f}"

    def ticks(self) -> list[float]:
        """Round numbers along the axis, zero among them."""
        step = round_step((self.highest - self.lowest) / TICKS)
        first, last = math.ceil(self.lowest / step), math.floor(self.highest / step)
        return [number * step for number in range(first, last + 1)]


def draw(chart: Forest) -> Markup:
    """The chart as an SVG element."""
    scale = _scale(chart.bars)
    bottom = TOP + ROW * len(chart.bars)
    parts = [*_axis(chart, scale, bottom)]
    for place, bar in enumerate(chart.bars):
        parts += _row(bar, scale, TOP + place * ROW)
    return FRAME.format(WIDTH, bottom + AXIS, _description(chart), Markup("").join(parts))


def _row(bar: Bar, scale: Scale, top: int) -> list[Markup]:
    middle, zero = top + 31, scale.x(0)
    row = [
        LINE.format("zero", zero, zero, top + 21, top + ROW - 4, QUIET, 1, Markup(' stroke-dasharray="4 3"')),
        TEXT.format("name", MARGIN, top + 16, "start", INK, _short(bar.name)),
        TEXT.format("words", WIDTH - MARGIN, top + 16, "end", QUIET, bar.words),
    ]
    if bar.sequential is not None:
        row.append(_line("always", scale, bar.sequential, middle, PALE, 3))
    row.append(_line("interval", scale, bar.interval, middle, BLUE, 7))
    row.append(DOT.format(scale.x(bar.estimate), middle, INK))
    return row


def _line(name: str, scale: Scale, bounds: tuple[float, float], y: int, colour: str, width: int) -> Markup:
    lower, upper = bounds
    return LINE.format(name, scale.x(lower), scale.x(upper), y, y, colour, width, "")


def _axis(chart: Forest, scale: Scale, bottom: int) -> list[Markup]:
    parts = []
    for tick in scale.ticks():
        label = wording.number(tick * (100 if chart.is_rate else 1), signed=True)
        parts.append(TEXT.format("tick", scale.x(tick), bottom + 16, "middle", QUIET, label))
    unit = "percentage points" if chart.is_rate else "absolute difference"
    caption = chart.axis or f"lift against the control, {unit}"
    return [*parts, TEXT.format("tick", WIDTH / 2, bottom + 34, "middle", QUIET, caption)]


def _scale(bars: Sequence[Bar]) -> Scale:
    ends = [0.0]
    for bar in bars:
        ends += [*bar.interval, *(bar.sequential or ())]
    room = (max(ends) - min(ends)) * 0.05 or 1.0
    return Scale(min(ends) - room, max(ends) + room)


def round_step(rough: float) -> float:
    """The next of 1, 2, 5, 10 times a power of ten."""
    power = math.pow(10, math.floor(math.log10(rough)))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)


def _description(chart: Forest) -> str:
    rows = "; ".join(f"{bar.name} {bar.words}" for bar in chart.bars)
    return f"{chart.title}: {rows}"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
