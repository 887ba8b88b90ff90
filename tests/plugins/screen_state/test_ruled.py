"""Rows parted by rules or fills are tables; settings, lists of mails and forms are none."""

from __future__ import annotations

import numpy as np
import pytest

from contracts.screen import ScreenState
from plugins.screen_state.edges import Rules
from plugins.screen_state.ruled import find_ruled
from tests.plugins.screen_state.desk import CHAR, Desk, roles, state_of
from tools.state_score import page_state

Row = list[list[str]]
"""A row's cells, each by its lines."""

LINE = "#e4e4e8"
BANK: list[Row] = [
    [["20 Feb"], ["Corner shop", "card payment"], ["-12.40"], ["940.10"]],
    [["19 Feb"], ["Town works", "salary of a month"], ["+1,900.00"], ["952.50"]],
    [["17 Feb"], ["Ferry line"], ["-38.00"], ["-947.50"]],
]


def bold(desk: Desk, text: str, x: int, y: int) -> None:
    desk.text(text, x, y)
    for at, char in enumerate(text):
        for step in (1, 2):
            desk.pen.text((x + at * CHAR + step, y), char, fill="black", font_size=14)


def rows(desk: Desk, body: list[Row], xs: list[int], top: int, pitch: int, right: int) -> int:
    """Rows with a rule below each; columns from the third on end at their place."""
    for row in body:
        for at, lines in enumerate(row):
            for number, line in enumerate(lines):
                x = xs[at] - CHAR * len(line) if at > 1 else xs[at]
                desk.text(line, x, top + 10 + 19 * number)
        top += pitch
        desk.pen.line((xs[0] - 10, top, right, top), fill=LINE)
    return top


def cells(state: ScreenState) -> dict[tuple[int | None, int | None], str | None]:
    return {(cell.row, cell.column): cell.text for cell in roles(state, "cell")}


def test_rows_between_light_rules_are_a_table_whose_cells_have_several_lines() -> None:
    desk = Desk(ground="white")
    xs = [60, 160, 560, 700]
    bold(desk, "Transactions of the month", 60, 40)
    for x, head in zip(xs, ("Booked", "What for", "Amount", "Balance"), strict=True):
        bold(desk, head, x if x < 500 else x - CHAR * len(head), 90)
    desk.pen.line((50, 114, 720, 114), fill=LINE)
    rows(desk, BANK, xs, 114, 58, 720)
    desk.text("three entries are shown", 60, 380)
    state = state_of(desk)
    found = cells(state)
    assert [found[0, column] for column in range(4)] == ["Booked", "What for", "Amount", "Balance"]
    assert found[1, 1] == "Corner shop\ncard payment"
    assert (found[2, 0], found[2, 2], found[3, 3]) == ("19 Feb", "+1,900.00", "-947.50")
    assert len(found) == 16
    assert len(roles(state, "table")) == 1


def test_two_columns_with_a_head_are_a_table_below_another_one() -> None:
    desk = Desk(ground="white")
    bottom = 60
    for heads, pairs in (
        (("Plan", "Price"), [("Birch", "12"), ("Maple", "24"), ("Oak", "42")]),
        (("Reason", "Share"), [("Too dear", "38%"), ("Other", "15%")]),
    ):
        bold(desk, "A heading", 60, bottom)
        bold(desk, heads[0], 60, bottom + 34)
        bold(desk, heads[1], 520 - CHAR * len(heads[1]), bottom + 34)
        desk.pen.line((50, bottom + 58, 540, bottom + 58), fill=LINE)
        body = [[[name], [], [value]] for name, value in pairs]
        bottom = rows(desk, body, [60, 200, 520], bottom + 58, 36, 540) + 24
    state = state_of(desk)
    first, second = roles(state, "table")
    by_id = {element.element_id: element for element in state.elements}
    told: dict[str, list[str | None]] = {first.element_id: [], second.element_id: []}
    for cell in roles(state, "cell"):
        told[by_id[cell.parent or ""].parent or ""].append(cell.text)
    assert told[first.element_id] == ["Plan", "Price", "Birch", "12", "Maple", "24", "Oak", "42"]
    assert told[second.element_id] == ["Reason", "Share", "Too dear", "38%", "Other", "15%"]


def test_rows_on_grounds_that_take_turns_are_a_table() -> None:
    desk = Desk(ground="white")
    table = [("City", "Trains", "Late"), ("Graz", "41", "3"), ("Linz", "67", "12")]
    table += [("Wels", "18", "0"), ("Enns", "9", "1")]
    for at, row in enumerate(table):
        y = 60 + 30 * at
        fill = "#d8dce4" if not at else "#f4f5f8" if at % 2 else "white"
        desk.pen.rectangle((50, y, 560, y + 29), fill=fill)
        for x, text in zip((60, 260, 460), row, strict=True):
            desk.text(text, x, y + 7)
    found = cells(state_of(desk))
    assert found[0, 1] == "Trains"
    assert (found[2, 0], found[2, 2]) == ("Linz", "12")
    assert len(found) == 15


def test_without_a_head_rows_count_from_one() -> None:
    desk = Desk(ground="white")
    body = [
        [["Ada"], ["minutes of the walk"], ["11:37"]],
        [["Jon"], ["valve leaks again"], ["10:19"]],
        [["Kim"], ["two items are due"], ["09:00"]],
    ]
    desk.pen.line((50, 60, 620, 60), fill=LINE)
    rows(desk, body, [60, 200, 600], 60, 38, 620)
    found = cells(state_of(desk))
    assert {row for row, _ in found} == {1, 2, 3}
    assert found[2, 1] == "valve leaks again"


def one_rule(desk: Desk, heads: tuple[str, ...], xs: tuple[int, ...]) -> None:
    for x, head in zip(xs, heads, strict=True):
        bold(desk, head, x, 60)
    desk.pen.line((50, 84, 560, 84), fill=LINE)


def test_a_head_with_one_rule_heads_rows_that_nothing_parts() -> None:
    desk = Desk(ground="white")
    xs = (60, 260, 440)
    one_rule(desk, ("Who", "Day", "Hours"), xs)
    for at, row in enumerate((("Rosa", "Mon", "1.5"), ("Timo", "Tue", "0.5"), ("Ida", "Fri", "3"))):
        for x, text in zip(xs, row, strict=True):
            desk.text(text, x, 94 + 28 * at)
    desk.text("Nothing else was booked.", 60, 220)
    found = cells(state_of(desk))
    assert [found[0, column] for column in range(3)] == ["Who", "Day", "Hours"]
    assert (found[2, 0], found[3, 2]) == ("Timo", "3")
    assert len(found) == 12


@pytest.mark.parametrize("is_form", [False, True])
def test_a_head_alone_heads_two_rows_but_labels_head_no_fields(*, is_form: bool) -> None:
    desk = Desk(ground="white")
    xs = (60, 260, 460)
    for x, head in zip(xs, ("Disk", "Used", "Limit"), strict=True):
        desk.text(head, x, 60)
    for at, row in enumerate((("home", "41.7G", "50G"), ("scratch", "1.9T", "4T"))):
        for x, text in zip(xs, row, strict=True):
            if is_form:
                desk.field(text, x, 82 + 40 * at, width=160)
            else:
                desk.text(text, x, 82 + 22 * at)
    found = cells(state_of(desk))
    if is_form:
        assert found == {}
    else:
        assert [found[row, 1] for row in range(3)] == ["Used", "41.7G", "1.9T"]


def test_tabs_over_a_page_are_no_head() -> None:
    desk = Desk(ground="white")
    one_rule(desk, ("Activities", "Records", "Closure"), (60, 200, 320))
    for at in range(3):
        desk.text("Oskar Lindqvist", 60, 100 + 28 * at)
        desk.text("2025-10-14", 250, 100 + 28 * at)
        desk.text("note", 480, 100 + 28 * at)
    assert [cell for cell in cells(state_of(desk)).items() if cell[0][0] == 0] == []


def test_a_last_row_without_a_rule_and_a_foot_below_it() -> None:
    desk = Desk(ground="white")
    xs = [60, 160, 560, 700]
    for x, head in zip(xs, ("Booked", "What for", "Amount", "Balance"), strict=True):
        bold(desk, head, x if x < 500 else x - CHAR * len(head), 90)
    desk.pen.line((50, 114, 720, 114), fill=LINE)
    plain = [[[text] for (text, *_) in row] for row in BANK]
    bottom = rows(desk, plain, xs, 114, 36, 720)
    desk.pen.rectangle((40, bottom - 2, 740, bottom), fill="white")
    desk.text("Page 1", 60, bottom + 10)
    desk.text("Showing three of forty entries here", 236, bottom + 10)
    desk.text("Next", 660, bottom + 10)
    found = cells(state_of(desk))
    assert found[3, 1] == "Ferry line"
    assert {row for row, _ in found} == {0, 1, 2, 3}


def test_names_and_values_between_rules_are_no_table() -> None:
    desk = Desk(ground="white")
    settings = [("Sync interval", "15 minutes"), ("Copies to keep", "14"), ("Proxy port", "1080")]
    bold(desk, "Backup", 60, 40)
    desk.pen.line((50, 66, 540, 66), fill=LINE)
    rows(desk, [[[name], [], [value]] for name, value in settings], [60, 200, 520], 66, 40, 540)
    assert roles(state_of(desk), "table") == []


def test_sections_of_a_form_between_rules_are_no_table() -> None:
    desk = Desk(ground="white")
    for section in range(3):
        top = 30 + 170 * section
        bold(desk, "Address", 60, top)
        desk.pen.line((50, top + 22, 800, top + 22), fill=LINE)
        for row in range(3):
            for x, label in ((60, "Street"), (320, "City"), (580, "Code")):
                desk.text(label, x, top + 32 + 44 * row)
                desk.text(f"{label} {row}", x, top + 50 + 44 * row)
    assert roles(state_of(desk), "table") == []


@pytest.mark.parametrize("name", ["01_mail", "06_ticket", "14_kanban_hidpi"])
def test_pages_without_a_table_have_none(name: str) -> None:
    assert roles(page_state(name, "read"), "table") == []


def test_nothing_is_found_where_nothing_stands() -> None:
    grey = np.zeros((40, 40), dtype=np.uint8)
    assert find_ruled([], Rules((), ()), (0, 0, 40, 40), grey) == []
