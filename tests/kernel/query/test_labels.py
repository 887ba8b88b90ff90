"""Labels: the value beside, below or over them, and what is none."""

from __future__ import annotations

from kernel.query.labels import is_column_head, neighbour_fields
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import find_hits
from tests.kernel.query.drawn import Canvas


def values(canvas: Canvas, question: str) -> list[str]:
    layout = PageLayout(canvas.page())
    return [made.value for made in neighbour_fields(layout, find_hits(layout, analyse(question)))]


def test_a_value_stands_beside_its_label_or_below_it() -> None:
    c = Canvas()
    c.text(40, 100, "Warranty")
    c.text(240, 100, "36 months")
    c.text(900, 300, "Serial number", px=11)
    c.text(900, 318, "FQ-88120")
    assert "36 months" in values(c, "How long is the warranty?")
    assert "FQ-88120" in values(c, "What is the serial number?")


def test_a_figure_in_large_print_is_of_the_caption_below_it() -> None:
    c = Canvas()
    c.text(40, 100, "418", px=30)
    c.text(40, 130, "Parcels scanned", px=13)
    assert values(c, "How many parcels were scanned?")[0] == "418"


def test_heads_of_columns_are_told_from_labels() -> None:
    c = Canvas()
    rows = [["Tool", "Bay", "Keeper"], ["drill", "B4", "Ida"], ["saw", "B5", "Ulf"]]
    c.rows([40, 200, 360], 100, 30, rows)
    layout = PageLayout(c.page())
    assert is_column_head(layout, layout.pieces[1])
    assert not is_column_head(layout, layout.pieces[-1])
