"""What became what: lines of one place, window and wording; the state before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.query.changes import Change, is_noise
from tests.kernel.query.week import Desk

MINUTE = "yesterday between 9:00 and 9:01"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk.open(tmp_path)
    yield made
    made.close()


def told(desk: Desk, question: str) -> list[str]:
    return [claim.text for claim in desk.ask(question).claims]


def test_an_unlike_line_in_the_same_place_did_not_become_the_other(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["cargo build --release", "stays where it is"])
    desk.shoot("25 09:00:10", ["Mira Koch joined us", "stays where it is"])
    said = told(desk, f"What changed {MINUTE}?")
    assert not any(" changed: " in text for text in said)
    assert any("vanished: “cargo build --release”" in text for text in said)
    assert any("appeared: “Mira Koch joined us”" in text for text in said)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("git com", "git commit --amend"),
        ("the pump is off", "the pump is on"),
        ("Total 12.50", "Total 17.90"),
    ],
)
def test_a_line_that_grew_or_is_like_it_is_one_that_changed(
    desk: Desk, before: str, after: str
) -> None:
    desk.shoot("25 09:00:00", [before, "stays where it is"])
    desk.shoot("25 09:00:10", [after, "stays where it is"])
    (said,) = told(desk, f"What changed {MINUTE}?")
    assert f"changed: “{before}” to “{after}”" in said


@pytest.mark.parametrize(
    ("title", "became"), [("Crew - Chat", False), ("* report.txt - Editor", True)]
)
def test_a_line_becomes_another_only_in_its_own_window(
    desk: Desk, title: str, *, became: bool
) -> None:
    desk.shoot("25 09:00:00", ["pump 4 is running"], app="Gnome", title="report.txt - Editor")
    desk.shoot("25 09:00:10", ["pump 5 is running"], app="Gnome", title=title)
    said = told(desk, f"What changed {MINUTE}?")
    assert any(" changed: " in text for text in said) is became


def test_the_frame_of_another_window_is_not_the_state_before_of_the_one_asked_about(
    desk: Desk,
) -> None:
    desk.shoot("25 08:59:30", ["waiting for the linker"], app="Terminal")
    desk.shoot("25 08:59:50", ["see you at lunch, Oscar"], app="Slack")
    desk.shoot("25 09:00:10", ["all tests passed"], app="Terminal")
    desk.shoot("25 09:00:20", ["all tests passed", "second run begins"], app="Terminal")
    said = told(desk, f"What disappeared from the terminal {MINUTE}?")
    assert len(said) == 1
    assert "vanished: “waiting for the linker”" in said[0]


def test_it_is_said_that_lines_went_with_their_window(desk: Desk) -> None:
    desk.shoot("25 08:59:50", ["see you at lunch, Oscar"], app="Slack")
    desk.shoot("25 09:00:10", ["all tests passed"], app="Terminal")
    answer = desk.ask(f"What changed {MINUTE}?")
    assert any("another window was in front before 2025-11-25 09:00:10" in n for n in answer.notes)


def test_what_neither_came_nor_went_by_a_sign_is_noise(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["|", "the pump is off"])
    lines = desk.sources().timeline.during(desk.reading("What changed?").scope, limit_rows=9)
    by_text = {line.text: line for line in lines}
    assert is_noise(Change(1, None, by_text["|"]))
    assert not is_noise(Change(1, None, by_text["the pump is off"]))


def test_the_state_at_the_end_that_is_named_counts_and_the_one_at_the_beginning_is_before(
    desk: Desk,
) -> None:
    desk.shoot("25 08:59:00", ["the ferry is late", "stays where it is"])
    desk.shoot("25 09:00:00", ["the ferry is late", "stays where it is", "Mira joined"])
    desk.shoot("25 09:01:00", ["the ferry is here", "stays where it is", "Mira joined"])
    (said,) = told(desk, f"What changed {MINUTE}?")
    assert "changed: “the ferry is late” to “the ferry is here”" in said


def test_what_came_and_went_within_the_time_is_told_to_who_asks_for_that(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["Mira is here"])
    desk.shoot("25 09:00:20", ["Mira is here", "wrong channel, sorry"])
    desk.shoot("25 09:00:40", ["Mira is here"])
    assert told(desk, f"What changed {MINUTE}?") == []
    (gone,) = told(desk, f"What disappeared {MINUTE}?")
    assert "vanished: “wrong channel, sorry”" in gone
    (came,) = told(desk, f"What appeared {MINUTE}?")
    assert "appeared: “wrong channel, sorry”" in came


def test_that_the_clock_went_on_is_no_change(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["meeting at 10:15", "Tue 25 Nov 09:00"])
    desk.shoot("25 09:01:00", ["meeting at 10:45", "Tue 25 Nov 09:01"])
    (said,) = told(desk, f"What changed {MINUTE}?")
    assert "changed: “meeting at 10:15” to “meeting at 10:45”" in said


@pytest.mark.parametrize(
    "place",
    [
        "on the pipeline page",
        "on the Pipeline #42 tab",
        "in the pipeline window",
        "in levels.ods",
        "in the levels.ods sheet",
    ],
)
def test_what_changed_in_a_window_is_asked_by_its_title(desk: Desk, place: str) -> None:
    title = "levels.ods - Calc" if "levels" in place else "Pipeline #42 - Firefox"
    desk.shoot("25 09:00:00", ["pump 4 is off"], title=title)
    desk.shoot("25 09:00:30", ["pump 4 is on"], title=title)
    desk.shoot("25 09:00:00", ["the ferry is late"], title="Ferries", monitor=1)
    desk.shoot("25 09:00:30", ["the ferry is here"], title="Ferries", monitor=1)
    (said,) = told(desk, f"What changed {place} {MINUTE}?")
    assert "pump 4 is on" in said
