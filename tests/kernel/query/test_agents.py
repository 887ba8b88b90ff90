"""Who does what, by nouns of deeds and ways of asking for who has a thing."""

from __future__ import annotations

import pytest

from kernel.query.agents import agents_of, asked_holder, is_holder


@pytest.mark.parametrize(
    ("verb", "head"),
    [
        ("drives", "driver"),
        ("driven", "driver"),
        ("plans", "planner"),
        ("validated", "validator"),
        ("uses", "user"),
        ("acknowledged", "acknowledged by"),
        ("submitted", "user"),
    ],
)
def test_a_verb_has_a_head_that_names_who_does_it(verb: str, head: str) -> None:
    assert head in agents_of(verb)


def test_who_runs_it_is_no_driver() -> None:
    assert "driver" not in agents_of("runs")
    assert "user" not in agents_of("approved")


@pytest.mark.parametrize("head", ["site lead", "Assignee".casefold(), "line manager", "owner:"])
def test_a_head_over_who_has_a_thing_ends_in_such_a_word(head: str) -> None:
    assert is_holder(head)


def test_lead_time_and_reporter_are_no_such_heads() -> None:
    assert not is_holder("lead time")
    assert not is_holder("reporter")


@pytest.mark.parametrize(
    "question",
    [
        "Who is working on the wristbands?",
        "Who is assigned to MH-12?",
        "Who takes care of the wristbands?",
        "Whose ticket is MH-12?",
        "Who is MH-12 assigned to?",
        "Who has MH-12?",
    ],
)
def test_having_and_working_ask_for_the_holder(question: str) -> None:
    having = asked_holder(question)
    assert having is not None
    assert having.what in ("the wristbands", "mh-12")


@pytest.mark.parametrize(
    "question",
    ["Who reported MH-12?", "Who reviewed MH-12?", "Who created MH-12?", "Who approved MH-12?"],
)
def test_other_deeds_do_not(question: str) -> None:
    assert asked_holder(question) is None
