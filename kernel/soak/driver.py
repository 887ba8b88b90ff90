"""Plays the day to the kernel as a capture program does: frames into the inbox, the activity file.

Covers: pace, handing over, the capture program's clock, emptying ``done`` behind itself. Does not
cover: what is on the screens (`kernel.soak.script`), what the kernel makes of it.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from contracts.canonical import digest_bytes
from kernel.soak.book import Book, describe_frame
from kernel.soak.day import Phase, Truth, phase_at
from kernel.soak.folder import RunFolder, now_us
from kernel.soak.part import Part
from kernel.soak.person import Person
from kernel.soak.pictures import Picture, Pictures
from kernel.soak.script import Pace

SOURCE = "soak"
TICKS_BEHIND_MAX = 4
"""A driver that is later than this leaves captures out, as a capture program would."""
INBOX_FILES_MAX = 5_000
DONE_KEPT_S = 120.0
CLEAN_EVERY_S = 30.0
CLOCK_BACK_S = 90
"""In the phase of the clock change the capture program's clock is behind by this."""
TRAVEL_OFFSET = dt.timedelta(hours=-5)


@dataclass(kw_only=True)
class Driver(Part):
    """Plays the phases from ``started_s`` (monotonic) on until it is stopped.

    ``resting``: make no more frames, but go on telling of the person; ``returned``: who is back,
    whatever the phase. ``captures_left_out``: it came too late, or the inbox was full.
    """

    folder: RunFolder
    book: Book
    phases: Sequence[Phase]
    pace: Pace
    pictures: Pictures
    inbox: Path
    person: Person
    started_s: float
    first_tick: int = 0
    on_turn: Callable[[Truth], None] = lambda _truth: None
    captures_left_out: int = 0
    resting: bool = False
    returned: bool = False
    cpu_s: float = 0.0
    _last: dict[int, tuple[str, str]] = field(default_factory=dict)
    _clean_at_s: float = 0.0
    _phase: Phase | None = None

    @property
    def phase(self) -> Phase:
        """The phase in force."""
        return self._phase or self.phases[0]

    def start(self) -> None:
        """Begin to play."""
        self.inbox.mkdir(parents=True, exist_ok=True)
        super().start()

    def _work(self) -> None:
        tick = self.first_tick
        while True:
            due_s = self.started_s + tick * self.pace.cadence_s
            if self._stop.wait(max(0.0, due_s - time.monotonic())):
                return
            late = int((time.monotonic() - due_s) / self.pace.cadence_s)
            phase = self._enter(phase_at(self.phases, tick * self.pace.cadence_s))
            self._signal(phase)
            pictures = () if self.resting else self.pictures.step(tick, phase)
            for monitor, picture in enumerate(pictures):
                if picture is None:
                    continue
                if late <= TICKS_BEHIND_MAX and self._has_room():
                    self._hand_over(tick, monitor, picture, phase)
                else:
                    self.captures_left_out += 1
            self._clean()
            self.cpu_s = time.thread_time()
            tick += 1

    def facts(self) -> dict[str, Any]:
        """What it tells of itself in each sample."""
        return {
            "driver_cpu_s": round(self.cpu_s, 3),
            "captures_left_out": self.captures_left_out,
        }

    def _enter(self, phase: Phase) -> Phase:
        if self.returned:
            phase = replace(phase, truth="active", name="return")
        if phase != self._phase:
            self._phase = phase
            self.folder.event("phase", name=phase.name, truth=phase.truth, length_s=phase.length_s)
        return phase

    def _signal(self, phase: Phase) -> None:
        # A machine that sleeps writes no signal.
        if phase.name != "suspend" and self.person.tick(phase.truth):
            self.on_turn(phase.truth)

    def _has_room(self) -> bool:
        return self.book.pending() < INBOX_FILES_MAX

    def _hand_over(self, tick: int, monitor: int, picture: Picture, phase: Phase) -> None:
        frame_id = f"f{tick:07d}-{monitor}"
        at_us = now_us()
        first_id, last_digest = self._last.get(monitor, ("", ""))
        digest = digest_bytes(picture.data)
        same_as = first_id if digest == last_digest else None
        facts = {} if same_as else picture.facts
        line = describe_frame(frame_id, at_us, monitor, picture.data, facts)
        if same_as is None:
            self._last[monitor] = (frame_id, digest)
        else:
            line["same_as"] = same_as
        # On record before it is handed over, and named as long as it is in our hand: whoever
        # resumes after a cut can tell a frame that was lost from one that never was in the inbox.
        self.folder.take_in_hand(frame_id)
        self.folder.produced(line)
        self.book.add(frame_id, at_us, digest, picture.facts, same_as=same_as)
        image = self.inbox / f"{frame_id}.png"
        _put(image, picture.data)
        _put(self.inbox / f"{frame_id}.json", _sidecar(at_us, monitor, picture, phase))
        self.folder.let_go()
        self.book.handed_over(frame_id)

    def _clean(self) -> None:
        """Remove our own copies that were taken over; the contract leaves that to us."""
        now_s = time.monotonic()
        if now_s < self._clean_at_s:
            return
        self._clean_at_s = now_s + CLEAN_EVERY_S
        oldest_s = time.time() - DONE_KEPT_S
        for file in (self.inbox / "done").glob("*/f*"):
            if file.stat().st_ctime < oldest_s:
                file.unlink(missing_ok=True)


def _put(path: Path, data: bytes) -> None:
    """Into place by renaming, so that nobody sees half of it."""
    part = path.with_name(path.name + ".tmp")
    part.write_bytes(data)
    part.replace(path)


def _sidecar(at_us: int, monitor: int, picture: Picture, phase: Phase) -> bytes:
    moment = dt.datetime.fromtimestamp(at_us / 1e6, dt.UTC)
    if phase.name == "clock_change":
        # The person lands in another zone with a clock that was set back.
        moment -= dt.timedelta(seconds=CLOCK_BACK_S)
        moment = moment.astimezone(dt.timezone(TRAVEL_OFFSET))
    document = {
        "captured_at": moment.isoformat(),
        "monitor": monitor,
        "app": picture.app,
        "window_title": picture.title,
        "monotonic_ns": time.monotonic_ns(),
        "source": SOURCE,
    }
    return json.dumps(document).encode()
