"""Clocks of the desktop."""

from __future__ import annotations

import pytest

from contracts.interval import TextInterval
from kernel.query.clockticks import is_clock
from kernel.query.scope import Scope
from kernel.query.timeline import StoredTimeline
from tests.kernel.query.week import BERLIN, Desk


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("Tue 25 Nov 09:03", True),
        ("09:03", True),
        ("9:02 AM", True),
        ("25.11.2025 09:03:10", True),
        ("Tue 25 Nov", True),
        ("arrives 09:03", False),
        ("10:40", False),
        ("14", False),
        ("25", False),
        ("Wed 26 Nov", False),
    ],
)
def test_a_clock_says_the_time_of_its_own_frame_and_no_more(
    tmp_path_factory: pytest.TempPathFactory, text: str, *, clock: bool
) -> None:
    desk = Desk.open(tmp_path_factory.mktemp("desk"))
    desk.shoot("25 09:03:20", [text])
    (line,) = _lines(desk)
    assert is_clock(line, BERLIN) is clock
    desk.close()


def _lines(desk: Desk) -> list[TextInterval]:
    return StoredTimeline(desk.derived.intervals).during(Scope(), limit_rows=10)
