"""Windows switched, opened and closed; controls clicked.

A switch is seen where the bar of windows lights another button and the window of that name is
there, or where the capture itself names the program in front. A click is seen where the pointer
(which the capture records) stands on a control and what follows from it happened. Everything else
has other explanations (a program that comes to the front, a hover, a key) and is not said.

Covers: the rules for these. Does not cover: windows that are switched with no bar in sight and
nothing known of the capture, unless nearly all of the frame was replaced.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from typing import Final

from contracts.base import ElementId
from contracts.screen import Element
from plugins.screen_state.geometry import area, is_in
from plugins.screen_state.identity import is_alike
from plugins.screen_state.tree import LEAVES
from plugins.screen_state.views import Act, Comparison, View

BAR_BUTTONS_MIN: Final = 3
LIT_STEP: Final = 40
"""A lit button's colour differs by so much (sum over channels) from that of the others."""

EVEN_STEP: Final = 30
OBSERVED_PERMILLE: Final = 1000
LIT_AND_SHOWN_PERMILLE: Final = 900
LIT_PERMILLE: Final = 600
REPLACED_PERMILLE: Final = 500
REPLACED_SHARE: Final = 0.8
LARGE_SHARE: Final = 0.25
BUTTON_CAME_PERMILLE: Final = 600
CLICK_SWITCH_PERMILLE: Final = 800
CLICK_PERMILLE: Final = 600
FOLLOWED_MIN: Final = 3


def find_switch(pair: Comparison) -> Act | None:
    """The switch to another window, if there was one."""
    told = _told_by_capture(pair)
    if told is not None:
        return told
    if _capture_says_same(pair):
        return None
    before, after = _lit(pair.before), _lit(pair.after)
    if before is not None and after is not None:
        if before.element_id == after.element_id or before.text == after.text:
            return None
        shown = _window_named(pair.after, after.text)
        if shown is None:
            basis: tuple[str, ...] = ("bar-button-lit",)
            return Act(
                "switched_window", LIT_PERMILLE, basis, _ids(before, after), None, after.text
            )
        basis = ("bar-button-lit", "window-shown")
        return Act(
            "switched_window",
            LIT_AND_SHOWN_PERMILLE,
            basis,
            _ids(before, after, shown),
            shown.element_id,
            shown.text,
        )
    return _replaced(pair)


def _told_by_capture(pair: Comparison) -> Act | None:
    old, new = pair.earlier, pair.later
    if old.app is None or new.app is None or old.app == new.app:
        return None
    shown = _window_named(pair.after, new.window_title)
    return Act(
        "switched_window",
        OBSERVED_PERMILLE,
        ("capture-names-app",),
        () if shown is None else (shown.element_id,),
        None if shown is None else shown.element_id,
        new.window_title or new.app,
        is_observed=True,
    )


def _capture_says_same(pair: Comparison) -> bool:
    old, new = pair.earlier, pair.later
    return old.app is not None and old.app == new.app and old.window_title == new.window_title


def _ids(*elements: Element) -> tuple[ElementId, ...]:
    return tuple(dict.fromkeys(element.element_id for element in elements))


def bar_buttons(view: View) -> list[Element]:
    """The buttons of the bar of windows: the pane outside of all windows with the most."""
    bars: dict[ElementId | None, list[Element]] = {}
    for element in view.state.elements:
        if element.role == "button" and view.window[element.element_id] is None:
            bars.setdefault(view.home[element.element_id], []).append(element)
    most = max(bars.values(), key=len, default=[])
    return most if len(most) >= BAR_BUTTONS_MIN else []


def _lit(view: View) -> Element | None:
    """The one button of the bar that differs from the others, which are alike."""
    buttons = [button for button in bar_buttons(view) if button.fill is not None]
    if len(buttons) < BAR_BUTTONS_MIN:
        return None
    ground = _median([_channels(button) for button in buttons])
    far = [b for b in buttons if _distance(_channels(b), ground) >= LIT_STEP]
    rest = [b for b in buttons if b not in far]
    even = all(_distance(_channels(b), ground) <= EVEN_STEP for b in rest)
    return far[0] if len(far) == 1 and even else None


def _channels(element: Element) -> tuple[int, int, int]:
    fill = element.fill or 0
    return fill >> 16 & 255, fill >> 8 & 255, fill & 255


def _median(colours: Sequence[tuple[int, int, int]]) -> tuple[int, int, int]:
    red, green, blue = (int(statistics.median(channel)) for channel in zip(*colours, strict=True))
    return red, green, blue


def _distance(a: Sequence[int], b: Sequence[int]) -> int:
    return sum(abs(x - y) for x, y in zip(a, b, strict=True))


def _window_named(view: View, title: str | None) -> Element | None:
    if not title:
        return None
    same = [window for window in view.windows() if window.text == title]
    alike = [window for window in view.windows() if is_alike(window.text, title)]
    return next(itertools.chain(same, alike), None)


def _replaced(pair: Comparison) -> Act | None:
    """Another window in the place of one, with another program's name and other content."""
    olds, news = pair.before.windows(), pair.after.windows()
    if not olds or not news:
        return None
    old, new = olds[0], news[0]
    frame = pair.after.state.width_px * pair.after.state.height_px
    large = min(area(old.box), area(new.box)) >= LARGE_SHARE * frame
    if old.element_id == new.element_id or not large or old.element_id in pair.after.by_id:
        return None
    if _program(old) == _program(new) or None in {_program(old), _program(new)}:
        return None
    texts = [
        e.text for e in pair.before.leaves() if pair.before.window[e.element_id] == old.element_id
    ]
    kept = {e.text for e in pair.after.leaves()}
    gone = sum(text not in kept for text in texts)
    if not texts or gone < REPLACED_SHARE * len(texts):
        return None
    return Act(
        "switched_window",
        REPLACED_PERMILLE,
        ("title-replaced", "content-replaced"),
        _ids(old, new),
        new.element_id,
        new.text,
    )


def _program(window: Element) -> str | None:
    """What stands after the last dash of a title: by custom the program's name."""
    text = (window.text or "").replace("\u2014", "-").replace("\u2013", "-")
    return text.rsplit(" - ", 1)[1].strip() if " - " in text else None


def find_opened(pair: Comparison) -> list[Act]:
    """Windows that came with a new button in the bar, or went with their button."""
    acts = []
    for action, source, target in (
        ("opened", pair.before, pair.after),
        ("closed", pair.after, pair.before),
    ):
        names = {button.text for button in bar_buttons(source)}
        if not names:
            continue
        fresh = [
            b
            for b in bar_buttons(target)
            if b.text not in names and b.element_id not in source.by_id
        ]
        for button in fresh:
            window = _window_named(target, button.text)
            if window is not None and window.element_id not in source.by_id:
                basis = ("bar-button-came" if action == "opened" else "bar-button-went", "window")
                ids = _ids(button, window)
                acts.append(
                    Act(action, BUTTON_CAME_PERMILLE, basis, ids, window.element_id, window.text)
                )
    return acts


def find_click(pair: Comparison, switch: Act | None) -> Act | None:
    """The click on the control under the pointer, if what it does was done."""
    point = pair.later.cursor
    if point is None or pair.earlier.cursor is None:
        return None
    control = _control_at(pair.before, point)
    if control is None or not is_in(pair.earlier.cursor, control.box):
        return None
    if switch is not None and "bar-button-lit" in switch.basis:
        if control.text and switch.text and is_alike(control.text, switch.text):
            basis = ("pointer-on-control", "switched-to-it")
            ids = _ids(control) + switch.elements
            return Act(
                "clicked", CLICK_SWITCH_PERMILLE, basis, ids[:8], control.element_id, control.text
            )
        return None
    return _followed(pair, control)


def _control_at(view: View, point: tuple[int, int]) -> Element | None:
    hits = [e for e in view.state.elements if e.role in {"button", "field"} and is_in(point, e.box)]
    return min(hits, key=lambda e: (area(e.box), e.element_id), default=None)


def _followed(pair: Comparison, control: Element) -> Act | None:
    """A click by what followed: a caret in the field, or the button and its window changed."""
    now = pair.after.by_id.get(control.element_id)
    if control.role == "field":
        if now is not None and now.caret_x is not None and control.caret_x is None:
            basis = ("pointer-on-control", "caret-came")
            return Act(
                "clicked", CLICK_PERMILLE, basis, _ids(control), control.element_id, control.text
            )
        return None
    window = pair.before.window[control.element_id]
    came_or_went = [
        change.element_id
        for change in pair.changes
        if change.change in {"appeared", "vanished"}
        and _is_leaf(pair, change.element_id)
        and change.element_id != control.element_id
        and _window_of(pair, change.element_id) == window
    ]
    pressed = now is None or now.fill != control.fill
    if not pressed or len(came_or_went) < FOLLOWED_MIN:
        return None
    signs = ("pointer-on-control", "control-changed", "content-changed")
    ids = (control.element_id, *sorted(came_or_went)[:8])
    return Act("clicked", CLICK_PERMILLE, signs, ids, control.element_id, control.text)


def _is_leaf(pair: Comparison, element_id: ElementId) -> bool:
    element = pair.after.by_id.get(element_id) or pair.before.by_id[element_id]
    return element.role in LEAVES


def _window_of(pair: Comparison, element_id: ElementId) -> ElementId | None:
    view = pair.after if element_id in pair.after.by_id else pair.before
    return view.window[element_id]
