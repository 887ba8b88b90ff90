"""A part of the soak that works in a thread of its own: started once, stopped once, never silent.

Covers: starting, stopping, a failure that is told instead of lost. Does not cover: the work.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

JOIN_S = 150.0
"""A question that is under way ends by itself within this."""


@dataclass(kw_only=True)
class Part(ABC):
    """``problem`` says why it failed; the orchestrator reads it and ends the run."""

    problem: str = ""
    _stop: threading.Event = field(default_factory=threading.Event, init=False, repr=False)
    _thread: threading.Thread = field(init=False, repr=False)

    def __post_init__(self) -> None:
        name = f"soak-{self._name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; may be called once."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when the thread has ended. One that never began has ended."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(JOIN_S)

    @property
    def _name(self) -> str:
        return type(self).__name__.lower()

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - told to the orchestrator, which ends the run
            self.problem = f"the {self._name} failed: {error!r}"

    @abstractmethod
    def _work(self) -> None:
        """Go on until ``_stop`` is set."""
