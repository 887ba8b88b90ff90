"""Where an answer may come from: a window of time, an application, a window, a monitor.

Covers: the filter itself, whether an event passes it, saying it in words. Does not cover:
reading it from a question (`kernel.query.plan`). Pure.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from contracts.capture import CaptureEvent
from kernel.query.times import MICROS, local
from kernel.query.timezones import pass_mark
from kernel.store.folding import squash

END_US = 253_402_300_800_000_000
"""The end of year 9999: later than any capture."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Events that count; the default lets all of them pass.

    ``from_us`` to ``to_us`` (exclusive) in UTC. ``app`` and ``title`` are parts of the names,
    whatever their case. ``places`` are parts of which one must be in the name or the title:
    "in the terminal".
    """

    from_us: int = 0
    to_us: int = END_US
    app: str = ""
    title: str = ""
    monitor: int | None = None
    places: tuple[str, ...] = ()
    near: tuple[int, int] | None = None
    """The minute or second that was asked for: of like frames the nearest to it counts."""

    def away_us(self, moment_us: int) -> int:
        """How far a moment lies from the one that was asked for; nothing where none was."""
        if self.near is None:
            return 0
        return max(self.near[0] - moment_us, moment_us - self.near[1] + 1, 0)

    @property
    def ends_at_its_second(self) -> bool:
        """Whether one second is asked about, and nothing after it counts."""
        near = self.near
        return near is not None and near[1] - near[0] == MICROS and self.to_us == near[1]

    @property
    def is_timed(self) -> bool:
        """Whether it leaves out some time."""
        return self.from_us > 0 or self.to_us < END_US

    @property
    def is_open(self) -> bool:
        """Whether all events pass."""
        return self == Scope()

    def admits(self, event: CaptureEvent) -> bool:
        """Whether the event passes."""
        return (
            self.from_us <= event.captured_at_us < self.to_us
            and (self.monitor is None or event.monitor == self.monitor)
            and self.admits_window(event.app, event.window_title)
        )

    def admits_window(self, app: str | None, title: str | None) -> bool:
        """Whether a window of that application and title passes."""
        if self.app and not _holds(app, self.app):
            return False
        if self.title and not _holds(title, self.title):
            return False
        return not self.places or any(
            _holds(app, place) or _holds(title, place) for place in self.places
        )

    @property
    def names_windows(self) -> bool:
        """Whether it asks for windows by name."""
        return bool(self.app or self.title or self.places)

    def within(self, from_us: int, to_us: int) -> Scope:
        """The part of it that lies in another window of time; may hold no time at all."""
        start = max(self.from_us, from_us)
        return replace(self, from_us=start, to_us=max(start, min(self.to_us, to_us)))

    def describe(self, zone: dt.tzinfo) -> tuple[str, ...]:
        """What is asked for besides time, and the time in local terms; for the answer's notes."""
        said = []
        if self.is_timed:
            start = f"from {_minute(self.from_us, zone)}" if self.from_us else ""
            end = f"until {_minute(self.to_us, zone)}" if self.to_us < END_US else ""
            said.append(" ".join(part for part in (start, end) if part))
        said += [f"application {self.app}"] if self.app else []
        said += [f"window {self.title}"] if self.title else []
        said += [f"in windows named {' or '.join(self.places)}"] if self.places else []
        said += [f"monitor {self.monitor}"] if self.monitor is not None else []
        return tuple(said)


def _minute(moment_us: int, zone: dt.tzinfo) -> str:
    moment = local(moment_us, zone)
    return f"{moment:%Y-%m-%d %H:%M:%S}{pass_mark(moment)}"


def _holds(name: str | None, part: str) -> bool:
    return bool(name) and squash(part) in squash(name or "")
