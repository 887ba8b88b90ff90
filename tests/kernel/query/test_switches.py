"""How often another window came to the front, where no screen delta tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.query.switches import switches_between
from kernel.query.windows import stretches_of_windows
from tests.kernel.query.week import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk.open(tmp_path)
    for when, app, title, monitor in (
        ("25 09:00:00", "firefox", "Orders - Firefox", 0),
        ("25 09:00:30", "slack", "crew - Slack", 1),
        ("25 09:01:00", "firefox", "Orders - Firefox", 0),
        ("25 09:02:00", "code", "pump.rs - Code", 0),
        ("25 09:03:00", None, None, 0),
        ("25 09:04:00", "code", "pump.rs - Code", 0),
        ("25 09:05:00", "firefox", "Orders - Firefox", 0),
        ("26 09:00:00", "firefox", "Orders - Firefox", 0),
    ):
        made.shoot(when, ["stays where it is"], app=app, title=title, monitor=monitor)
    yield made
    made.close()


@pytest.mark.parametrize(
    "question",
    ["How often did I switch windows yesterday?", "How many times did I switch yesterday?"],
)
def test_switches_are_counted_by_the_windows_that_captures_name(desk: Desk, question: str) -> None:
    answer = desk.ask(question)
    (claim,) = answer.claims
    assert claim.amount == 2
    assert claim.text.startswith("at least 2 times: “pump.rs - Code” was in front by 2025-11-25 09")
    assert [c.window_title for c in claim.citations] == ["pump.rs - Code", "Orders - Firefox"]
    assert any("there may have been more switches" in note for note in answer.notes)


def test_each_is_told_with_its_window_and_those_that_are_named_alone(desk: Desk) -> None:
    told = [c.text for c in desk.ask("Which windows did I switch to yesterday?").claims]
    assert told == [
        "“pump.rs - Code” was in front by 2025-11-25 09:02:00",
        "“Orders - Firefox” was in front by 2025-11-25 09:05:00",
    ]
    (one,) = desk.ask("How often did I switch to Firefox?").claims
    assert one.text == "at least once: “Orders - Firefox” was in front by 2025-11-25 09:05:00"


@pytest.mark.parametrize(
    "question",
    [
        "How often did I switch windows today?",
        "How often did I switch windows on Sunday?",
        "How often did I switch to Excel?",
        "How often did I scroll yesterday?",
        "Which window did I close yesterday?",
        "How often did I switch windows on monitor 1?",
    ],
)
def test_one_window_or_another_deed_is_no_switch(desk: Desk, question: str) -> None:
    assert desk.ask(question).state == "no_evidence"


def test_a_capture_that_names_no_window_is_none_between_two(desk: Desk) -> None:
    reading = desk.reading("How often did I switch windows yesterday?")
    switches = switches_between(stretches_of_windows(reading, desk.sources()))
    assert [shown.name[0] for shown in switches] == ["code", "firefox"]
