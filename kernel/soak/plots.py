"""One picture of the report as inline SVG: lines, limits, bands of activity, marks of faults.

Own code, about two hundred lines, after a look at the libraries: matplotlib's SVG of one such plot
is ten times larger, draws text as paths (no reader, no search, no dark mode) and needs numpy and
a font cache; pygal is small, but knows neither bands nor vertical marks and loads a script from
the network unless told not to; plotly and bokeh bring megabytes of script.

Covers: one chart, the strip of the run's course. Does not cover: which charts (`charts`), the page
(`report_html`). Colours are classes of the page's style, so that dark and light are its matter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from kernel.soak.axis import decade_ticks, time_text, time_ticks, value_text, value_ticks
from kernel.soak.downsample import Dot, reduce, split_at_gaps

WIDTH, HEIGHT = 960, 250
LEFT, RIGHT, TOP, BOTTOM = 64, 14, 22, 30
PLOT_W, PLOT_H = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
BUCKETS = 440
"""One for two units of width: more than a screen shows is only bytes."""
GAP_INTERVALS = 5
"""Samples further apart than this are not joined."""
LIMIT_SHOWN_FACTOR = 2.5
"""A limit further above the values than this is told in words: it would flatten them."""
STRIP_LANES = 3
LANE_H = 17
CHAR_W = 6.4
LABEL_MARGIN = 8


@dataclass(frozen=True, slots=True)
class Series:
    """A named line; ``dots`` draws single points instead of joining them."""

    name: str
    points: tuple[Dot, ...]
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """A horizontal line that must not be passed."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Chart:
    """What one picture shows; ``unit`` is of all its values, which are ``whole`` or not."""

    key: str
    title: str
    about: str
    unit: str
    series: tuple[Series, ...]
    limits: tuple[Limit, ...] = ()
    logarithmic: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A fault (or another instant) by its number and name."""

    at_s: float
    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What all pictures of one run share; times are seconds since its start."""

    length_s: float
    idle: tuple[tuple[float, float], ...] = ()
    gaps: tuple[tuple[float, float], ...] = ()
    marks: tuple[Mark, ...] = ()
    interval_s: float = 10.0

    def x(self, at_s: float) -> float:
        """Where a moment lies."""
        share = at_s / self.length_s if self.length_s > 0 else 0.0
        return LEFT + PLOT_W * min(1.0, max(0.0, share))


@dataclass(frozen=True, slots=True)
class _Scale:
    """From value to height."""

    low: float
    high: float
    logarithmic: bool

    def y(self, value: float) -> float:
        if self.logarithmic:
            value = max(value, self.low)
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return TOP + PLOT_H * (1.0 - min(1.0, max(0.0, share)))


def draw_chart(chart: Chart, scene: Scene) -> str:
    """The picture; a chart without any value says so."""
    values = [y for series in chart.series for _, y in series.points]
    if not values:
        return f'<p class="empty">{escape(chart.title)}: nothing was measured.</p>'
    ticks, shown = _value_axis(chart, values)
    scale = _Scale(ticks[0], ticks[-1], chart.logarithmic)
    parts = [
        *_bands(scene),
        *_grid(ticks, scale, scene),
        *_marks(scene),
        *(_series(series, number, scale, scene) for number, series in enumerate(chart.series)),
        # Above the lines: where they touch, the limit is what one looks for.
        *(_limit(limit, scale) for limit in shown),
    ]
    return _svg(chart.key, chart.title, _describe(chart, values), HEIGHT, parts)


def hidden_limits(chart: Chart) -> list[Limit]:
    """Limits that lie too far above the values to be drawn."""
    values = [y for series in chart.series for _, y in series.points]
    if not values:
        return []
    return [limit for limit in chart.limits if limit not in _value_axis(chart, values)[1]]


def strip_height() -> int:
    """Of the picture of the course; its lowest lane is for the words of the bands."""
    return TOP + (STRIP_LANES + 1) * LANE_H + BOTTOM


def draw_strip(scene: Scene) -> str:
    """The course of the run: when the person was away, and every fault with its name."""
    height = strip_height()
    base = height - BOTTOM
    parts = [*_bands(scene, bottom=base, named=True)]
    free_from = [float(LEFT)] * STRIP_LANES
    for mark in scene.marks:
        x = scene.x(mark.at_s)
        lane = next((n for n in range(STRIP_LANES) if free_from[n] <= x), None)
        text = f"{mark.number} {mark.name}"
        width = len(text) * CHAR_W
        # At the right edge a label runs to the left of its mark.
        flips = x + width > WIDTH
        fits = lane is not None and (not flips or free_from[lane] <= x - width)
        y = TOP + LANE_H * (lane if fits and lane is not None else 0) + 12
        parts.append(f'<line class="mark" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{base}"/>')
        if not fits or lane is None:
            continue
        side, shift = ("left", -4) if flips else ("right", 4)
        free_from[lane] = x + (LABEL_MARGIN if flips else width + LABEL_MARGIN)
        parts.append(
            f'<text class="marktext {side}" x="{x + shift:.1f}" y="{y}">{escape(text)}</text>'
        )
    parts += _time_axis(scene, base)
    said = ", ".join(f"{m.number} {m.name} at {time_text(m.at_s)}" for m in scene.marks)
    about = f"{len(scene.idle)} idle spells. Faults: {said or 'none'}."
    return _svg("course", "Course of the run", about, height, parts)


def _svg(key: str, title: str, about: str, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg id="chart-{key}" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="{key}-title {key}-desc">'
        f'<title id="{key}-title">{escape(title)}</title>'
        f'<desc id="{key}-desc">{escape(about)}</desc>' + "".join(parts) + "</svg>"
    )


def _describe(chart: Chart, values: Sequence[float]) -> str:
    said = [chart.about]
    for series in chart.series:
        if series.points:
            own = [y for _, y in series.points]
            least, most = value_text(min(own)), value_text(max(own))
            said.append(f"{series.name}: {least} to {most} {chart.unit}.")
    said += [f"{limit.name}: {value_text(limit.value)} {chart.unit}." for limit in chart.limits]
    return " ".join(said) if values else chart.about


def _value_axis(chart: Chart, values: Sequence[float]) -> tuple[list[float], list[Limit]]:
    """The ticks and the limits that can be shown with them."""
    top = max(values)
    if chart.logarithmic:
        low = min((value for value in values if value > 0), default=1.0)
        high = max(top, low)
        shown = [limit for limit in chart.limits if low <= limit.value <= 10 * high]
        return decade_ticks(low, max([high, *(limit.value for limit in shown)])), shown
    shown = [limit for limit in chart.limits if limit.value <= LIMIT_SHOWN_FACTOR * max(top, 1e-9)]
    # Room above, so that a limit does not lie on the frame.
    top = max([top, *(limit.value * 1.05 for limit in shown)])
    return value_ticks(top, whole=chart.whole), shown


def _bands(scene: Scene, *, bottom: float = HEIGHT - BOTTOM, named: bool = False) -> list[str]:
    parts = []
    for css, word, spans in (("idle", "idle", scene.idle), ("gap", "no data", scene.gaps)):
        for from_s, to_s in spans:
            x, width = scene.x(from_s), scene.x(to_s) - scene.x(from_s)
            parts.append(
                f'<rect class="{css}" x="{x:.1f}" y="{TOP}" width="{width:.1f}" '
                f'height="{bottom - TOP}"><title>{word} from {time_text(from_s)} to '
                f"{time_text(to_s)}</title></rect>"
            )
            if named and width > (len(word) + 1) * CHAR_W:
                parts.append(
                    f'<text class="bandtext" x="{x + width / 2:.1f}" y="{bottom - 4}">{word}</text>'
                )
    return parts


def _grid(ticks: Sequence[float], scale: _Scale, scene: Scene) -> list[str]:
    parts = []
    for tick in ticks:
        y = scale.y(tick)
        parts.append(
            f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>'
            f'<text class="tick y" x="{LEFT - 8}" y="{y + 4:.1f}">{value_text(tick)}</text>'
        )
    return [*parts, *_time_axis(scene, HEIGHT - BOTTOM)]


def _time_axis(scene: Scene, base: float) -> list[str]:
    parts = [f'<line class="axis" x1="{LEFT}" y1="{base}" x2="{WIDTH - RIGHT}" y2="{base}"/>']
    for tick in time_ticks(scene.length_s):
        x = scene.x(tick)
        # The last label would run over the edge.
        side = " left" if x > WIDTH - 4 * RIGHT else ""
        parts.append(
            f'<line class="axis" x1="{x:.1f}" y1="{base}" x2="{x:.1f}" y2="{base + 5}"/>'
            f'<text class="tick{side}" x="{x:.1f}" y="{base + 19}">{time_text(tick)}</text>'
        )
    return parts


def _marks(scene: Scene) -> list[str]:
    parts = []
    last_x = -math.inf
    for mark in scene.marks:
        x = scene.x(mark.at_s)
        parts.append(
            f'<g class="markgroup"><title>{mark.number} {escape(mark.name)} at '
            f"{time_text(mark.at_s)}</title>"
            f'<line class="mark" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}"/>'
        )
        if x - last_x > 2 * CHAR_W + 2:
            parts.append(f'<text class="marktext" x="{x:.1f}" y="{TOP - 6}">{mark.number}</text>')
            last_x = x
        parts.append("</g>")
    return parts


def _limit(limit: Limit, scale: _Scale) -> str:
    y = scale.y(limit.value)
    return (
        f'<line class="limit" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>'
        f'<text class="limittext" x="{WIDTH - RIGHT - 4}" y="{y - 4:.1f}">'
        f"{escape(limit.name)}</text>"
    )


def _series(series: Series, number: int, scale: _Scale, scene: Scene) -> str:
    if series.dots:
        return "".join(
            f'<circle class="dot s{number}" cx="{scene.x(t):.1f}" cy="{scale.y(y):.1f}" r="2.6"/>'
            for t, y in reduce(series.points, BUCKETS // 2)
        )
    pieces = split_at_gaps(series.points, GAP_INTERVALS * scene.interval_s)
    # A piece of one point is a stroke of no length, which the round cap makes visible.
    path = "".join(
        "M"
        + "L".join(f"{scene.x(t):.1f},{scale.y(y):.1f}" for t, y in reduce(piece, buckets))
        + "h0"
        for piece in pieces
        if (buckets := max(2, round(BUCKETS * len(piece) / len(series.points))))
    )
    return f'<path class="line s{number}" d="{path}"/>'
