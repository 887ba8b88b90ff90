"""Cards, panels and notes are panes of their own, nested; controls and rows of tables are not."""

from __future__ import annotations

import pytest

from contracts.screen import Element, ScreenState
from plugins.screen_state.edges import Rules
from plugins.screen_state.panels import find_panels, nest, panel_at
from tests.plugins.screen_state.desk import Desk, roles, state_of, with_text
from tools.state_score import page_state


def ancestors(state: ScreenState, text: str, role: str = "pane") -> list[Element]:
    """Elements of a role around a text, the innermost first."""
    by_id = {element.element_id: element for element in state.elements}
    found = []
    at: Element | None = with_text(state, text)
    while at is not None:
        if at.role == role:
            found.append(at)
        at = None if at.parent is None else by_id[at.parent]
    return found


@pytest.mark.parametrize(("radius", "outline"), [(0, "#d0d4e0"), (10, "#d0d4e0"), (8, None)])
def test_cards_beside_each_other_are_panes(radius: int, outline: str | None) -> None:
    desk = Desk(ground="#eef0f4")
    for at, (name, value) in enumerate((("Churn rate", "1.84%"), ("Open tickets", "186"))):
        box = (40 + 300 * at, 60, 310 + 300 * at, 150)
        desk.pen.rounded_rectangle(box, radius, fill="white", outline=outline)
        desk.text(name, box[0] + 16, 76)
        desk.text(value, box[0] + 16, 112)
    state = state_of(desk)
    first, second = ancestors(state, "1.84%"), ancestors(state, "186")
    assert [pane.box for pane in first] == [(40, 60, 311, 151)]
    assert first == ancestors(state, "Churn rate")
    assert second == ancestors(state, "Open tickets") != first


def test_a_card_in_a_card_is_its_child_and_its_table_lies_in_it() -> None:
    desk = Desk(ground="white")
    desk.window("Board", (20, 20, 900, 520))
    desk.pen.rectangle((60, 80, 500, 460), fill="#eceff4")
    desk.text("In progress", 80, 92)
    desk.pen.rectangle((80, 130, 480, 220), fill="white")
    desk.text("Speed up the start", 100, 144)
    desk.text("three points", 100, 184)
    for at, row in enumerate(("NAME   SIZE   USED", "root   468G   311G")):
        for line in range(1 if not at else 4):
            desk.text(row, 100, 260 + 20 * (at + line))
    state = state_of(desk)
    inner, outer = ancestors(state, "three points")
    assert (inner.box, outer.box) == ((80, 130, 481, 221), (60, 80, 501, 461))
    assert inner.parent == outer.element_id
    table = roles(state, "table")[0]
    assert table.parent == outer.element_id
    assert [w.text for w in ancestors(state, "In progress", "window")] == ["Board"]


def test_a_list_below_the_bar_of_a_window_ends_where_its_side_ends() -> None:
    desk = Desk(ground="white")
    desk.window("Mail", (20, 20, 900, 560))
    for at, name in enumerate(("Ada", "Jon", "Kim")):
        y = 49 + 60 * at
        desk.text(name, 40, y + 8)
        desk.text("a short line", 40, y + 30)
        desk.pen.line((21, y + 60, 300, y + 60), fill="#c8c8c8")
    desk.pen.line((300, 49, 300, 229), fill="#c8c8c8")
    desk.text("Dear all", 340, 80)
    state = state_of(desk)
    (pane,) = ancestors(state, "Kim")
    assert pane.box[2] == 301
    assert ancestors(state, "Jon") == [pane]
    assert ancestors(state, "Dear all") == []


def test_a_note_with_one_long_line_is_a_pane_and_a_chosen_entry_is_none() -> None:
    desk = Desk(ground="white")
    desk.pen.rectangle((40, 40, 700, 80), fill="#fff0d8")
    desk.text("this setting will be removed in the next release", 56, 52)
    desk.pen.rectangle((40, 140, 300, 172), fill="#d0e0ff")
    desk.text("Privacy", 56, 148)
    state = state_of(desk)
    assert len(ancestors(state, "this setting will be removed in the next release")) == 1
    assert ancestors(state, "Privacy") == []


def test_fields_and_buttons_are_no_panes_and_stay_in_their_card() -> None:
    desk = Desk(ground="#eef0f4")
    desk.pen.rectangle((40, 40, 600, 300), fill="white", outline="#c0c0c0")
    desk.text("Street", 60, 56)
    desk.field("22 Mossgate Lane in the old town", 60, 80)
    desk.button("Save", 60, 200)
    state = state_of(desk)
    assert len(roles(state, "pane")) == 1
    (card,) = ancestors(state, "22 Mossgate Lane in the old town")
    assert [e.role for e in state.elements if e.parent == card.element_id] == [
        "block",
        "field",
        "button",
    ]


def test_a_box_right_below_a_field_begins_at_its_own_border() -> None:
    desk = Desk(ground="white")
    desk.field("Germany", 60, 60, width=300)
    box = (60, 106, 372, 180)
    desk.pen.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill="white", outline="black")
    desk.text("Please ring twice and", 72, 118)
    desk.text("leave it with Mr Grabowski", 72, 138)
    assert [pane.box for pane in roles(state_of(desk), "pane")] == [box]


def test_entries_between_rules_are_blocks_of_their_own() -> None:
    desk = Desk(ground="white")
    for at, name in enumerate(("Ada", "Jon", "Kim")):
        y = 40 + 44 * at
        desk.text(f"{name} wrote", 40, y + 4)
        desk.text("a short line", 40, y + 24)
        desk.pen.line((30, y + 42, 300, y + 42), fill="#c8c8c8")
    state = state_of(desk)
    owners = [ancestors(state, f"{name} wrote", "block") for name in ("Ada", "Jon", "Kim")]
    assert len({block.element_id for (block,) in owners}) == 3


def test_a_field_that_its_text_fills_is_told_by_the_fields_around_it() -> None:
    desk = Desk(ground="white")
    desk.field("marta", 200, 60, width=240)
    full = "sync.lumenote.example:7443"
    desk.pen.rectangle((200, 120, 439, 151), fill="white", outline="black")
    desk.text(full, 216, 128)
    desk.pen.rectangle((600, 120, 839, 151), fill="white", outline="black")
    desk.text(full[:-1] + "4", 616, 128)
    state = state_of(desk)
    assert with_text(state, full).role == "field"
    assert with_text(state, full[:-1] + "4").role == "button"


def test_rows_on_another_ground_are_parts_of_their_table_and_no_panes() -> None:
    desk = Desk(ground="white")
    rows = [("City", "Trains", "Late"), ("Graz", "41", "3"), ("Linz", "67", "12")]
    rows += [("Wels", "18", "0"), ("Enns", "9", "1")]
    for at, row in enumerate(rows):
        y = 60 + 50 * at
        if at % 2:
            desk.pen.rectangle((50, y, 560, y + 49), fill="#e4e8f0")
        for x, text in zip((60, 260, 460), row, strict=True):
            desk.text(text, x, y + 6)
            desk.text("of 99" if at else "by day", x, y + 26)
    state = state_of(desk)
    assert roles(state, "pane") == []
    assert {cell.row for cell in roles(state, "cell")} == {0, 1, 2, 3, 4}


def test_a_window_with_round_corners_is_told_by_its_bar() -> None:
    desk = Desk()
    desk.pen.rounded_rectangle((100, 60, 800, 460), 10, fill="#fff6d0")
    desk.pen.rounded_rectangle((100, 60, 800, 110), 10, fill="#e8d880")
    desk.pen.rectangle((100, 90, 800, 460), fill="#fff6d0")
    desk.text("Sticky notes", 120, 68)
    desk.text("Locker 8350", 120, 140)
    state = state_of(desk)
    (window,) = roles(state, "window")
    assert window.text == "Sticky notes"
    assert ancestors(state, "Locker 8350", "window") == [window]


def test_cards_of_a_board_hold_their_texts() -> None:
    state = page_state("14_kanban_hidpi", "read")
    (card,) = ancestors(state, "Detect scroll by row hashes")
    assert ancestors(state, "SR-207") == [card]
    assert ancestors(state, "SR-201") != [card]


def test_boxes_nest_by_size() -> None:
    boxes = [(0, 0, 900, 500), (20, 20, 400, 300), (40, 40, 200, 100), (500, 20, 800, 100)]
    assert nest(boxes) == [None, 0, 1, 0]
    assert panel_at((50, 50), boxes) == 2
    assert panel_at((950, 50), boxes) is None
    assert find_panels(Rules((), ()), [], 900, 500, []) == []
