"""Step curves drawn as SVG: the share who have had an event, by the time since the first exposure."""

from __future__ import annotations

from markupsafe import Markup

from experiments.analysis import wording
from service.reports.blocks import Curves, Line
from service.reports.svg import INK, LINE, QUIET, TEXT, round_step

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 520, 260, 56, 12, 12, 44
COLOURS = ("#5b6875", "#1f5fbf", "#a3480f", "#6a2c91", "#1b6e3c", "#8a6d00")
DASHES = ("5 3", "", "9 3 2 3", "2 2", "12 4", "7 2 2 2")
FULL = 1.0
DAY, HOUR, MINUTE = 86_400, 3_600, 60

PATH = Markup('<path class="curve" d="{}" fill="none" stroke="{}" stroke-width="2"{}/>')
FRAME = Markup(
    '<svg class="curves" viewBox="0 0 {} {}" role="img" aria-label="{}" font-size="13" '
    'font-family="system-ui, sans-serif" xmlns="http://www.w3.org/2000/svg">{}</svg>'
)


def draw(chart: Curves) -> Markup:
    """The chart as an SVG element: a line a variant, told apart by dashes too, named below."""
    highest = _highest(chart)
    bottom = HEIGHT - BOTTOM
    parts = [*_shares(highest), *_times(chart.horizon, bottom)]
    for place, line in enumerate(chart.lines):
        dashes = DASHES[place % len(DASHES)]
        dash = Markup(' stroke-dasharray="{}"').format(dashes) if dashes else ""
        parts.append(PATH.format(_steps(line, chart.horizon, highest), COLOURS[place % len(COLOURS)], dash))
        parts += _name(line, place, dash)
    height = HEIGHT + 20 * len(chart.lines)
    return FRAME.format(WIDTH, height, _description(chart), Markup("").join(parts))


def _name(line: Line, place: int, dash: Markup | str) -> list[Markup]:
    y = HEIGHT + 14 + 20 * place
    sample = LINE.format("curve", LEFT, LEFT + 36, y - 4, y - 4, COLOURS[place % len(COLOURS)], 2, dash)
    return [sample, TEXT.format("name", LEFT + 44, y, "start", INK, line.name)]


def _steps(line: Line, horizon: int, highest: float) -> str:
    """The path: level until each point, then up to its share."""
    path = [f"M{_x(0, horizon)} {_y(0.0, highest)}"]
    for time, share in line.points:
        path.append(f"H{_x(time, horizon)}V{_y(share, highest)}")
    return "".join(path)


def _x(time: float, horizon: int) -> str:
    return f"{LEFT + time / horizon * (WIDTH - LEFT - RIGHT):.1f}"


def _y(share: float, highest: float) -> str:
    return f"{HEIGHT - BOTTOM - share / highest * (HEIGHT - BOTTOM - TOP):.1f}"


def _highest(chart: Curves) -> float:
    """Where the axis of shares ends: a round share above all of them."""
    top = max((share for line in chart.lines for _, share in line.points), default=FULL)
    if top <= 0:
        return FULL
    step = round_step(top / 4)
    return min(FULL, step * (int(top / step) + 1))


def _shares(highest: float) -> list[Markup]:
    step = round_step(highest / 4)
    found = []
    for number in range(int(highest / step + 1e-9) + 1):
        y = _y(number * step, highest)
        found.append(LINE.format("zero", LEFT, WIDTH - RIGHT, y, y, "#d5dbe1", 1, ""))
        found.append(
            TEXT.format("tick", LEFT - 6, f"{float(y) + 4:.1f}", "end", QUIET, wording.percent(number * step))
        )
    return found


def _times(horizon: int, bottom: int) -> list[Markup]:
    unit, name = next(
        (size, name)
        for size, name in ((DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes"), (1, "seconds"))
        if horizon >= 2 * size
    )
    step = max(1, round(round_step(horizon / unit / 6)))
    found = [
        TEXT.format("tick", _x(number * unit, horizon), bottom + 18, "middle", QUIET, number)
        for number in range(0, horizon // unit + 1, step)
    ]
    return [
        *found,
        TEXT.format(
            "tick",
            (LEFT + WIDTH - RIGHT) / 2,
            bottom + 37,
            "middle",
            QUIET,
            f"{name} after the first exposure",
        ),
    ]


def _description(chart: Curves) -> str:
    ends = "; ".join(
        f"{line.name} {wording.percent(line.points[-1][1])}" if line.points else f"{line.name} nobody yet"
        for line in chart.lines
    )
    return f"{chart.title}, at the end: {ends}"
