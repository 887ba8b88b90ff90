"""A stretch of time that a question names, and how several of them are one.

Covers: data, the part that windows have in common. Does not cover: reading them from a question
(`kernel.query.times`). Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time: from (or the beginning of all evidence) up to, not including, an end.

    Microseconds since 1970 UTC. ``understood`` says it in local time; ``start`` and ``end``
    are where the phrase stands in the question.
    """

    from_us: int
    to_us: int
    text: str
    understood: str
    notes: tuple[str, ...] = ()
    sure: bool = False
    start: int = 0
    end: int = 0
    at_us: tuple[int, int] | None = None
    """The minute or second that was named, where a point of time was: it is meant before others."""
    beyond_us: int = 0
    """How long the minute or second lasts that was named as the end: what is seen then counts."""

    @property
    def through_us(self) -> int:
        """The end with the whole of the minute that names it: from 9 to 10 the clock shows 10."""
        return self.to_us + self.beyond_us

    @property
    def is_second(self) -> bool:
        """Whether a time was named to the second."""
        return self.at_us is not None and self.at_us[1] - self.at_us[0] == _SECOND_US

    def holds(self, moment_us: int) -> bool:
        """Whether the moment lies in the window."""
        return self.from_us <= moment_us < self.to_us


def combined(windows: list[Window]) -> Window | None:
    """The one window that lies in all of them; None without any, empty when they part."""
    if not windows:
        return None
    start = max(window.from_us for window in windows)
    first = min(windows, key=lambda window: window.through_us)
    end = first.to_us
    return Window(
        from_us=start,
        to_us=max(start, end),
        text=", ".join(window.text for window in windows),
        understood=" and ".join(window.understood for window in windows),
        notes=tuple(note for window in windows for note in window.notes),
        sure=any(window.sure for window in windows),
        start=windows[0].start,
        end=windows[-1].end,
        at_us=next((window.at_us for window in windows if window.at_us), None),
        beyond_us=first.beyond_us,
    )
