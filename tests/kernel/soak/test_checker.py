"""What an answer is worth: right, wrong, made up, or cited from another frame."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.soak.book import Book, Planted
from kernel.soak.checker import judge, overlap_milli
from kernel.soak.commands import Said
from kernel.soak.facts import make_fact

FACT = make_fact(1, 1, "mail")
BOX = (20, 100, 300, 16)
SIDES = st.integers(0, 500)


@pytest.fixture
def book() -> Book:
    made = Book()
    made.add("f0000001-0", 1_000_000, "d1", {FACT.fact_id: (FACT, BOX)})
    made.add("f0000002-0", 2_000_000, "d1", {}, same_as="f0000001-0")
    made.add("f0000003-0", 3_000_000, "d3", {})
    return made


def said(text: str, *frames: str, box: tuple[int, ...] = (20, 98, 322, 118)) -> Said:
    citations = [{"source_path": f"/in/{frame}.png", "box": list(box)} for frame in frames]
    claims: list[dict[str, Any]] = [{"text": text, "citations": citations}] if text else []
    return Said({"state": "ok" if text else "no_evidence", "answer": text, "claims": claims}, 0, 9)


def planted(book: Book) -> Planted:
    return book.facts[FACT.fact_id]


def test_the_right_answer_from_any_frame_with_the_same_bytes_is_right(book: Book) -> None:
    for frame in ("f0000001-0", "f0000002-0"):
        found = judge(said(FACT.line, frame), planted(book), book)
        assert (found.found, found.cited, found.event_ok) == (True, True, True)
        assert found.box_iou_milli > 600
        assert found.problem == ""


def test_a_citation_of_a_frame_that_does_not_show_it_is_wrong(book: Book) -> None:
    found = judge(said(FACT.line, "f0000001-0", "f0000003-0"), planted(book), book)
    assert found.found
    assert not found.event_ok
    assert "does not show" in found.problem


def test_a_box_elsewhere_is_wrong(book: Book) -> None:
    found = judge(said(FACT.line, "f0000001-0", box=(20, 300, 322, 320)), planted(book), book)
    assert (found.event_ok, found.box_iou_milli) == (False, 0)


def test_a_claim_without_citation_is_uncited(book: Book) -> None:
    assert not judge(said(FACT.line), planted(book), book).cited


def test_another_answer_is_not_found_and_says_so(book: Book) -> None:
    found = judge(said("Amount due: 1.00", "f0000001-0"), planted(book), book)
    assert not found.found
    assert not found.event_ok
    assert found.problem == "the answer is another one"


def test_no_evidence_is_not_found_and_nothing_is_wrong_with_it(book: Book) -> None:
    found = judge(said(""), planted(book), book)
    assert (found.found, found.event_ok, found.problem) == (False, True, "")


def test_a_command_that_failed_is_a_problem(book: Book) -> None:
    found = judge(Said(None, 1, 5.0, "database is locked"), planted(book), book)
    assert "database is locked" in found.problem
    assert not found.event_ok


@given(SIDES, SIDES, st.integers(1, 500), st.integers(1, 500))
def test_a_box_overlaps_itself_wholly(x: int, y: int, width: int, height: int) -> None:
    assert overlap_milli((x, y, x + width, y + height), (x, y, width, height)) == 1000
    assert overlap_milli((x + width, y, x + 2 * width, y + height), (x, y, width, height)) == 0
