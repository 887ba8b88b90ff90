"""Lines are counted as often as they stood there, not as often as they were read differently."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.query.counting import count
from tests.kernel.query.week import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk.open(tmp_path)
    yield made
    made.evidence.close()
    made.derived.close()


def amount_of(desk: Desk, text: str) -> int | None:
    outcome = count(desk.reading(text), desk.sources())
    return outcome.claims[0].amount if outcome.claims else None


def test_another_reading_of_a_line_is_no_other_line(desk: Desk) -> None:
    desk.shoot("26 09:00:00", ["WARN the belt of mill seven is loose"])
    desk.shoot("26 09:30:00", ["WARN the belt of mill scven is looso"])
    assert amount_of(desk, "How many lines with WARN were there today?") == 1


def test_lines_with_other_figures_or_on_one_frame_are_others(desk: Desk) -> None:
    desk.shoot(
        "26 09:00:00", ["WARN the belt of mill 7 is loose", "WARN the bell of mill 7 is loose"]
    )
    desk.shoot("26 09:30:00", ["WARN the belt of mill 8 is loose"])
    assert amount_of(desk, "How many lines with WARN were there today?") == 3
