"""The main verb of a question is found by the order of English words."""

from __future__ import annotations

import pytest

from kernel.query.verbs import main_verb_at


@pytest.mark.parametrize(
    ("question", "verb"),
    [
        ("how many picks per hour does gdansk east reach", "reach"),
        ("how much does a replacement for forklift fl-23 cost per day", "cost"),
        ("how much does the painter ask for the offer", "ask"),
        ("how much does the rent of the flat cost", "cost"),
        ("how long are raw analyser messages kept", "kept"),
        ("until when can further tests be added to the specimen", "added"),
        ("where does tidegate keep its archive", "keep"),
        ("how long did the last drill take", "take"),
        ("how many tests has the press done today", "done"),
        ("where were the tapes put", "put"),
        ("who is fixing belt 3", "fixing"),
        ("which port does edi-bridge listen on", "listen"),
    ],
)
def test_the_main_verb_ends_the_words_after_the_auxiliary(question: str, verb: str) -> None:
    words = question.split()
    at = main_verb_at(words)
    assert at is not None
    assert words[at] == verb


@pytest.mark.parametrize(
    "question", ["how high is the coverage", "who paid the invoice", "what is the cost of the move"]
)
def test_a_question_without_a_verb_after_its_auxiliary_has_none(question: str) -> None:
    assert main_verb_at(question.split()) is None
