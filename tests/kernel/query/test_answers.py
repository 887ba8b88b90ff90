"""Questions over the fixture pages: right answer, right citation, or none at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.answer import Answer
from kernel.config.errors import KernelError
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import rank
from tests.kernel.query import drawn
from tests.kernel.query.memory import (
    Memory,
    cites,
    page_names,
    questions,
    shown,
    text_page,
)

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


def is_right(answer: Answer, question: dict[str, Any]) -> bool:
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
    answer = memory.ask(question["question"])
    assert is_right(answer, question), answer


def test_at_least_95_percent_of_our_own_questions_are_answered_right(memory: Memory) -> None:
    asked = [q for q in questions(EXTRA) if q["page"] is not None]
    wrong = [q["question"] for q in asked if not is_right(memory.ask(q["question"]), q)]
    assert len(asked) >= 100
    assert len(wrong) <= len(asked) // 20, wrong


def test_nothing_is_claimed_where_the_evidence_has_only_something_near(memory: Memory) -> None:
    asked = [q["question"] for q in questions(EXTRA) if q["page"] is None]
    claimed = {text: memory.ask(text).answer for text in asked if memory.ask(text).claims}
    assert len(asked) >= 60
    assert claimed == {}


def test_a_question_is_answered_from_its_page_alone_as_among_others(tmp_path: Path) -> None:
    for name in ("06_ticket", "03_sheet"):
        alone = Memory.open(tmp_path / name)
        alone.take_in(name)
        mine = [q for q in questions(KNOWN) if q["page"] == name]
        assert [q["id"] for q in mine if not is_right(alone.ask(q["question"]), q)] == []
        alone.close()


@pytest.mark.parametrize("pad", [0, 3], ids=["tight", "loose"])
def test_layouts_that_no_fixture_has_are_read_alike_however_tight_the_boxes(pad: int) -> None:
    layouts = {name: PageLayout(make(pad)) for name, make in drawn.PAGES.items()}
    wrong = []
    for page, text, expected in drawn.QUESTIONS:
        question = analyse(text)
        found = [
            (scored.score, name, scored.candidate.text)
            for name, layout in layouts.items()
            for scored in rank(layout, question)
        ]
        _, name, said = max(found, default=(0, None, ""))
        if name != page or expected not in said:
            wrong.append((text, said))
    assert wrong == []


@pytest.mark.parametrize("name", page_names())
def test_every_page_is_laid_out_whatever_the_order_of_its_lines(name: str) -> None:
    page = text_page(name)
    turned = type(page)(
        blob=page.blob,
        width_px=page.width_px,
        height_px=page.height_px,
        engine=page.engine,
        engine_version=page.engine_version,
        lines=page.lines[::-1],
    )
    for question in questions(KNOWN):
        analysed = analyse(question["question"])
        straight = rank(PageLayout(page), analysed)[:1]
        backwards = rank(PageLayout(turned), analysed)[:1]
        assert [s.score for s in straight] == [s.score for s in backwards]


@pytest.mark.parametrize("nothing", ["", "?", " ... "])
def test_a_question_without_a_word_is_refused_with_a_next_step(
    tmp_path: Path, nothing: str
) -> None:
    memory = Memory.open(tmp_path)
    with pytest.raises(KernelError) as caught:
        memory.ask(nothing)
    memory.close()
    assert (caught.value.code, caught.value.exit_code) == ("question-empty", 2)
    assert "kernel query" in str(caught.value.hint)
