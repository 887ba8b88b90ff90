"""Verbs with a particle mean what a screen says for them; other words keep their own meaning."""

from __future__ import annotations

import pytest

from kernel.query.phrasal import is_particle, is_unsaid_after, phrasal_needle
from kernel.query.question import analyse
from kernel.query.words import needle_of, spans_in


@pytest.mark.parametrize(
    ("verb", "particle", "text"),
    [
        ("backed", "up", "Last backup"),
        ("rolled", "back", "Rollback of 7.3"),
        ("looks", "after", "Owner"),
        ("signed", "off", "Approved by"),
        ("turned", "away", "Rejected by the gate"),
        ("runs", "out", "Valid until 31 August"),
        ("took", "down", "Removed from the shop"),
    ],
)
def test_a_screen_says_a_verb_with_its_particle_in_one_word(
    verb: str, particle: str, text: str
) -> None:
    needle = phrasal_needle(verb, needle_of(verb, exact=False), particle)
    assert spans_in(needle, text)
    assert not spans_in(needle_of(verb, exact=False), text)


def test_a_name_has_no_other_word() -> None:
    exact = needle_of("backed", exact=True)
    assert phrasal_needle("backed", exact, "up") == exact


def test_what_is_up_is_up_by_itself() -> None:
    assert is_particle("backed", "up")
    assert not is_particle("is", "up")
    assert not is_particle("backed", "tape")


def test_what_is_measured_goes_without_saying() -> None:
    assert is_unsaid_after("much", "space")
    assert not is_unsaid_after("the", "space")
    assert [term.text for term in analyse("How much space is left?").terms] == ["left"]
