"""The made-up week: how many questions are answered right, and what is claimed wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tools.query_score import RECALL_GOAL, Store, build, judge, questions_of, score
from tools.query_week import KINDS, read_questions, read_week


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = build(tmp_path_factory.mktemp("week"))
    yield made
    made.close()


def test_there_are_enough_questions_of_every_sort() -> None:
    questions = read_week().questions
    kinds = [question.kind for question in questions]
    assert len({question.text for question in questions}) >= 150
    assert sum(question.held_out for question in questions) >= 50
    assert kinds.count("none") >= 50
    assert {"value", "find", "when", "changed", "count", "summary", "none"} <= set(kinds)


def test_most_questions_on_subject_and_kind_are_near_misses() -> None:
    questions = read_questions(KINDS)
    assert len(questions) >= 200
    assert sum(question.held_out for question in questions) >= 70
    assert 2 * sum(not question.blocks for question in questions) >= len(questions)


@pytest.mark.parametrize(
    ("part", "recall"),
    [
        ("known", RECALL_GOAL),
        ("held-out", RECALL_GOAL),
        ("kinds", RECALL_GOAL),
        ("kinds-held-out", 0.85),
    ],
)
def test_questions_are_answered_and_nothing_is_claimed_that_is_not_there(
    store: Store, part: str, recall: float
) -> None:
    asked = questions_of(part, store.week)
    judged = [judge(q, store.ask(q.text), store.block_of_event) for q in asked]
    result = score(judged)
    wrong = [(j.question.text, j.answer.answer) for j in judged if not j.right]
    assert result["recall"] >= recall, wrong
    assert result["false_claims"] == 0, wrong
    assert result["citation_precision"] == 1.0, wrong


def test_the_same_week_stored_twice_gives_the_same_bytes(store: Store, tmp_path: Path) -> None:
    again = build(tmp_path / "again")
    try:
        for question in store.week.questions[::7]:
            first, second = store.ask(question.text), again.ask(question.text)
            assert msgspec.json.encode(first) == msgspec.json.encode(second), question.text
    finally:
        again.close()


def test_a_wrong_answer_would_be_seen(store: Store) -> None:
    positive = next(q for q in store.week.questions if q.blocks)
    negative = next(q for q in store.week.questions if not q.blocks)
    silent, talking = store.ask(negative.text), store.ask(positive.text)
    assert not judge(positive, silent, store.block_of_event).right
    assert not judge(negative, talking, store.block_of_event).right
    elsewhere = dict.fromkeys(store.block_of_event, "elsewhere")
    assert not judge(positive, talking, elsewhere).right
