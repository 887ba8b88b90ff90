"""What a summary shows first, and what it shows last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.text import TextPage
from kernel.query.answering import Limits
from kernel.query.summary import heads_on
from tests.kernel.query.drawn import Canvas
from tests.kernel.query.week import Desk

HEADS = [
    "Responsible colleague of the Budapest cluster",
    "Monthly recurring subscription expenditure",
    "Provisioned datacentre availability region",
]
ROWS = [
    ["Priya Raman on call", "412.00 EUR", "warehouse in Rotterdam"],
    ["Kwame Boateng away", "58.50 EUR", "warehouse in Antwerpen"],
    ["Sofia Lindgren on call", "17.25 EUR", "warehouse in Hamburg"],
]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk.open(tmp_path)
    yield made
    made.close()


def table() -> TextPage:
    canvas = Canvas()
    canvas.rows([60, 700, 1200], 120, 30, [HEADS, *ROWS])
    return canvas.page()


def test_heads_are_left_out_where_there_is_enough_else(desk: Desk) -> None:
    canvas = Canvas()
    rows = [[f"Colleague {n} looks after pump {n}", f"{n}.50 EUR", ""] for n in range(20)]
    canvas.rows([60, 700, 1200], 120, 30, [HEADS, *rows])
    desk.show("25 09:00:00", canvas.page(), app="Sheets")
    answer = desk.ask("What was I doing yesterday?", limits=Limits(claims_max=1))
    said = {claim.text for claim in answer.claims}
    assert len(said) == 12
    assert not said & set(HEADS)


def test_a_row_of_heads_stands_over_figures_and_has_none() -> None:
    assert heads_on(table()) == frozenset(HEADS)
    canvas = Canvas()
    canvas.rows([60, 700, 1200], 120, 30, [[row[0], row[2], row[2]] for row in ROWS])
    assert heads_on(canvas.page()) == frozenset()
