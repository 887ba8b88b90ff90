"""A time to the second means what stood on the screen at that second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.query.scope import Scope
from kernel.query.standing import as_it_stood, standing_frames
from tests.kernel.query.week import Desk, at

FERRY = "the ferry of the harbour company leaves at seven"
BARGE = "the barge of the quarry company leaves at eight"
TRAIN = "the train of the valley railway leaves at nine"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk.open(tmp_path)
    made.shoot("25 09:00:00", [FERRY], title="Ferries")
    made.shoot("25 09:00:20", [TRAIN], title="Trains", monitor=1)
    made.shoot("25 09:00:40", [BARGE], title="Barges")
    made.shoot("25 09:01:00", [FERRY], title="Ferries")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("question", "lines"),
    [
        ("What was on screen yesterday at 09:00:50?", {BARGE, TRAIN}),
        ("What did I see at 09:00:40 yesterday?", {BARGE, TRAIN}),
        ("What was on monitor 0 at 9:00:39 yesterday?", {FERRY}),
        ("What was shown on the second monitor at 09:00:50 yesterday?", {TRAIN}),
        ("What was on the screen at 09:00 yesterday?", {FERRY, BARGE, TRAIN}),
        # Nothing had been captured: what is around it is told, as for a minute.
        ("What was on my screen at 08:59:59 yesterday?", {FERRY, BARGE, TRAIN}),
    ],
)
def test_a_second_shows_the_frame_that_stood_then(
    desk: Desk, question: str, lines: set[str]
) -> None:
    assert {claim.text for claim in desk.ask(question).claims} == lines


def test_when_the_frame_that_stood_then_was_captured_is_told(desk: Desk) -> None:
    notes = desk.ask("What was on screen yesterday at 09:00:50?").notes
    told = "what stood on the screen then was captured at 2025-11-25 09:00:20, 2025-11-25 09:00:40"
    assert told in notes
    assert told not in desk.ask("What was on screen yesterday at 09:00?").notes


def test_of_every_monitor_the_last_frame_before_the_end_of_the_second_stands(desk: Desk) -> None:
    second = (at("25 09:00:50"), at("25 09:00:51"))
    sources = desk.sources()
    asked = Scope(to_us=second[1], near=second)
    assert standing_frames(asked, sources) == [desk.events[2], desk.events[1]]
    # A minute is no second, and what is after it may count as well.
    assert standing_frames(Scope(to_us=second[1], near=(second[0], 0)), sources) == []
    assert standing_frames(Scope(near=second), sources) == []


def test_a_reading_without_a_second_is_left_as_it_is(desk: Desk) -> None:
    reading = desk.reading("What was on screen yesterday at 09:00?")
    assert as_it_stood(reading, desk.sources()) is reading
