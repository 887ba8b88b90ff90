"""One task as the plugin sees it: settings, scratch folder, checkpoints.

Covers: cancellation, progress and the gate by which the governor holds in-process work.
Does not cover: the message loop (`plugin_host.loop`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from plugin_host.hooks import TaskCancelled


class Gate:
    """A switch between units of work: open, or closed while the person is active.

    Shared by the kernel's thread (`open`, `close`) and a worker thread (`wait`).
    """

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self._waiting = threading.Event()

    def close(self) -> None:
        """Hold the worker at its next checkpoint."""
        self._open.clear()

    def open(self) -> None:
        """Let the worker go on."""
        self._open.set()

    @property
    def is_closed(self) -> bool:
        """Whether work is held."""
        return not self._open.is_set()

    @property
    def is_holding(self) -> bool:
        """Whether a worker stands at the closed gate now."""
        return self._waiting.is_set()

    def wait(self) -> None:
        """Return at once when open; otherwise wait until it is."""
        if self._open.is_set():
            return
        self._waiting.set()
        self._open.wait()
        self._waiting.clear()


class RunningTask:
    """The `plugin_host.hooks.TaskContext` of one task.

    ``report`` is called in the worker's thread with (done, total) at each checkpoint.
    """

    def __init__(
        self,
        *,
        config: Mapping[str, Any],
        scratch_dir: Path,
        gate: Gate,
        report: Callable[[int, int], None],
    ) -> None:
        self._config = config
        self._scratch_dir = scratch_dir
        self._gate = gate
        self._report = report
        self._cancelled = False

    @property
    def config(self) -> Mapping[str, Any]:
        """The stage's settings, as the kernel sent them."""
        return self._config

    @property
    def scratch_dir(self) -> Path:
        """The one folder the plugin may write to; private to the host."""
        return self._scratch_dir

    def cancel(self) -> None:
        """Make the next checkpoint raise `TaskCancelled`; also frees a held worker."""
        self._cancelled = True
        self._gate.open()

    def checkpoint(self, done: int, total: int = 0) -> None:
        """Report progress, wait at a closed gate; raises `TaskCancelled` when taken back."""
        if self._cancelled:
            raise TaskCancelled
        self._report(done, total)
        self._gate.wait()
        if self._cancelled:
            raise TaskCancelled
