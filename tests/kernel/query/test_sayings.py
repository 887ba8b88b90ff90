"""Meanings that take several words are understood in questions and found on screens."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from kernel.query.sayings import plainly, sayings_for
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas


def notes() -> TextPage:
    """Sentences that say in several words what people ask for in one."""
    c = Canvas()
    c.text(12, 18, "# store room", px=13)
    c.text(40, 100, "We have 9 cartridges left, lot 88K1402, good until 20 March.")
    c.text(40, 220, "The permit PR-22 is new, lot 77B0031, opened on 2 May.")
    return c.page()


def test_too_old_is_outdated() -> None:
    c = Canvas()
    rows = [
        ["Code", "Lamp", "Cause"],
        ["V7-E03", "red", "SAM card is missing"],
        ["V7-E11", "amber", "Hotlist too old"],
        ["V7-E19", "red", "Tamper switch open"],
    ]
    c.rows([40, 140, 240], 100, 30, rows)
    assert "V7-E11" in (best("Which code is shown when the hotlist is outdated?", c.page()) or "")
    assert best("Which code is shown when the hotlist is empty?", c.page()) is None


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("Who is taking care of the banners?", "Who owns the banners?"),
        ("Who was in charge of the banners?", "Who owns the banners?"),
        ("Who looks after the banners?", "Who owns the banners?"),
        ("How long does a session stay open?", "How long does a session last?"),
        ("How come the press stopped?", "why the press stopped?"),
        ("When was the most recent backup?", "When was the latest backup?"),
        ("Why was the ferry called off?", "Why was the ferry cancelled?"),
        ("When was the drill put off to?", "When was the drill postponed to?"),
        ("Why was my offer turned down?", "Why was my offer rejected?"),
        ("When must invoice RE-7 be paid?", "When is invoice RE-7 due?"),
        ("By what date does bill 44 have to be paid?", "when is bill 44 due?"),
        ("When was invoice RE-7 paid?", "When was invoice RE-7 paid?"),
        ("How many kilometres does V-7 have on the clock?", "How many odometer does V-7 have?"),
    ],
)
def test_an_idiom_is_said_in_plain_words(question: str, plain: str) -> None:
    assert plainly(question) == plain


@pytest.mark.parametrize(
    "question", ['Where is "who is in charge of"?', "What was I taking care of yesterday?"]
)
def test_what_is_quoted_or_no_idiom_is_left_as_it_is(question: str) -> None:
    assert plainly(question) == question


@pytest.mark.parametrize(
    "question", ["Who put off-site backups on?", "Why was the heating turned down to 17?"]
)
def test_a_verb_with_a_particle_that_says_more_is_left(question: str) -> None:
    assert plainly(question) == question


def test_how_long_something_is_valid_is_told_by_when_it_expires() -> None:
    c = Canvas()
    c.text(40, 100, "Access tokens expire after 20 minutes.")
    assert "20 minutes" in (best("How long are access tokens valid?", c.page()) or "")
    assert best("How long are access cards valid?", c.page()) is None


def test_every_form_of_a_verb_has_its_sayings() -> None:
    assert ("good", "until") in sayings_for("expires")
    assert sayings_for("bananas") == ()


def test_what_is_good_until_a_day_expires_on_it() -> None:
    assert "20 March" in (best("When does lot 88K1402 expire?", notes()) or "")
    assert best("When does lot 77B0031 expire?", notes()) is None
    assert best("When was lot 88K1402 opened?", notes()) is None
