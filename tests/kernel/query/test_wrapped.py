"""A quoted phrase is found although the line ends in the middle of it, and both lines are cited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.text import TextPage
from kernel.query.question import analyse
from kernel.query.wrapped import find_wrapped, parts_of
from tests.kernel.query.drawn import Canvas
from tests.kernel.query.week import Desk, at

FIRST = "Please note that the connection was"
SECOND = "refused by the host of the harbour."


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk.open(tmp_path)
    made.shoot("25 09:00:00", ["Daily report", FIRST])
    for clock in ("25 09:00:10", "25 09:00:40"):
        made.show(clock, page([FIRST, SECOND]))
    yield made
    made.close()


def page(lines: list[str], *, x: int = 0, pitch: int = 20) -> TextPage:
    canvas = Canvas()
    for number, line in enumerate(lines):
        canvas.text(100 + x * number, 100 + pitch * number, line)
    return canvas.page()


@pytest.mark.parametrize(
    ("phrase", "head", "tail"),
    [
        ("the connection was refused by the host", "the connection was", "refused by the host"),
        ("was refused", "was", "refused"),
        ("connection was refused by", "connection was", "refused by"),
    ],
)
def test_a_phrase_over_a_line_end_is_found_and_both_lines_are_cited(
    desk: Desk, phrase: str, head: str, tail: str
) -> None:
    answer = desk.ask(f'"{phrase}" yesterday')
    (claim,) = answer.claims
    assert [c.text for c in claim.citations] == [FIRST, SECOND]
    assert [c.text[c.text_start : c.text_end] for c in claim.citations] == [head, tail]
    assert (claim.first_us, claim.last_us) == (at("25 09:00:10"), at("25 09:00:40"))
    assert "the phrase runs over the end of a line" in answer.notes


@pytest.mark.parametrize(
    "phrase",
    [
        "was accepted",
        "the connection was denied by the host",
        "connection refused",
        "host Please note",
    ],
)
def test_other_words_are_not_the_phrase(desk: Desk, phrase: str) -> None:
    assert desk.ask(f'"{phrase}" yesterday').claims == ()


def test_only_lines_of_one_block_continue_each_other() -> None:
    terms = analyse('"was refused"').terms
    assert len(parts_of(page([FIRST, SECOND]), terms)) == 2
    assert parts_of(page([FIRST, SECOND], pitch=300), terms) == ()
    assert parts_of(page([FIRST, SECOND], x=900), terms) == ()
    assert parts_of(page([FIRST, "in between", SECOND]), terms) == ()


def test_the_other_words_of_the_question_must_stand_there_too(desk: Desk) -> None:
    assert find_wrapped(desk.reading('"was refused" harbour'), desk.sources()).claims
    assert not find_wrapped(desk.reading('"was refused" lighthouse'), desk.sources()).claims
    assert not find_wrapped(desk.reading("refused harbour"), desk.sources()).claims
