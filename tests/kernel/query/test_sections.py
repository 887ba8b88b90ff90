"""Headings are over what lies below them, as far as the next one; titles over their container."""

from __future__ import annotations

import pytest

from kernel.query.containers import Area
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import rank
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


NOTE = Area("window", (1000, 400, 1500, 800))
SHELL = Area("window", (980, 20, 1900, 390))


def note_under_a_terminal() -> Canvas:
    canvas = Canvas()
    canvas.text(1004, 40, "ops@mill-2: ~")
    canvas.block(1004, 80, ["ops@mill-2:~$ uptime", "up 3 days", "ops@mill-2:~$ ls", "a.txt"])
    canvas.text(1004, 412, "Sticky note", px=12)
    canvas.text(1010, 460, "Audit of the mill", px=18)
    canvas.text(1010, 494, "Auditor: Gwen Thorne")
    canvas.text(1010, 526, "Room 7 has the projector")
    return canvas


def answer_of(question: str, canvas: Canvas, *areas: Area) -> str:
    found = rank(PageLayout(canvas.page(), areas), analyse(question))
    return found[0].candidate.text if found else ""


def test_a_terminal_puts_out_nothing_in_another_window() -> None:
    layout = PageLayout(note_under_a_terminal().page(), (SHELL, NOTE))
    auditor = next(p for p in layout.pieces if p.text.startswith("Auditor"))
    assert layout.prompt_over(auditor) is None
    listed = next(p for p in layout.pieces if p.text == "a.txt")
    prompt = layout.prompt_over(listed)
    assert prompt is not None
    assert prompt.text.endswith("ls")


def test_a_note_is_about_its_first_line() -> None:
    canvas = note_under_a_terminal()
    assert "Gwen Thorne" in answer_of("Who is the auditor of the mill?", canvas, SHELL, NOTE)
    assert not answer_of("Who is the auditor of the harbour?", canvas, SHELL, NOTE)


def test_a_heading_with_an_identifier_that_begins_like_a_year_is_no_byline() -> None:
    canvas = Canvas()
    canvas.text(60, 120, "Quotation Q-2026-0719")
    canvas.text(60, 144, "Net: 80.00")
    layout = PageLayout(canvas.page())
    assert "Quotation Q-2026-0719" in headings(layout, "Net: 80.00")
