"""Questions over the fixture pages: right answer, right citation, or none at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.kernel.query.memory import Memory, cites, page_names, questions, shown

KNOWN = "pages/questions.json"
EXTRA = "questions_extra.json"


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    """All pages in one store: a question does not name its page."""
    made = Memory.open(tmp_path_factory.mktemp("memory"))
    for name in page_names():
        made.take_in(name)
    yield made
    made.close()


def is_right(memory: Memory, question: dict[str, Any]) -> bool:
    answer = memory.ask(question["question"])
    if question["page"] is None:
        return answer.state == "no_evidence" and not answer.claims
    pages = [question["page"]] if isinstance(question["page"], str) else question["page"]
    return all(part in shown(answer) for part in question["answer_contains"]) and any(
        cites(answer, page, question["evidence"]) for page in pages
    )


@pytest.mark.parametrize("question", questions(KNOWN), ids=lambda q: q["id"])
def test_a_known_question_is_answered_right_or_not_at_all(
    memory: Memory, question: dict[str, Any]
) -> None:
    assert is_right(memory, question), memory.ask(question["question"])
