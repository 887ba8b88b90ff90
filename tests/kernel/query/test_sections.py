"""Headings are over what lies below them, as far as the next one; titles over their container."""

from __future__ import annotations

import pytest

from kernel.query.containers import Area
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import rank
from kernel.query.sections import names_its_page
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


PANE = Area("pane", (40, 40, 1800, 700))
FIELDS = [Area("field", (x + 490, y - 14, x + 700, y + 14)) for x in (60, 900) for y in (170, 300)]


def settings_in_two_columns() -> Canvas:
    """Sections side by side whose rows stand at the same heights: no gutter parts them."""
    canvas = Canvas()
    canvas.text(60, 60, "General", px=30)
    for x, heading, rows in (
        (60, "Critical results", (("Upper limit", "Adult inpatients", "6.2"),)),
        (900, "Security", (("Session limit", "Full sign-in needed", "10 hours"),)),
    ):
        canvas.text(x, 130, heading, px=22)
        for number, (label, hint, value) in enumerate(rows):
            y = 170 + 60 * number
            canvas.text(x, y, label)
            canvas.text(x, y + 20, hint, px=12)
            canvas.text(x + 500, y, value)
    canvas.text(60, 260, "Reporting", px=22)
    canvas.text(900, 260, "Data and backup", px=22)
    for x, label, value in ((60, "Lower limit", "4 pages"), (900, "Nightly limit", "70 GB")):
        canvas.text(x, 300, label)
        canvas.text(x, 320, "Set by the manager", px=12)
        canvas.text(x + 500, 300, value)
    return canvas


def test_headings_side_by_side_are_each_over_their_column() -> None:
    layout = PageLayout(settings_in_two_columns().page(), (PANE, *FIELDS))
    assert headings(layout, "Upper limit") >= {"Critical results"}
    assert not headings(layout, "Upper limit") & {"Security", "Reporting"}
    assert "Security" in headings(layout, "Session limit")
    assert "Critical results" not in headings(layout, "Lower limit")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the critical upper limit?", "6.2"),
        ("What is the critical upper limit for adult inpatients?", "6.2"),
        ("What is the critical lower limit?", ""),
        ("What is the security upper limit?", ""),
    ],
)
def test_a_heading_says_which_one_is_meant_of_what_a_label_names(
    question: str, answer: str
) -> None:
    found = answer_of(question, settings_in_two_columns(), PANE, *FIELDS)
    assert answer in found
    assert bool(answer) == bool(found)


def record() -> Canvas:
    """A form over a table, both of one patient."""
    canvas = Canvas()
    for y, label, value in (
        (100, "Accession", "26-0310"),
        (140, "Patient", "Winifred Castellane"),
        (180, "Hospital number", "SB 448 201"),
        (220, "Requested by", "Priya Menon"),
    ):
        canvas.right(240, y, label)
        canvas.text(262, y, value)
    rows = [["Test", "Result", "Unit"], ["Sodium", "131", "mmol/L"], ["Glucose", "9.3", "mmol/L"]]
    canvas.rows([80, 400, 700], 300, 30, [*rows, ["Magnesium", "0.79", "mmol/L"]])
    return canvas


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the glucose result of Winifred Castellane?", "9.3"),
        ("What is the hospital number of Winifred Castellane?", "SB 448 201"),
        ("What is the glucose result of Priya Menon?", ""),
        ("What is the hospital number of Priya Menon?", ""),
    ],
)
def test_a_record_is_of_its_patient_and_not_of_who_did_something(
    question: str, answer: str
) -> None:
    found = answer_of(question, record())
    assert answer in found
    assert bool(answer) == bool(found)


def test_a_label_is_said_of_the_name_that_its_value_begins_with() -> None:
    canvas = Canvas()
    for y, text in ((100, "Milestone"), (126, "7.4.0 (due 17 April 2026)"), (170, "Risk class")):
        canvas.text(60, y, text)
    canvas.text(60, 196, "C - medium")
    assert "17 April" in answer_of("When is milestone 7.4.0 due?", canvas)
    assert not answer_of("When is release 7.4.0 due?", canvas)
    assert not answer_of("When is milestone 7.5.0 due?", canvas)


CARDS = [
    Area("pane", (20, 90, 1800, 700)),
    Area("pane", (30, 100, 600, 300)),
    Area("pane", (30, 320, 600, 520)),
    Area("pane", (620, 100, 1200, 300)),
]


def cards() -> Canvas:
    """What a machine has, in cards of which the first one names it, and one of a contact."""
    canvas = Canvas()
    for x, top, heading, rows in (
        (50, 120, "Device", (("Computer name", "heron-desk"), ("Model", "Lark 14"))),
        (50, 340, "Hardware", (("Memory", "48 GB"), ("Disk", "2 TB"))),
        (640, 120, "Contact", (("Name", "Mikael Berg"), ("Phone", "+46 73 904"))),
    ):
        canvas.text(x, top, heading, px=16)
        for number, (label, value) in enumerate(rows):
            canvas.text(x, top + 40 + 34 * number, label)
            canvas.text(x + 300, top + 40 + 34 * number, value)
    return canvas


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How much memory does heron-desk have?", "48 GB"),
        ("What is the phone of Mikael Berg?", "+46 73 904"),
        ("How much memory does kite-desk have?", ""),
        ("What is the memory of Mikael Berg?", ""),
        ("What is the model of Mikael Berg?", ""),
    ],
)
def test_a_page_is_of_what_its_first_field_names_and_a_card_of_what_its_own_does(
    question: str, answer: str
) -> None:
    found = answer_of(question, cards(), *CARDS)
    assert answer in found
    assert bool(answer) == bool(found)


def test_the_phone_of_a_contact_is_not_that_of_whose_record_it_is_on() -> None:
    canvas = cards()
    canvas.text(40, 50, "Employee Zofia Nowak", px=24)
    for number, button in enumerate(("Edit", "Print", "Close")):
        canvas.text(1200 + 90 * number, 50, button)
    areas = [Area("window", (20, 20, 1800, 700)), *CARDS]
    assert "48 GB" in answer_of("How much memory does Zofia Nowak have?", canvas, *areas)
    assert not answer_of("What is the phone of Zofia Nowak?", canvas, *areas)


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("https://trips.example/itinerary/TRP-48152", True),
        ("https://shop.example/orders?selected=PW-58292", True),
        ("https://shop.example/orders?range=today", False),
        ("see https://shop.example/orders/PW-58292", False),
        ("/srv/data/TRP-48152", False),
    ],
)
def test_an_address_that_ends_in_an_identifier_names_its_page(address: str, *, named: bool) -> None:
    assert names_its_page(address) is named


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the total of trip TRP-48152?", "2,880.70"),
        ("What is the total of trip TRP-47760?", None),
        ("What is the total of trip TRP-4815?", None),
    ],
)
def test_what_the_address_names_is_what_the_page_is_of(question: str, answer: str | None) -> None:
    canvas = Canvas()
    canvas.text(20, 20, "Singapore - Browser")
    canvas.text(20, 50, "https://trips.example/itinerary/TRP-48152")
    canvas.text(1200, 400, "Trip total")
    canvas.text(1500, 400, "2,880.70")
    canvas.text(1200, 600, "Other trips")
    canvas.text(1200, 630, "TRP-47760 Porto")
    said = best(question, canvas.page())
    assert (said is None) if answer is None else (answer in (said or ""))
