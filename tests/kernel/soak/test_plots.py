"""Single pictures: limits far away are told, marks are numbered, gaps are not bridged."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from kernel.soak.plots import (
    Chart,
    Limit,
    Mark,
    Scene,
    Series,
    draw_chart,
    draw_strip,
    hidden_limits,
)

SCENE = Scene(600.0, idle=((100.0, 200.0),), marks=(Mark(150.0, 1, "host_killed"),))


def chart(*points: tuple[float, float], limit: float | None = None) -> Chart:
    limits = () if limit is None else (Limit("most <allowed>", limit),)
    return Chart("key", "Title", "About it.", "MB", (Series("one & all", points),), limits)


def read(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own picture


def test_a_limit_in_reach_is_drawn_and_one_far_above_is_told() -> None:
    near, far = chart((0.0, 100.0), limit=120.0), chart((0.0, 100.0), limit=8_000.0)
    assert hidden_limits(near) == []
    assert read(draw_chart(near, SCENE)).find("line[@class='limit']") is not None
    assert hidden_limits(far) == [Limit("most <allowed>", 8_000.0)]
    assert read(draw_chart(far, SCENE)).find("line[@class='limit']") is None


def test_the_description_says_what_the_picture_shows() -> None:
    about = read(draw_chart(chart((0.0, 3.0), (10.0, 90.0), limit=100.0), SCENE)).find("desc")
    assert about is not None
    assert about.text == "About it. one & all: 3 to 90 MB. most <allowed>: 100 MB."


def test_a_gap_is_not_bridged_and_a_lonely_point_is_a_stroke() -> None:
    points = [(float(t), 1.0) for t in range(0, 100, 10)] + [(500.0, 2.0)]
    path = read(draw_chart(chart(*points), SCENE)).find("path")
    assert path is not None
    drawn = str(path.get("d"))
    assert drawn.count("M") == 2
    assert drawn.endswith("h0")


def test_nothing_measured_is_said_in_words() -> None:
    assert draw_chart(chart(), SCENE) == '<p class="empty">Title: nothing was measured.</p>'


def test_a_logarithmic_picture_bears_zero() -> None:
    data = Chart("k", "T", "A.", "ms", (Series("s", ((0.0, 0.0), (9.0, 50.0))),), logarithmic=True)
    heights = re.findall(r",(-?[\d.]+)", str(read(draw_chart(data, SCENE)).find("path").get("d")))  # type: ignore[union-attr]
    assert all(0 <= float(height) <= 250 for height in heights)


def test_names_of_crowded_faults_do_not_lie_on_each_other() -> None:
    marks = tuple(Mark(t * 10.0, t, "plugin_leak") for t in range(1, 60))
    svg = read(draw_strip(Scene(600.0, marks=marks)))
    lines = [line for line in svg.findall("line") if line.get("class") == "mark"]
    texts = [text for text in svg.findall("text") if str(text.get("class")).startswith("marktext")]
    assert len(lines) == 59
    assert 3 <= len(texts) < 59
    lanes: dict[str, list[float]] = {}
    for text in texts:
        lanes.setdefault(str(text.get("y")), []).append(float(str(text.get("x"))))
    assert all(b - a > 60 for xs in lanes.values() for a, b in pairwise(xs))
    about = svg.find("desc")
    assert about is not None
    assert "59 plugin_leak at 9:50 min" in str(about.text), "those without a label are told too"


@given(
    values=st.lists(st.floats(0, 1e9), min_size=1, max_size=200),
    length_s=st.floats(1.0, 1e6),
    logarithmic=st.booleans(),
)
def test_whatever_is_drawn_lies_inside(
    values: list[float], length_s: float, *, logarithmic: bool
) -> None:
    points = tuple((length_s * n / len(values), y) for n, y in enumerate(values))
    data = Chart("k", "T", "A.", "u", (Series("s", points),), logarithmic=logarithmic)
    svg = read(draw_chart(data, Scene(length_s, interval_s=length_s)))
    path = svg.find("path")
    assert path is not None
    for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", str(path.get("d"))):
        assert 0 <= float(x) <= 960
        assert 0 <= float(y) <= 250
