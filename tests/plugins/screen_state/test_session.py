"""Frames of a recorded session, with the lines that the browser laid out: what was done there."""

from __future__ import annotations

import json
from functools import cache

import pytest

from contracts.change import Delta
from contracts.screen import ScreenState
from plugins.screen_state.actions import infer_actions
from plugins.screen_state.delta import apply_delta, diff, make_delta
from plugins.screen_state.state import FrameFacts, build_state, to_grey
from plugins.screen_state.views import Moment
from tests.plugins.screen_state.desk import event_id, roles
from tools.state_score import load_rgb, squeeze
from tools.state_truth import ROOT, TRUTH, Frame, code_lines, true_session_page

FRAMES = ("f00064", "f00065", "f00212", "f00213", "f00333", "f00334", "f00888")


@cache
def frames() -> dict[str, Frame]:
    document = json.loads((ROOT / "tests/fixtures/session_lines.json").read_text("utf-8"))
    texts = document["texts"]
    return {
        entry["name"]: Frame(
            name=entry["name"],
            at_ms=entry["t_ms"],
            segment=entry["segment"],
            lines=tuple((texts[number], x, y) for number, x, y in entry["lines"]),
        )
        for entry in document["frames"]
    }


def state(name: str, number: int, before: ScreenState | None = None) -> ScreenState:
    rgb = load_rgb(TRUTH / "session" / f"{name}.webp")
    page = true_session_page(frames()[name], to_grey(rgb), "0" * 64)
    return build_state(page, rgb, FrameFacts(event_id(number), 0), before)


def step(first: str, second: str) -> tuple[ScreenState, ScreenState, Delta]:
    before = state(first, 1)
    after = state(second, 2, before)
    moments = [
        Moment(event_id(number), frames()[name].at_ms * 1000)
        for number, name in ((1, first), (2, second))
    ]
    changes = diff(before.elements, after.elements)
    delta = make_delta(before, after, infer_actions(before, after, changes, *moments))
    assert apply_delta(before, delta) == after
    return before, after, delta


def test_what_is_typed_in_the_editor_is_told_and_the_clock_is_not() -> None:
    before, after, delta = step("f00064", "f00065")
    assert [(a.action, a.text) for a in delta.actions] == [("typed", "or spe")]
    told = {e.line_number: squeeze(e.text) for e in after.elements if e.line_number is not None}
    assert told == {number: squeeze(text) for number, text in code_lines(frames()["f00065"])}
    assert {e.element_id for e in before.elements} == {e.element_id for e in after.elements}


@pytest.mark.parametrize("pair", [("f00212", "f00213"), ("f00333", "f00334")])
def test_a_chat_and_a_terminal_that_scroll_by_themselves_show_no_action(
    pair: tuple[str, str],
) -> None:
    _, _, delta = step(*pair)
    assert sum(change.change == "moved" for change in delta.changes) >= 10
    assert delta.actions == ()


def test_a_switch_to_another_window_is_told() -> None:
    _, after, delta = step("f00334", "f00888")
    assert [(a.action, a.text) for a in delta.actions] == [
        ("switched_window", "Team chat - #storage")
    ]
    assert [window.text for window in roles(after, "window")] == [
        "Team chat - #storage",
        "Language reference - Web Browser",
    ]
