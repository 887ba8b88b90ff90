"""Other verbs and adjectives count for those of a question, contrary ones never."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from kernel.query.adjectives import adjectives_for
from kernel.query.ordinary import is_ordinary
from kernel.query.thesaurus import asked_verbs, verbs_for
from kernel.store.folding import fold
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas


def guide() -> TextPage:
    """Sentences with verbs of which questions say others."""
    c = Canvas()
    c.text(12, 18, "Depot guide", px=13)
    c.text(40, 100, "If the gate jams, call the hotline of Movik (0800 496 0155).")
    c.text(40, 200, "The last drill was on 8 November 2025 and took 11 min 40 s.")
    c.text(40, 300, "We moved the backup tapes to room D-2.040 until it is fixed.")
    c.text(40, 700, "Boxes received today: 48", px=14)
    c.text(40, 400, "The pallets were sent on 3 May. Lena Roth made 12 calls.")
    return c.page()


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Which number do I ring for the hotline of Movik?", "0800 496 0155"),
        ("How long did the previous drill take?", "11 min 40 s"),
        ("Where were the backup tapes put?", "D-2.040"),
        ("How many boxes arrived today?", "48"),
    ],
)
def test_a_screen_may_say_another_verb_or_adjective(question: str, said: str) -> None:
    assert said in (best(question, guide()) or "")


@pytest.mark.parametrize(
    "question",
    [
        "How long did the next drill take?",
        "When were the pallets received?",
        "Where were the backup tapes bought?",
        "How many boxes left today?",
    ],
)
def test_a_contrary_word_is_no_other_word(question: str) -> None:
    assert best(question, guide()) is None


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("ordered", "delivered"),
        ("opened", "closed"),
        ("sent", "received"),
        ("started", "stopped"),
        ("locked", "unlocked"),
        ("bought", "sold"),
        ("attached", "removed"),
    ],
)
def test_no_verb_stands_for_its_contrary(word: str, other: str) -> None:
    assert fold(other) not in verbs_for(word)
    assert fold(word) not in verbs_for(other)


def test_verbs_are_found_by_any_form_and_adjectives_by_themselves() -> None:
    assert fold("called") in verbs_for("rang")
    assert fold("last") in adjectives_for("previous")
    assert not adjectives_for("rang")
    assert not verbs_for("previous")


def test_verbs_with_others_are_ordinary() -> None:
    assert "dial" in asked_verbs()
    assert all(is_ordinary(verb) for verb in asked_verbs())
