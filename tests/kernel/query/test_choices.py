"""Questions that a state answers."""

from __future__ import annotations

import pytest

from kernel.query.choices import choice_of, is_short_state, tells_state


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("Is sync over mobile data on or off", "What is sync over mobile data?"),
        ("Is automatic backup enabled", "What is automatic backup?"),
        ("Did the nightly build pass", "What is the nightly build?"),
        ("Is ticket T-81 still open", "What is ticket T-81?"),
        ("Is the mill-2 host up", "What is the mill-2 host?"),
        ("Is auto-renewal enabled for plan B", "What is auto-renewal for plan B?"),
    ],
)
def test_a_choice_asks_for_the_value_of_what_it_names(text: str, reading: str) -> None:
    choice = choice_of(text.split())
    assert choice is not None
    assert choice.readings[0] == reading


@pytest.mark.parametrize(
    "text",
    [
        "Is the meeting on Monday",
        "What is open",
        "Did Ada approve the budget",
        "Is on",
        "Is the printer blue",
    ],
)
def test_other_questions_are_no_choices(text: str) -> None:
    assert choice_of(text.split()) is None


def test_a_state_is_told_by_a_value_or_by_what_is_said_to_be() -> None:
    states = frozenset({"on", "off", "enabled"})
    assert tells_state(states, "Off", labelled=True)
    assert tells_state(states, "On at 20%", labelled=True)
    assert not tells_state(states, "45 minutes", labelled=True)
    assert tells_state(states, "Sync is on.", labelled=False)
    assert not tells_state(states, "Sync on start", labelled=False)
    assert tells_state(states, "Sync enabled by Ada", labelled=False)
    assert is_short_state("on")
    assert not is_short_state("enabled")
