"""Looks at the kernel's tree several times a second: peaks, stops, budgets, hand-over.

Covers: what a sample every ten seconds would miss. Does not cover: the slow figures
(`kernel.soak.sampler`).
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kernel.soak.book import Book
from kernel.soak.day import Truth
from kernel.soak.folder import RunFolder, now_us
from kernel.soak.part import Part
from kernel.soak.tree import Look, Tree

LOOK_S = 0.2
STOP_LOOK_S = 0.004
STOP_PATIENCE_S = 5.0
STOP_DEADLINE_S = 1.0
"""From the person's return until heavy work counts as work done while active."""


@dataclass(kw_only=True)
class Watcher(Part):
    """Its figures may be read from other threads."""

    folder: RunFolder
    book: Book
    inbox: Path
    kernel_pid: Callable[[], int | None]
    cpu_window_s: float
    follows: bool = False
    """Nobody tells when the person comes and goes: what depends on the moment is not judged."""
    tree: Tree = field(default_factory=Tree)
    look: Look = field(default_factory=lambda: Look(0.0, alive=False))
    truth: Truth = "idle"
    heavy_active_cpu_s: float = 0.0
    hosts_peak: int = 0
    stop_ms: float | None = None
    cpu_worst_share: float = 0.0
    _active_since_s: float = 0.0
    _active_from_us: int = 0
    _active_heavy_s: float = 0.0
    _turn: threading.Event = field(default_factory=threading.Event)
    _history: deque[tuple[float, float]] = field(default_factory=deque)

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._turn.set()
        super().stop()

    def turned(self, truth: Truth) -> None:
        """The person came or left at this moment; called by the driver's thread."""
        if truth == self.truth:
            return
        if truth == "idle":
            self._close_spell()
        self.truth = truth
        if truth == "active":
            self._active_since_s, self._active_from_us = time.monotonic(), now_us()
            self._active_heavy_s = self.heavy_active_cpu_s
            self._turn.set()

    def take_cpu_worst_share(self) -> float:
        """The largest share of all cores over a whole window since this was asked last."""
        worst, self.cpu_worst_share = self.cpu_worst_share, 0.0
        return worst

    def _work(self) -> None:
        while not self._stop.is_set():
            self._look()
            if self._turn.wait(LOOK_S):
                self._turn.clear()
                self._measure_stop()

    def _look(self) -> None:
        before = self.look
        self.look = self.tree.look(self.kernel_pid())
        now_s = self.look.at_s
        is_late = before.at_s >= self._active_since_s + STOP_DEADLINE_S
        if self.truth == "active" and is_late and not self.follows:
            self.heavy_active_cpu_s += max(0.0, self.look.heavy_cpu_s - before.heavy_cpu_s)
        if len(self.look.hosts) > self.hosts_peak:
            self.hosts_peak = len(self.look.hosts)
            names = [host.host_id for host in self.look.hosts]
            self.folder.event("host_peak", count=self.hosts_peak, names=names)
        self._note_share(now_s)
        self._note_inbox()

    def _note_share(self, now_s: float) -> None:
        self._history.append((now_s, self.look.tree_cpu_s))
        while len(self._history) > 1 and self._history[1][0] <= now_s - self.cpu_window_s:
            self._history.popleft()
        since_s, used_s = self._history[0]
        if now_s - since_s >= self.cpu_window_s:
            cores = len(os.sched_getaffinity(0))
            share = (self.look.tree_cpu_s - used_s) / (now_s - since_s) / cores
            self.cpu_worst_share = max(self.cpu_worst_share, share)

    def _note_inbox(self) -> None:
        try:
            present = {entry.name for entry in os.scandir(self.inbox)}
        except FileNotFoundError:
            return
        self.book.note_inbox({name.removesuffix(".png") for name in present if name[:1] == "f"})

    def _measure_stop(self) -> None:
        """How long until every process of every host stands still or is gone."""
        began_s = self._active_since_s
        if self.truth != "active" or not self.look.hosts or self.follows:
            return
        hosts = len(self.look.hosts)
        while time.monotonic() - began_s < STOP_PATIENCE_S and not self._stop.is_set():
            look = self.tree.look(self.kernel_pid())
            if all(host.is_still for host in look.hosts):
                break
            if self._stop.wait(STOP_LOOK_S):
                return
        self.stop_ms = 1000 * (time.monotonic() - began_s)
        self.folder.event("stop", took_ms=round(self.stop_ms, 1), hosts=hosts)

    def _close_spell(self) -> None:
        self.folder.event(
            "active_spell",
            from_us=self._active_from_us,
            to_us=now_us(),
            heavy_cpu_s=round(self.heavy_active_cpu_s - self._active_heavy_s, 3),
            stop_deadline_s=STOP_DEADLINE_S,
        )
