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
from kernel.scheduling.filelook import WAIT_S, FileLook, Look

FILE_BYTES_MAX = 4_096
SCHEMA = 1
TORN_KEEP_S = 1.0
"""How long a file that is half written, or gone for a moment, leaves the last word in force."""
_SHOWN_CHARS = 40


@dataclass(frozen=True, slots=True)
class Signal:
    """The content: a number that changes with each write, and two times of one clock."""

    seq: int
    written_ms: int
    last_input_ms: int

    @property
    def idle_s(self) -> float:
        """Seconds without input when it was written.

        None at all where the input came after the writer had looked at its clock: it is newer.
        """
        return max(0, self.written_ms - self.last_input_ms) / 1000.0


@dataclass(frozen=True, slots=True)
class SignalState:
    """The last content and when this process first saw it; untrusted until it changed once."""

    signal: Signal | None = None
    seen_s: float = 0.0
    trusted: bool = False


class TornSignal(ValueError):
    """The bytes are no JSON: caught in the middle of being written, or not the right file."""


def parse_signal(data: bytes) -> Signal:
    """The signal in the bytes.

    Raises `TornSignal` for what is no JSON, and `ValueError` that says what is wrong for JSON
    that breaks the contract.
    """
    try:
        document = json.loads(data)
    except ValueError as error:
        raise TornSignal("half a file, or no JSON") from error
    except RecursionError as error:
        raise ValueError("nested too deeply for a signal") from error
    if not isinstance(document, dict):
        raise ValueError(f"a signal is a JSON object, got {_shown(document)}")  # noqa: TRY004 - bytes, not a type, are wrong
    if type(document.get("schema")) is not int or document["schema"] != SCHEMA:
        raise ValueError(f"schema must be {SCHEMA}, got {_shown(document.get('schema'))}")
    return Signal(
        seq=_whole(document, "seq"),
        written_ms=_whole(document, "written_ms"),
        last_input_ms=_whole(document, "last_input_ms"),
    )


def _whole(document: dict[str, Any], name: str) -> int:
    value = document.get(name)
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(f"{name} must be a whole number from 0, got {_shown(value)}")
    return value


def _shown(value: object) -> str:
    """As the file has it, not all of it."""
    return json.dumps(value)[:_SHOWN_CHARS]


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
    return state, observed(source, signal.idle_s, state.seen_s)


class SignalFileProvider:
    """Reads the file at each poll, in a thread of its own: the file may lie on any drive."""

    name: Final = "signal_file"
    precise: Final = True

    def __init__(self, path: Path, *, wait_s: float = WAIT_S, look: FileLook | None = None) -> None:
        self._path = path
        self._look = look or FileLook(path, FILE_BYTES_MAX, wait_s=wait_s)
        self._state = SignalState()
        self._last: Activity | None = None
        self._torn_since_s: float | None = None

    def probe(self) -> str | None:
        """Works where the file is, even one that cannot be read: somebody meant to be heard."""
        found = self._look.look()
        if found is None:
            return None
        return found.problem if found.is_missing else ""

    def fault(self) -> str:
        """Why what is there says nothing; empty where it does, or where no file is there."""
        found = self._look.look()
        if found is None or found.is_missing:
            return ""
        try:
            _signal_of(found)
        except ValueError as error:
            return f"{self._path}: {error}"
        return ""

    def read(self, now_s: float) -> Activity:
        """What the file says; one that breaks the contract is unknown at once.

        Half a file and a missing one leave the last word for `TORN_KEEP_S`. A drive that hangs
        leaves it until it is stale.
        """
        found = self._look.look()
        if found is None:
            return unknown(self.name, now_s, f"no answer yet from {self._path}")
        try:
            signal = _signal_of(found)
        except TornSignal as error:
            self._torn_since_s = now_s if self._torn_since_s is None else self._torn_since_s
            if self._last is not None and now_s - self._torn_since_s < TORN_KEEP_S:
                return self._last
            return self._refuse(now_s, error)
        except ValueError as error:
            return self._refuse(now_s, error)
        self._torn_since_s = None
        self._state, activity = judge(self._state, signal, now_s, self.name)
        self._last = activity if activity.idle_s is not None else None
        return activity

    def close(self) -> None:
        """End the thread that reads."""
        self._look.close()

    def _refuse(self, now_s: float, error: ValueError) -> Activity:
        self._last = None
        return unknown(self.name, now_s, f"{self._path}: {error}")


def _signal_of(found: Look) -> Signal:
    if found.is_missing:
        raise TornSignal("there is no such file")
    if found.problem:
        raise ValueError(found.problem.partition(": ")[2])
    return parse_signal(found.data)
