"""Which words of a question need not be on the screen."""

from __future__ import annotations

import pytest

from kernel.query.ordinary import is_ordinary
from kernel.query.question import analyse


@pytest.mark.parametrize(
    "word",
    ["deploy", "deployed", "deploying", "deploys", "Slowly", "approval", "happened", "reviewers"],
)
def test_an_inflected_everyday_word_is_ordinary(word: str) -> None:
    assert is_ordinary(word)


@pytest.mark.parametrize("word", ["mnovak", "zzqqx", "brenner", "parker", "walker", "quorvex"])
def test_a_name_written_small_is_not_ordinary(word: str) -> None:
    assert not is_ordinary(word)


def test_only_questions_have_unfamiliar_terms() -> None:
    asked = {term.text: term.required for term in analyse("Which pod did mnovak restart?").terms}
    assert asked == {"pod": True, "mnovak": True, "restart": False}
    assert not any(term.required for term in analyse("mnovak restart").terms)


def test_a_general_acronym_is_no_name() -> None:
    required = {term.text: term.required for term in analyse("Which IP does NATS use?").terms}
    assert required["NATS"]
    assert not required["IP"]
