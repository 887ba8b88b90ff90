"""The content of a small file, read by a thread of its own: the kernel's loop never waits long.

Covers: one file, read when it is asked for. Does not cover: what the content means. A drive that
hangs (a stalled network drive) holds the thread, not the asker: the last look is given again,
and its age tells.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kernel.config.smallfile import read_small_file

WAIT_S = 0.05
"""A sound drive answers in a small part of it, also where many others compute."""
FIRST_WAIT_S = 1.0
"""Whether there is a file at all should be known from the first look on."""
_CLOSE_WAIT_S = 0.5


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found; ``began_s`` is on the monotonic clock."""

    began_s: float
    data: bytes = b""
    is_missing: bool = False
    problem: str = ""
    """Why there is no content; empty where there is."""


class FileLook:
    """Looks at one file; asked by one thread."""

    def __init__(
        self,
        path: Path,
        bytes_max: int,
        *,
        wait_s: float = WAIT_S,
        read: Callable[[Path, int], bytes] = read_small_file,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._bytes_max = bytes_max
        self._wait_s = wait_s
        self._read = read
        self._now_s = now_s
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._wanted = 0
        self._done = 0
        self._is_slow = False
        self._closing = False
        self._latest: Look | None = None

    def look(self) -> Look | None:
        """What is there now, or the last look where this one takes long; None: never an answer.

        Waits for at most ``wait_s`` (the first time `FIRST_WAIT_S`), and not at all after a
        look that took longer until one is quick again.
        """
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name=f"look-{self._path.name}", daemon=True
                )
                self._thread.start()
            self._wanted += 1
            wanted = self._wanted
            self._changed.notify_all()
            if not self._is_slow:
                wait_s = self._wait_s if wanted > 1 else max(self._wait_s, FIRST_WAIT_S)
                # A look that began before this question may have missed what it is about.
                answered = self._changed.wait_for(lambda: self._done >= wanted, wait_s)
                self._is_slow = not answered
            return self._latest

    def close(self) -> None:
        """End the thread; one that hangs ends with the process."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_CLOSE_WAIT_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._wanted > self._done)
                if self._closing:
                    return
                wanted = self._wanted
            found = self._look()
            with self._changed:
                self._latest, self._done = found, wanted
                self._is_slow = self._now_s() - found.began_s > self._wait_s
                self._changed.notify_all()

    def _look(self) -> Look:
        began_s = self._now_s()
        try:
            return Look(began_s, self._read(self._path, self._bytes_max))
        except FileNotFoundError:
            return Look(began_s, is_missing=True, problem=f"there is no {self._path}")
        except OSError as error:
            return Look(began_s, problem=f"{self._path}: {error.strerror or error}")
        except ValueError as error:
            return Look(began_s, problem=f"{self._path}: {error}")
