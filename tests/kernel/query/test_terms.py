"""What the words of a question are."""

from __future__ import annotations

import pytest

from kernel.query.terms import is_unfamiliar, term_of, tokens_of, unfamiliar_needle


def test_tokens_have_no_punctuation_and_quoted_phrases_are_one() -> None:
    tokens = tokens_of('Where did Ada\'s team write "no space left", again?')
    assert [token.text for token in tokens] == [
        "Where", "did", "Ada", "team", "write", "no space left", "again",
    ]  # fmt: skip
    assert tokens[2].owns_next


def test_a_question_word_with_its_verb_joined_is_two_words() -> None:
    assert [token.text for token in tokens_of("What's our score?")][:2] == ["What", "is"]


@pytest.mark.parametrize(
    ("word", "specific"),
    [("INV-20871", True), ("Okafor", True), ("HTTP", False), ("invoice", False), ("@ada", True)],
)
def test_names_and_identifiers_are_told_from_plain_words(word: str, specific: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    token = tokens_of(f"for {word}")[1]
    term = term_of(token, 1, asked=False, anchored=True)
    assert term is not None
    assert term.specific is specific


def test_a_word_that_nobody_uses_every_day_is_unfamiliar() -> None:
    token = tokens_of("the parker")[1]
    term = term_of(token, 1, asked=False, anchored=True)
    assert term is not None
    assert is_unfamiliar(term)
    assert unfamiliar_needle(term).stem == ""
