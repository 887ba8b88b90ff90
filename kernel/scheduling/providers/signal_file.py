"""Activity from a file that the capture program rewrites (contract: docs/activity.md).

Covers: reading and judging the file. Does not cover: who writes it. The writer's clock is
only subtracted from itself; freshness is judged by the number changing under our own clock.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kernel.scheduling.activity import Activity, observed, unknown

FILE_BYTES_MAX = 4_096
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Signal:
    """The content: a number that changes with each write, and two times of one clock."""

    seq: int
    written_ms: int
    last_input_ms: int


@dataclass(frozen=True, slots=True)
class SignalState:
    """The last content and when this process first saw it; untrusted until it changed once."""

    signal: Signal | None = None
    seen_s: float = 0.0
    trusted: bool = False


def parse_signal(data: bytes) -> Signal:
    """The signal in the bytes; raises `ValueError` that says what is wrong."""
    document = json.loads(data)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError(f"not a signal of schema {SCHEMA}")
    signal = Signal(
        seq=_whole(document, "seq"),
        written_ms=_whole(document, "written_ms"),
        last_input_ms=_whole(document, "last_input_ms"),
    )
    if signal.last_input_ms > signal.written_ms:
        raise ValueError("last_input_ms lies after written_ms")
    return signal


def _whole(document: dict[str, Any], name: str) -> int:
    value = document.get(name)
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(f"{name} must be a whole number from 0, got {value!r}")
    return value


def judge(
    state: SignalState, signal: Signal, now_s: float, source: str
) -> tuple[SignalState, Activity]:
    """Take in a content that was just read.

    The first content may be of last week: only a change tells that somebody writes.
    """
    if state.signal is None or signal.seq != state.signal.seq:
        state = SignalState(signal, seen_s=now_s, trusted=state.signal is not None)
    if not state.trusted:
        return state, unknown(source, now_s, "waiting for the file to change")
    idle_s = (signal.written_ms - signal.last_input_ms) / 1000.0
    return state, observed(source, idle_s, state.seen_s)


class SignalFileProvider:
    """Reads the file at each poll: a stat and a read of a few bytes."""

    name: Final = "signal_file"
    precise: Final = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state = SignalState()
        self._last: Activity | None = None

    def probe(self) -> str:
        """Works where the file exists."""
        return "" if self._path.is_file() else f"there is no {self._path}"

    def read(self, now_s: float) -> Activity:
        """What the file says; a torn or missing file leaves the last word to grow stale."""
        try:
            with self._path.open("rb") as file:
                data = file.read(FILE_BYTES_MAX + 1)
            if len(data) > FILE_BYTES_MAX:
                return unknown(self.name, now_s, f"{self._path} is larger than a signal")
            signal = parse_signal(data)
        except (OSError, ValueError) as error:
            return self._last or unknown(self.name, now_s, f"{self._path}: {error}")
        self._state, activity = judge(self._state, signal, now_s, self.name)
        self._last = activity if activity.idle_s is not None else None
        return activity

    def close(self) -> None:
        """Nothing is held."""
