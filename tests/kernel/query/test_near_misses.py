"""Near misses in somebody else's words: nothing is claimed that the screens do not say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from contracts.answer import Answer
from contracts.text import TextPage
from tests.kernel.query.memory import FIXTURES, Memory, page_names, shown, text_page

FOLDER = FIXTURES / "near_misses"
QUESTIONS: list[dict[str, Any]] = json.loads((FOLDER / "questions.json").read_bytes())["questions"]
RECALL_MIN = 0.75


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    """The fixture pages and those of the folder in one store."""
    made = Memory.open(tmp_path_factory.mktemp("near"))
    for name in page_names():
        made.take_in(name)
    for name in own_pages():
        made.capture((FOLDER / f"{name}.png").read_bytes(), name)
        made.commit(page_of(name))
    yield made
    made.close()


def own_pages() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.png"))


def page_of(name: str) -> TextPage:
    if name not in own_pages():
        return text_page(name)
    return msgspec.json.decode((FOLDER / f"{name}.json").read_bytes(), type=TextPage)


def is_right(answer: Answer, question: dict[str, Any]) -> bool:
    blob = page_of(question["page"]).blob
    cited = {c.blob for claim in answer.claims for c in claim.citations}
    return blob in cited and all(part in shown(answer) for part in question["contains"])


def test_nothing_is_claimed_that_is_only_nearly_said(memory: Memory) -> None:
    asked = [q["question"] for q in QUESTIONS if q["page"] is None]
    answers = {text: memory.ask(text) for text in asked}
    assert len(asked) >= 90
    assert {text: a.answer for text, a in answers.items() if a.claims} == {}


def test_most_of_what_is_said_is_found_and_little_else(memory: Memory) -> None:
    asked = [q for q in QUESTIONS if q["page"] is not None]
    answers = [(q, memory.ask(q["question"])) for q in asked]
    right = [q["question"] for q, answer in answers if is_right(answer, q)]
    wrong = [(q["question"], a.answer) for q, a in answers if a.claims and not is_right(a, q)]
    assert len(right) >= RECALL_MIN * len(asked), {q["question"] for q in asked} - set(right)
    assert len(wrong) <= len(asked) // 25, wrong
