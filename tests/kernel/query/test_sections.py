"""Headings are over what lies below them, as far as the next one; titles over their container."""

from __future__ import annotations

import pytest

from kernel.query.layout import PageLayout
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas


def addresses() -> Canvas:
    canvas = Canvas()
    canvas.text(60, 60, "Customer Lindt AG")
    for top, heading, street, code in (
        (120, "Billing address", "Main Road 4", "LS11"),
        (260, "Shipping address", "Canal Wharf 9", "BD1"),
    ):
        canvas.text(60, top, heading)
        canvas.text(60, top + 28, "Street")
        canvas.text(260, top + 28, street)
        canvas.text(60, top + 56, "Postcode")
        canvas.text(260, top + 56, code)
    return canvas


def headings(layout: PageLayout, text: str) -> set[str]:
    piece = next(p for p in layout.pieces if p.text == text)
    return {layout.pieces[at].text for at in layout.outline.over(piece)}


def test_a_heading_is_over_its_section_alone() -> None:
    layout = PageLayout(addresses().page())
    assert "Billing address" in headings(layout, "LS11")
    assert "Shipping address" not in headings(layout, "LS11")
    assert "Shipping address" in headings(layout, "BD1")
    assert "Billing address" not in headings(layout, "BD1")


def test_another_section_has_another_heading() -> None:
    layout = PageLayout(addresses().page())
    pieces = {piece.text: piece for piece in layout.pieces}
    assert layout.outline.heads_others(pieces["Shipping address"], pieces["LS11"])
    assert not layout.outline.heads_others(pieces["Billing address"], pieces["LS11"])
    assert not layout.outline.heads_others(pieces["Street"], pieces["LS11"])


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the postcode of the billing address?", "LS11"),
        ("What is the postcode of the shipping address?", "BD1"),
    ],
)
def test_a_value_is_that_of_its_section(question: str, answer: str) -> None:
    assert answer in (best(question, addresses().page()) or "")


@pytest.mark.parametrize("line", ["Ada King 10:20", "Terms: 30 days", "$ ls -l", "ok = 3"])
def test_a_byline_a_field_and_a_command_are_no_headings(line: str) -> None:
    canvas = Canvas()
    canvas.text(60, 120, line)
    canvas.text(60, 144, "The crane was moved to dock four on the third of May")
    layout = PageLayout(canvas.page())
    assert line not in headings(layout, layout.pieces[-1].text)
