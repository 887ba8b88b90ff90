"""Two states side by side, as the rules of `actions` look at them.

Covers: what stands in which window and pane, which elements both have. Does not cover: what that
means (`actions`, `typing_acts`, `scroll_acts`, `window_acts`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from contracts.base import ElementId, EventId, UtcMicros
from contracts.capture import CaptureEvent
from contracts.change import ElementChange
from contracts.screen import Element, ScreenState
from plugins.screen_state.tree import LEAVES, PANE_PERMILLE


@dataclass(frozen=True, slots=True)
class Moment:
    """When a frame was captured, and what the capture itself knew; None is not known."""

    event_id: EventId
    at_us: UtcMicros
    app: str | None = None
    window_title: str | None = None
    cursor: tuple[int, int] | None = None


def moment_of(event: CaptureEvent) -> Moment:
    """What the capture says of its moment."""
    cursor = None if event.cursor is None else (event.cursor.x, event.cursor.y)
    return Moment(event.event_id, event.captured_at_us, event.app, event.window_title, cursor)


@dataclass(frozen=True)
class View:
    """One state with its tree looked up."""

    state: ScreenState

    @cached_property
    def by_id(self) -> dict[ElementId, Element]:
        """Every element."""
        return {element.element_id: element for element in self.state.elements}

    @cached_property
    def home(self) -> dict[ElementId, ElementId | None]:
        """For every element the pane it stands in, else the window, else None.

        Cards and panels are no homes: they move with what they hold.
        """
        homes: dict[ElementId, ElementId | None] = {}
        for element in self.state.elements:
            is_pane = element.role == "pane" and element.confidence_permille >= PANE_PERMILLE
            if element.role == "window" or is_pane:
                homes[element.element_id] = element.element_id
            else:
                homes[element.element_id] = (
                    None if element.parent is None else homes[element.parent]
                )
        return homes

    @cached_property
    def window(self) -> dict[ElementId, ElementId | None]:
        """For every element the window it stands in, or None."""
        windows: dict[ElementId, ElementId | None] = {}
        for element in self.state.elements:
            if element.role == "window":
                windows[element.element_id] = element.element_id
            else:
                windows[element.element_id] = (
                    None if element.parent is None else windows[element.parent]
                )
        return windows

    def leaves(self) -> Iterator[Element]:
        """Elements that hold text."""
        return (element for element in self.state.elements if element.role in LEAVES)

    def leaves_in(self, home: ElementId | None) -> list[Element]:
        """Those that stand in a pane or window."""
        return [e for e in self.leaves() if e.text and self.home[e.element_id] == home]

    def windows(self) -> list[Element]:
        """Windows, the one on top first."""
        return [element for element in self.state.elements if element.role == "window"]

    def homes(self) -> list[ElementId | None]:
        """Panes and windows that hold text, in order."""
        return list(dict.fromkeys(self.home[e.element_id] for e in self.leaves()))


@dataclass(frozen=True)
class Comparison:
    """Two frames that follow each other and what changed between them."""

    before: View
    after: View
    changes: Sequence[ElementChange]
    earlier: Moment
    later: Moment

    @property
    def gap_us(self) -> int:
        """Microseconds between the frames; 0 where a clock went back."""
        return max(0, self.later.at_us - self.earlier.at_us)

    def common(self) -> Iterator[tuple[Element, Element]]:
        """Leaves that stand in both, as they were and as they are."""
        for element in self.after.leaves():
            old = self.before.by_id.get(element.element_id)
            if old is not None:
                yield old, element


@dataclass(frozen=True, slots=True)
class Act:
    """An action before it is a record."""

    action: str
    confidence_permille: int
    basis: tuple[str, ...]
    elements: tuple[ElementId, ...]
    element_id: ElementId | None = None
    text: str | None = None
    shift: tuple[int, int] | None = None
    is_observed: bool = False
