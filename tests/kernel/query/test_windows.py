"""How many windows there were, and for how long the one that is meant was in front."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.query.question import analyse
from kernel.query.windows import windows_meant
from tests.kernel.query.week import Desk

SHEET, PAPER, CHAT = "Stock list - Spreadsheet", "Daily paper - Browser", "Crew - Chat"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk.open(tmp_path)
    for clock, app, title in (
        ("25 09:00:00", "LibreOffice Calc", SHEET),
        ("25 09:00:40", "LibreOffice Calc", SHEET),
        ("25 09:01:00", "Firefox", PAPER),
        ("25 09:01:30", "LibreOffice Calc", SHEET),
        ("25 09:02:00", "LibreOffice Calc", SHEET),
        ("25 09:02:10", "Firefox", CHAT),
        ("26 09:00:00", "Firefox", CHAT),
    ):
        made.shoot(
            clock,
            [
                title,
                f"{title}: report on the harbour of Trieste",
                "the ticket was closed by the crew",
            ],
            app=app,
            title=title,
        )
    yield made
    made.close()


def test_different_windows_are_counted_and_each_is_cited(desk: Desk) -> None:
    claim = desk.ask("How many different windows did I have open yesterday?").claims[0]
    assert claim.amount == 3
    assert {c.window_title for c in claim.citations} == {SHEET, PAPER, CHAT}
    assert {c.text[c.text_start : c.text_end] for c in claim.citations} == {SHEET, PAPER, CHAT}


def test_programs_are_counted_by_their_names(desk: Desk) -> None:
    assert desk.ask("How many apps did I use yesterday?").claims[0].amount == 2


def test_a_kind_of_program_names_a_window_and_its_time_is_told(desk: Desk) -> None:
    claim = desk.ask("How long did I have the sheet open yesterday?").claims[0]
    assert claim.visible_us == 70_000_000
    assert claim.amount == 2
    assert {c.window_title for c in claim.citations} == {SHEET}


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("When was Firefox in front today?", CHAT),
        ("When was the app LibreOffice Calc in front?", SHEET),
        ("When was the stock list last in the foreground?", SHEET),
    ],
)
def test_what_was_in_front_is_a_window(desk: Desk, question: str, title: str) -> None:
    claims = desk.ask(question).claims
    assert claims
    assert all(title in claim.text and "in front" in claim.text for claim in claims)


@pytest.mark.parametrize(
    "question",
    [
        "When was the ticket in front?",
        "How long was the ticket visible?",
        "How long was the printer visible?",
        "How many windows did I have open on Sunday?",
    ],
)
def test_a_line_that_mentions_a_thing_is_not_the_thing(desk: Desk, question: str) -> None:
    assert desk.ask(question).state == "no_evidence"


def test_every_word_must_be_met_by_one_window() -> None:
    names = [("Firefox", PAPER), ("Firefox", CHAT), ("LibreOffice Calc", SHEET)]
    assert windows_meant(analyse("daily paper"), names) == [("Firefox", PAPER)]
    assert windows_meant(analyse("spreadsheet"), names) == [("LibreOffice Calc", SHEET)]
    assert windows_meant(analyse("daily chat"), names) == []


def test_what_was_read_is_a_summary_of_that_day(desk: Desk) -> None:
    answer = desk.ask("What did I read yesterday?")
    assert answer.answer_type == "summary"
    assert answer.claims


def test_captures_without_names_of_windows_are_said_to_have_none(desk: Desk) -> None:
    desk.shoot("24 09:00:00", ["a line of text"], app=None)
    answer = desk.ask("How many windows did I have open on Monday?")
    assert answer.state == "no_evidence"
    assert "no capture of that time names its window" in answer.notes


@pytest.mark.parametrize(
    "question",
    ["How long was the code editor open this morning?", "How long was the pump visible today?"],
)
@pytest.mark.parametrize(
    ("pause_shows", "seen_s", "said"),
    [
        ("pump 9", 20, "at least 20 s (nothing was captured for 4 min 30 s in between)"),
        ("pump 2", 290, "for 4 min 50 s: from"),
    ],
)
def test_a_pause_without_captures_counts_only_when_nothing_changed_in_it(
    tmp_path: Path, question: str, pause_shows: str, seen_s: int, said: str
) -> None:
    desk = Desk.open(tmp_path)
    for clock, figure in (
        ("26 09:00:00", "pump 1"),
        ("26 09:00:10", "pump 2"),
        ("26 09:04:40", pause_shows),
        ("26 09:04:50", "pump 5"),
    ):
        desk.shoot(clock, ["the pump", figure], app="code editor", title="notes")
    (claim,) = desk.ask(question).claims
    assert claim.visible_us == seen_s * 1_000_000
    assert said in claim.text
    desk.close()
