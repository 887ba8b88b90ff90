"""A capture program that the kernel keeps running: started, told its cadence, started again.

A source is no host: it works while the person does, so nothing stops it, and it must see the
screen, so it runs as the person and without the sandbox. It ends with the kernel: its standard
input is the lifeline, and where setpriv(1) is there the system ends it too. Covers: one process,
its words, restarts with backoff. Does not cover: what it captures (it fills the inbox).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

from kernel.supervision.restart import Policy, backoff_s

NOTHING_TO_DO = 2
"""Exit status of a source that has nothing to capture: it is asked again, without hurry."""
NOTHING_RETRY_S = 60.0
STOP_GRACE_S = 2.0
WORDS_BYTES = 2_000
BACKOFF = Policy(restarts_max=1, backoff_base_s=0.5, backoff_max_s=60.0, stable_after_s=60.0)


class SourceProcess:
    """Used from the kernel's main thread: the parent-death signal follows the thread."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._command = [*_tied_to_parent(), *command]
        self._environment = dict(environment) if environment is not None else None
        self._now_s = now_s
        self._process: subprocess.Popen[bytes] | None = None
        self._start_at_s = 0.0
        self._started_s = 0.0
        self._streak = 0
        self._told = b""
        self._words = b""
        self.starts = 0
        self.problem = ""

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._process.pid if self._process is not None else None

    @property
    def last_words(self) -> str:
        """The end of what it printed."""
        return self._words.decode("utf-8", "replace").strip()[-500:]

    def tick(self, told: str) -> None:
        """See that it runs and knows ``told``, its latest instruction; returns at once."""
        if self._process is not None:
            self._hear(self._process)
            status = self._process.poll()
            if status is not None:
                self._bury(self._process, status)
        if self._process is None and self._now_s() >= self._start_at_s:
            self._start()
        self._tell(told.encode() + b"\n")

    def close(self) -> None:
        """Ask it to leave, then make it."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stderr is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            process.wait(STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            _kill_group(process.pid)
            process.wait()
        process.stderr.close()

    def _start(self) -> None:
        try:
            # In the kernel's session, so that its exit status is left to us; in a group of its
            # own, so that Ctrl-C reaches the kernel alone.
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=self._environment,
                process_group=0,
            )
        except OSError as error:
            self.problem = f"{self._name} cannot be started: {error}"
            self._start_at_s = self._now_s() + NOTHING_RETRY_S
            return
        assert process.stdin is not None
        assert process.stderr is not None
        os.set_blocking(process.stdin.fileno(), False)
        os.set_blocking(process.stderr.fileno(), False)
        self._process, self._told, self._started_s = process, b"", self._now_s()
        self.starts += 1

    def _tell(self, line: bytes) -> None:
        if self._process is None or line == self._told:
            return
        assert self._process.stdin is not None
        # A source that does not read is told again at the next tick.
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            if os.write(self._process.stdin.fileno(), line) == len(line):
                self._told = line

    def _hear(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        with contextlib.suppress(BlockingIOError):
            self._words = (self._words + os.read(process.stderr.fileno(), 65_536))[-WORDS_BYTES:]

    def _bury(self, process: subprocess.Popen[bytes], status: int) -> None:
        assert process.stdin is not None
        assert process.stderr is not None
        self._hear(process)
        process.stdin.close()
        process.stderr.close()
        _kill_group(process.pid)
        self._process = None
        lived_s = self._now_s() - self._started_s
        self._streak = 1 if lived_s >= BACKOFF.stable_after_s else self._streak + 1
        wait_s = (
            NOTHING_RETRY_S
            if status == NOTHING_TO_DO
            else backoff_s(self._name, self._streak, BACKOFF)
        )
        self._start_at_s = self._now_s() + wait_s
        how = f"signal {-status}" if status < 0 else f"status {status}"
        self.problem = f"{self._name} ended with {how}: {self.last_words}"[:500]


def _tied_to_parent() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
