"""What the person did is told where nothing else explains it, and never without that."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from contracts.base import Box
from plugins.screen_state.scroll_acts import find_scrolls
from plugins.screen_state.typing_acts import find_typing
from plugins.screen_state.views import Comparison, Moment, View, moment_of
from plugins.screen_state.window_acts import bar_buttons, find_switch
from tests.plugins.screen_state.desk import Desk, capture, compare, event_id, state_of, with_text

APPS = ["Mail - Post", "Notes - Pad", "Build - Terminal", "Board - Browser"]


def editor(lines: list[str], *, caret: int | None = None, clock: str = "10:00:01") -> Desk:
    desk = Desk()
    desk.window("draft.txt - Pad", (0, 0, 960, 560))
    for at, text in enumerate(lines):
        box = desk.text(text, 30, 60 + 22 * at)
        if at == caret:
            desk.caret(box)
    desk.text(clock, 860, 575, ink="white")
    return desk


def test_text_that_grows_at_the_caret_was_typed() -> None:
    told = compare(editor(["dear", "how a"], caret=1), editor(["dear", "how are you"], caret=1))
    action = told.only()
    assert (action.action, action.text) == ("typed", "re you")
    assert action.confidence_permille >= 900
    assert action.standing == "derived"
    assert action.evidence == (event_id(1), event_id(2))
    assert action.elements == (with_text(told.after, "how are you").element_id,)
    assert set(action.basis) == {"caret-after", "caret-before", "text-grew"}
    assert {c.element_id for c in told.delta.changes} >= set(action.elements)


def test_a_new_line_with_the_caret_below_the_old_one_was_typed() -> None:
    told = compare(editor(["dear all"], caret=0), editor(["dear all,", "how"], caret=1))
    assert told.actions == [("typed", ",\nhow")]


def test_text_that_shrinks_at_the_caret_was_deleted() -> None:
    told = compare(editor(["hello world"], caret=0), editor(["hello"], caret=0))
    assert told.actions == [("deleted", " world")]


def test_a_long_text_at_once_is_hardly_typed() -> None:
    long = "so " + "much more text than a person types in half a second " * 1
    told = compare(editor(["so"], caret=0), editor([long.strip()], caret=0))
    assert told.only().confidence_permille <= 300


def test_a_caret_that_blinks_types_nothing() -> None:
    assert compare(editor(["hello"]), editor(["hello"], caret=0)).actions == []
    assert compare(editor(["hello"], caret=0), editor(["hello"])).actions == []


def test_the_letter_a_reader_makes_of_the_caret_is_not_typed() -> None:
    first, second = editor(["hello"]), editor(["hello"], caret=0)
    line = second.lines[1]
    x0, y0, x1, y1 = line.box
    box: Box = (x0, y0, x1 + 5, y1)
    second.lines[1] = type(line)(text="hellol", box=box, confidence_permille=900, words=line.words)
    told = compare(first, second)
    assert with_text(told.after, "hello").caret_x is not None
    assert [c.change for c in told.delta.changes if c.before_text != c.after_text] == []
    assert told.actions == []


QUIET = {
    "a clock ticks": (editor(["a"], clock="10:00:01"), editor(["a"], clock="10:00:02")),
    "a line grows without a caret": (editor(["loading."]), editor(["loading.."])),
    "a counter rises": (editor(["mails 9"]), editor(["mails 12"])),
    "an answer streams in while the caret rests elsewhere": (
        editor(["question", "The"], caret=0),
        editor(["question", "The answer"], caret=0),
    ),
    "two lines grow": (editor(["one", "two"]), editor(["one more", "two more"])),
    "lines come": (editor(["one"]), editor(["one", "two", "three"])),
    "nothing": (editor(["one"], caret=0), editor(["one"], caret=0)),
}


@pytest.mark.parametrize("name", QUIET)
def test_what_happens_by_itself_is_no_action(name: str) -> None:
    first, second = QUIET[name]
    assert compare(first, second).actions == []


def test_after_a_long_gap_nobody_is_said_to_have_typed() -> None:
    first, second = editor(["dear"], caret=0), editor(["dear all"], caret=0)
    assert compare(first, second, gap_us=60_000_000).actions == []


def feed(offset: int, texts: list[str], *, end: int = 560, title: str = "Board - Browser") -> Desk:
    """A window whose text begins ``offset`` below its bar (above 0: scrolled down)."""
    desk = Desk()
    desk.window(title, (0, 0, 960, end))
    for at, text in enumerate(texts):
        y = 40 + offset + 24 * at
        if 30 <= y <= end - 20:
            desk.text(text, 30, y)
    return desk


LONG = [f"paragraph {at} of the long document" for at in range(60)]


@pytest.mark.parametrize("pixels", [37, -37, 115, 250])
def test_a_text_that_moves_as_a_whole_was_scrolled(pixels: int) -> None:
    told = compare(feed(-240, LONG), feed(-240 - pixels, LONG))
    action = told.only()
    assert action.action == "scrolled"
    assert (action.shift_x_px, action.shift_y_px) == (0, -pixels)
    assert action.confidence_permille >= 600


def messages(count: int) -> Desk:
    """A chat with its newest message at the bottom, always at the same place."""
    texts = [f"message {at} from somebody" for at in range(count)]
    return feed(490 - 24 * (count - 1), texts, title="Chat - Talk")


@given(new=st.integers(1, 12))
@settings(max_examples=12, deadline=None)
def test_messages_that_come_in_at_the_end_are_no_scroll(new: int) -> None:
    assert compare(messages(30), messages(30 + new)).actions == []


def test_news_that_come_in_at_the_top_are_no_scroll() -> None:
    texts = ["breaking: it rains", *LONG]
    assert compare(feed(0, LONG), feed(0, texts)).actions == []


def test_a_banner_that_opens_above_a_text_is_no_scroll() -> None:
    def page(*, banner: bool) -> Desk:
        desk = Desk()
        desk.window("Board - Browser", (0, 0, 960, 560))
        desk.text("heading that stays", 30, 40)
        if banner:
            desk.text("new version available", 30, 64)
        for at in range(12):
            desk.text(LONG[at], 30, 70 + 24 * at + 24 * banner)
        return desk

    assert compare(page(banner=False), page(banner=True)).actions == []
    assert compare(page(banner=True), page(banner=False)).actions == []


def test_a_dragged_window_is_no_scroll() -> None:
    def dragged(y: int) -> Desk:
        desk = Desk()
        desk.window("Notes - Pad", (100, y, 600, y + 300))
        for at in range(8):
            desk.text(LONG[at], 120, y + 40 + 24 * at)
        return desk

    assert compare(dragged(50), dragged(110)).actions == []


def numbered(first: int) -> Desk:
    desk = Desk()
    desk.window("main.py - Editor", (0, 0, 960, 560))
    for at in range(22):
        desk.text(f"{first + at:>3}", 20, 40 + 23 * at, ink="#808080")
        desk.text(f"value_{first + at} = compute({(first + at) % 7})", 60, 40 + 23 * at)
    return desk


def test_a_code_pane_shows_a_scroll_by_its_numbers() -> None:
    action = compare(numbered(100), numbered(106)).only()
    assert (action.action, action.shift_y_px) == ("scrolled", -6 * 23)
    assert "line-numbers" in action.basis


def with_caret(desk: Desk, number: int) -> Desk:
    """The caret behind the line of code that has this number, if it is in view."""
    for line in desk.lines:
        if line.text.startswith(f"value_{number} "):
            desk.caret(line.box)
    return desk


@pytest.mark.parametrize("caret", [108, 112, 119])
@pytest.mark.parametrize("rows", [1, 6, -6])
def test_a_code_pane_is_scrolled_with_the_caret_in_view(rows: int, caret: int) -> None:
    first, second = with_caret(numbered(100), caret), with_caret(numbered(100 + rows), caret)
    action = compare(first, second).only()
    assert (action.action, action.shift_y_px) == ("scrolled", -rows * 23)
    assert "line-numbers" in action.basis
    # The caret blinks, or goes out of view.
    for pair in ((first, numbered(100 + rows)), (numbered(100), second)):
        assert compare(*pair).only().action == "scrolled"


def test_who_writes_on_at_the_end_of_a_code_pane_does_not_scroll() -> None:
    for before, after in ((121, 122), (121, None), (None, 122)):
        first, second = numbered(100), numbered(101)
        if before is not None:
            with_caret(first, before)
        if after is not None:
            with_caret(second, after)
        assert not any(name == "scrolled" for name, _ in compare(first, second).actions)


def desktop(front: str, *, others: tuple[str, ...] = (), lit: str | None = None) -> Desk:
    desk = Desk()
    for at, title in enumerate((*others, front)):
        desk.window(title, (60 + 40 * at, 20 + 30 * at, 700 + 40 * at, 420 + 30 * at))
        desk.text(f"content of {title}", 90 + 40 * at, 80 + 30 * at)
    desk.foot(APPS, front if lit is None else lit)
    return desk


def test_a_switch_is_told_by_the_lit_button_and_the_window() -> None:
    told = compare(desktop(APPS[0]), desktop(APPS[1], others=(APPS[0],)))
    action = told.only()
    assert (action.action, action.text) == ("switched_window", APPS[1])
    assert action.confidence_permille == 900
    assert action.element_id == told.after.elements[0].element_id


def test_a_switch_that_the_capture_saw_is_observed() -> None:
    told = compare(desktop(APPS[0]), desktop(APPS[1]), apps=("post", "pad"))
    action = told.only()
    assert (action.standing, action.confidence_permille) == ("observed", 1000)


def test_a_window_that_only_pops_up_is_no_switch() -> None:
    told = compare(desktop(APPS[0]), desktop(APPS[1], others=(APPS[0],), lit=APPS[0]))
    assert told.actions == []


def test_a_title_that_changes_within_a_program_is_no_switch() -> None:
    def browser(title: str, text: str) -> Desk:
        desk = Desk()
        desk.window(title, (0, 0, 960, 560))
        for at in range(6):
            desk.text(f"{text} {at}", 30, 60 + 24 * at)
        return desk

    first, second = browser("News - Browser", "today"), browser("Shop - Browser", "buy")
    assert compare(first, second).actions == []
    third = browser("Letter - Writer", "sincerely")
    assert compare(first, third).only().confidence_permille == 500


def test_a_click_needs_the_pointer_and_what_follows() -> None:
    button = desktop(APPS[0]).foot(APPS, APPS[0])[APPS[1]]
    pointer = ((button[0] + button[2]) // 2, (button[1] + button[3]) // 2)
    pair = (desktop(APPS[0]), desktop(APPS[1], others=(APPS[0],)))
    clicked = compare(*pair, cursor=pointer)
    assert clicked.actions == [("switched_window", APPS[1]), ("clicked", APPS[1])]
    assert compare(*pair, cursor=(5, 5)).actions == [("switched_window", APPS[1])]
    still = compare(desktop(APPS[0]), desktop(APPS[0]), cursor=pointer)
    assert still.actions == []


def dialog(*, is_open: bool, fill: str) -> Desk:
    desk = Desk()
    desk.window("Order - Browser", (0, 0, 960, 560))
    desk.button("Buy now", 300, 300, fill=fill)
    if is_open:
        for at, text in enumerate(["thank you", "your order is on its way", "number 4471"]):
            desk.text(text, 40, 60 + 30 * at)
    return desk


def test_a_button_under_the_pointer_that_changes_its_window_was_clicked() -> None:
    before, after = dialog(is_open=False, fill="#c0d0ff"), dialog(is_open=True, fill="#6080e0")
    assert compare(before, after, cursor=(340, 312)).actions == [("clicked", "Buy now")]
    # A hover lights the button and does nothing else.
    hover = dialog(is_open=False, fill="#6080e0")
    assert compare(before, hover, cursor=(340, 312)).actions == []
    assert compare(before, after, cursor=None).actions == []


def test_a_click_into_a_field_is_told_by_its_caret() -> None:
    def form(*, caret: bool) -> Desk:
        desk = Desk(ground="white")
        desk.window("Form - Browser", (0, 0, 960, 560))
        box = desk.field("Ada", 50, 100)
        if caret:
            desk.caret(desk.lines[-1].box)
        assert box
        return desk

    told = compare(form(caret=False), form(caret=True), cursor=(80, 112))
    assert told.actions == [("clicked", "Ada")]
    assert compare(form(caret=False), form(caret=True), cursor=(500, 400)).actions == []


def test_opened_and_closed_windows_come_and_go_with_their_button() -> None:
    def with_apps(titles: list[str], front: str) -> Desk:
        desk = Desk()
        desk.window(front, (60, 20, 700, 420))
        desk.text(f"content of {front}", 90, 80)
        desk.foot(titles, front)
        return desk

    few, more = with_apps(APPS[:3], APPS[0]), with_apps(APPS, APPS[3])
    assert ("opened", APPS[3]) in compare(few, more).actions
    assert ("closed", APPS[3]) in compare(more, few).actions


def test_the_rules_look_at_states_alone() -> None:
    before, after = state_of(desktop(APPS[0]), 1), state_of(desktop(APPS[1]), 2)
    pair = Comparison(
        View(before), View(after), (), moment_of(capture(1)), moment_of(capture(2, (3, 4)))
    )
    assert pair.later == Moment(event_id(2), 1_000_000, cursor=(3, 4))
    assert pair.gap_us == 500_000
    assert [button.text for button in bar_buttons(pair.after)] == APPS
    assert find_switch(pair) is not None
    assert find_typing(pair) == []
    assert find_scrolls(pair, []) == []
