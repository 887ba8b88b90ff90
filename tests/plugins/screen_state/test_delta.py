"""A delta and the state before give the state after, byte for byte; ids stay while things stay."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from contracts import canonical
from contracts.screen import Element, ScreenState
from plugins.screen_state.delta import (
    DeltaMismatch,
    apply_changes,
    apply_delta,
    diff,
    make_delta,
)
from plugins.screen_state.identity import is_alike
from plugins.screen_state.shifts import find_shifts
from tests.plugins.screen_state.desk import Desk, event_id, state_of, with_text

IDS = st.integers(0, 30)
TEXTS = st.none() | st.sampled_from(["a", "b", "invoice 12", ""])


@st.composite
def elements(draw: st.DrawFn) -> tuple[Element, ...]:
    numbers = draw(st.lists(IDS, unique=True, max_size=16))
    made: list[Element] = []
    for number in numbers:
        x, y = draw(st.integers(0, 50)), draw(st.integers(0, 50))
        parent = draw(st.sampled_from([None, *(e.element_id for e in made)]))
        made.append(
            Element(
                element_id=f"el-{number:016x}",
                parent=parent,
                role=draw(st.sampled_from(["line", "cell", "block"])),
                role_standing="derived",
                box=(x, y, x + 9, y + 9),
                text=draw(TEXTS),
                row=draw(st.none() | st.integers(0, 3)),
                fill=draw(st.none() | st.integers(0, 9)),
            )
        )
    return tuple(made)


def state(parts: tuple[Element, ...], number: int = 1) -> ScreenState:
    return ScreenState(
        event_id=event_id(number),
        blob=f"{number:064x}",
        monitor=0,
        width_px=100,
        height_px=100,
        elements=parts,
        extractor="screen_state",
        extractor_version="1.0.0",
        before_event=None if number == 1 else event_id(number - 1),
    )


@settings(max_examples=100, deadline=None)
@given(before=elements(), after=elements())
def test_changes_applied_to_the_list_before_give_the_list_after(
    before: tuple[Element, ...], after: tuple[Element, ...]
) -> None:
    assert apply_changes(before, diff(before, after)) == after


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(elements(), min_size=1, max_size=5))
def test_a_chain_of_deltas_leads_from_nothing_to_every_state(
    steps: list[tuple[Element, ...]],
) -> None:
    before: ScreenState | None = None
    rebuilt: ScreenState | None = None
    for number, parts in enumerate(steps, start=1):
        after = state(parts, number)
        delta = make_delta(before, after)
        rebuilt = apply_delta(rebuilt, delta)
        assert canonical.encode(rebuilt) == canonical.encode(after)
        assert delta.changes == tuple(sorted(delta.changes, key=lambda c: c.element_id))
        before = after


@settings(max_examples=30, deadline=None)
@given(parts=elements())
def test_equal_lists_have_no_changes(parts: tuple[Element, ...]) -> None:
    assert diff(parts, parts) == ()


@settings(max_examples=30, deadline=None)
@given(before=elements(), after=elements())
def test_a_delta_is_refused_for_another_state(
    before: tuple[Element, ...], after: tuple[Element, ...]
) -> None:
    delta = make_delta(state(before, 1), state(after, 2))
    other = replace(state(before, 1), monitor=1)
    with pytest.raises(DeltaMismatch):
        apply_delta(other, delta)
    with pytest.raises(DeltaMismatch):
        apply_delta(None, delta)


def test_the_kinds_of_change_say_what_was_before_and_what_is_now() -> None:
    def line(number: int, y: int, text: str) -> Element:
        return Element(
            element_id=f"el-{number:016x}",
            role="line",
            role_standing="observed",
            box=(0, y, 9, y + 9),
            text=text,
            text_standing="observed",
        )

    before = (line(1, 0, "stays"), line(2, 10, "moves"), line(3, 20, "grow"), line(4, 30, "goes"))
    after = (line(1, 0, "stays"), line(2, 15, "moves"), line(3, 20, "grows"), line(5, 40, "comes"))
    changes = {change.change: change for change in diff(before, after)}
    assert set(changes) == {"moved", "changed", "vanished", "appeared"}
    assert (changes["moved"].before_box, changes["moved"].after_box) == (
        (0, 10, 9, 19),
        (0, 15, 9, 24),
    )
    assert (changes["changed"].before_text, changes["changed"].after_text) == ("grow", "grows")
    assert (changes["vanished"].before_text, changes["vanished"].after_text) == ("goes", None)
    assert (changes["appeared"].before_text, changes["appeared"].after_text) == (None, "comes")


def listing(texts: list[str], top: int, *, title: str = "Log") -> Desk:
    desk = Desk()
    desk.window(title, (0, 0, 960, 600))
    for at, text in enumerate(texts):
        y = top + 24 * at
        if 32 <= y <= 570:
            desk.text(text, 20, y)
    return desk


LOG = [f"entry number {at} of the list" for at in range(40)]


def test_elements_keep_their_ids_while_the_text_scrolls() -> None:
    before = state_of(listing(LOG, 40), 1)
    after = state_of(listing(LOG, 40 - 120), 2, before)
    for text in LOG[6:22]:
        assert with_text(before, text).element_id == with_text(after, text).element_id


def test_an_element_keeps_its_id_while_its_text_is_typed_and_while_a_clock_ticks() -> None:
    texts = ["to do", "10:31:07", "third"]
    more = ["to do today", "10:31:08", "third"]
    before = state_of(listing(texts, 40), 1)
    after = state_of(listing(more, 40), 2, before)
    for old, new in zip(texts, more, strict=True):
        assert with_text(before, old).element_id == with_text(after, new).element_id


def test_another_text_in_the_same_place_is_another_element() -> None:
    before = state_of(listing(["quarterly report"], 40), 1)
    after = state_of(listing(["holiday plans in may"], 40), 2, before)
    old, new = with_text(before, "quarterly report"), with_text(after, "holiday plans in may")
    assert old.element_id != new.element_id


def gutter(first: int, lost: dict[int, str], count: int = 22) -> Desk:
    """A code pane; ``lost`` says what was read where a number stands ("" for nothing)."""
    desk = Desk()
    desk.window("main.py - Editor", (0, 0, 960, 600))
    for at in range(count):
        number, y = first + at, 40 + 24 * at
        read = lost.get(number, str(number))
        if read:
            desk.text(read.rjust(3), 20, y, ink="#808080")
        desk.text("return" if number % 3 else f"value_{number} = compute(rest)", 60, y)
    return desk


@pytest.mark.parametrize("second", [{6: ""}, {6: "8"}, {}, {4: "", 9: "3"}])
@pytest.mark.parametrize("first", [{4: ""}, {}])
def test_lines_keep_their_ids_while_the_reader_loses_numbers_of_the_gutter(
    first: dict[int, str], second: dict[int, str]
) -> None:
    before = state_of(gutter(1, first), 1)
    after = state_of(gutter(1, second), 2, before)
    assert [e.element_id for e in before.elements] == [e.element_id for e in after.elements]


def test_a_line_that_lost_its_number_keeps_its_id_when_it_scrolls() -> None:
    before = state_of(gutter(1, {5: ""}), 1)
    after = state_of(gutter(3, {9: ""}), 2, before)
    ids = [[e.element_id for e in state.elements if e.role == "line"] for state in (before, after)]
    assert ids[0][2:] == ids[1][:-2]


def test_equal_texts_in_one_place_are_other_lines_after_a_jump() -> None:
    before = state_of(gutter(1, {5: ""}), 1)
    after = state_of(gutter(101, {}), 2, before)
    lines = [{e.element_id for e in s.elements if e.role == "line"} for s in (before, after)]
    assert not lines[0] & lines[1]


def test_a_window_and_its_text_keep_their_ids_while_it_is_dragged() -> None:
    def dragged(x: int, y: int) -> Desk:
        desk = Desk()
        desk.window("Notes", (x, y, x + 400, y + 300))
        for at, text in enumerate(["milk", "bread", "salt and pepper", "tea"]):
            desk.text(text, x + 20, y + 50 + 24 * at)
        return desk

    before = state_of(dragged(50, 50), 1)
    after = state_of(dragged(330, 170), 2, before)
    assert {e.element_id for e in before.elements} == {e.element_id for e in after.elements}


def test_a_new_element_never_takes_an_id_that_is_in_use() -> None:
    before = state_of(listing(LOG[:10], 40), 1)
    # The same event seen again: equal seeds, equal texts, and still all ids differ in one state.
    after = state_of(listing(LOG[:12], 40), 1, before)
    ids = [e.element_id for e in after.elements]
    assert len(ids) == len(set(ids))


@given(shift=st.tuples(st.integers(-90, 90), st.integers(-90, 90)), count=st.integers(3, 12))
def test_a_shift_of_several_texts_is_found(shift: tuple[int, int], count: int) -> None:
    before = [(f"t{at}", (100, 100 + 20 * at, 150, 112 + 20 * at)) for at in range(count)]
    after = [
        (key, (b[0] + shift[0], b[1] + shift[1], b[2] + shift[0], b[3] + shift[1]))
        for key, b in before
    ]
    assert find_shifts(before, after) == ([] if shift == (0, 0) else [shift])


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ("hel", "hello", True),
        ("10:00:01", "10:00:02", True),
        ("the cat sat", "the cow sat", True),
        ("quarterly report", "holiday plans", False),
        (None, "text", False),
        (None, None, True),
        ("", None, True),
    ],
)
def test_texts_are_alike_when_most_of_them_is(a: str | None, b: str | None, alike: bool) -> None:  # noqa: FBT001
    assert is_alike(a, b) is alike
    assert is_alike(b, a) is alike
