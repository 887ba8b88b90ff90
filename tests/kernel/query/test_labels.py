"""Labels: the value beside, below or over them, and what is none."""

from __future__ import annotations

import pytest

from kernel.query.containers import Area
from kernel.query.labels import is_column_head, label_over, neighbour_fields
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import find_hits, rank
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


def contacts() -> PageLayout:
    """Two sections of a form, each label over a field; and the layout with the fields' areas."""
    c = Canvas()
    areas = []
    for top, heading, name, phone in (
        (100, "Primary contact", "Ida Moss", "+44 113 555 0101"),
        (300, "Secondary contact", "Ulf Berg", "+44 113 555 0202"),
    ):
        c.text(40, top, heading)
        for left, label, value in ((40, "Name", name), (360, "Mobile", phone)):
            c.text(left, top + 34, label, px=11)
            c.text(left + 8, top + 54, value)
            areas.append(Area("field", (left, top + 48, left + 300, top + 78)))
    return PageLayout(c.page(), areas)


def test_what_stands_in_a_field_is_of_the_label_over_it_and_is_no_label() -> None:
    layout = contacts()
    pieces = {piece.text: piece for piece in layout.pieces}
    found = label_over(layout, pieces["Ida Moss"])
    assert found is not None
    assert found.text == "Name"
    assert label_over(layout, pieces["Primary contact"]) is None
    hits = find_hits(layout, analyse("What is the mobile number of Ida Moss?"))
    assert {made.text for made in neighbour_fields(layout, hits)} == {
        "Mobile: +44 113 555 0101",
        "Mobile: +44 113 555 0202",
    }


@pytest.mark.parametrize(("name", "number"), [("Ida Moss", "0101"), ("Ulf Berg", "0202")])
def test_fields_of_one_section_tell_of_one_thing(name: str, number: str) -> None:
    layout = contacts()
    best = rank(layout, analyse(f"What is the mobile number of {name}?"), [])
    assert best[0].candidate.value.endswith(number)


def test_nobody_else_has_the_number() -> None:
    layout = contacts()
    assert not rank(layout, analyse("What is the mobile number of Ulf Moss?"), [])


def cards() -> PageLayout:
    """Cards with an id, a title of one or two lines, and who has it."""
    c = Canvas()
    areas = []
    for number, (key, title, last) in enumerate(
        (
            ("MH-527", ["Import all subscribers from", "Lumo CSV"], "Petra Hain 5 points"),
            ("MH-512", ["Migrate seat maps to tiles"], "Jonna Virta 8 points"),
            ("MH-519", ["Refund fees"], "next quarter"),
        )
    ):
        top = 100 + 120 * number
        c.block(40, top, [key, *title])
        c.text(40, top + 20 * (1 + len(title)), last, px=13)
        areas.append(Area("pane", (28, top - 12, 240, top + 90)))
    return PageLayout(c.page(), areas)


@pytest.mark.parametrize(
    ("key", "title"),
    [
        ("MH-527", "Import all subscribers from Lumo CSV"),
        ("MH-512", "Migrate seat maps to tiles"),
        ("MH-519", "Refund fees"),
    ],
)
def test_a_title_goes_on_where_its_card_was_full(key: str, title: str) -> None:
    layout = cards()
    made = next(neighbour_fields(layout, find_hits(layout, analyse(f"What is {key} about?"))))
    assert made.value == title
    assert len(made.answer) == (2 if key == "MH-527" else 1)


def printed_form() -> PageLayout:
    """Boxes of a printed form: a caption in small print over what is filled in."""
    c = Canvas()
    boxes = (("Vessel", "MV Ardent"), ("Voyage", "618W"), ("Loaded at", "Colombo"))
    for number, (caption, value) in enumerate(boxes):
        x = 100 + 240 * number
        c.text(x, 200, caption, px=10)
        c.text(x, 217, value, px=15)
    return PageLayout(c.page())


def test_a_caption_beside_a_caption_is_not_its_value() -> None:
    found = rank(printed_form(), analyse("Which vessel is it?"))
    assert [s.candidate.value for s in found][:1] == ["MV Ardent"]
    assert "Voyage" not in [s.candidate.value for s in found]


def test_a_title_in_large_print_with_a_number_in_it_is_no_figure() -> None:
    c = Canvas()
    c.text(40, 100, "LP-11839 Laptop Norvik 14", px=20)
    c.text(40, 126, "Serial number")
    c.text(240, 126, "NV14-6620-8KQ")
    assert values(c, "What is the serial number of the laptop?") == ["NV14-6620-8KQ"]
