"""Where the driver's pictures come from: drawn from the script, or a folder of real screenshots.

Covers: both sources behind one protocol. Does not cover: when they are shown
(`kernel.soak.script`), handing them over (`kernel.soak.driver`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kernel.config.errors import ExitCode, KernelError
from kernel.soak.day import Phase
from kernel.soak.facts import Fact
from kernel.soak.screens import LOOKS, Box, Painter, Screen
from kernel.soak.script import Pace, Script

REAL_SHARE = 0.6
REAL_SLOWNESS = 3
"""Real screenshots are all different: they are turned over this many times more slowly."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What is handed over: bytes, what they show, and words for the sidecar."""

    data: bytes
    facts: dict[str, tuple[Fact, Box]]
    app: str
    title: str
    marked: bool = False


class Pictures(Protocol):
    """Where the pictures of a tick come from."""

    def step(self, tick: int, phase: Phase) -> Sequence[Picture | None]:
        """One for each monitor; None where nothing is captured. Equal screens, equal bytes."""
        ...

    def mark_leaks(self, frames: int) -> None:
        """Mark so many of the next pictures for the leaking plugin."""
        ...


class DrawnPictures:
    """The script's screens, drawn."""

    def __init__(self, script: Script, painter: Painter) -> None:
        self._script = script
        self._painter = painter
        self._last: dict[int, tuple[Screen, Picture]] = {}

    def step(self, tick: int, phase: Phase) -> Sequence[Picture | None]:
        """The pictures of this tick."""
        screens = self._script.step(tick, phase)
        return [self._draw(monitor, screen) for monitor, screen in enumerate(screens)]

    def mark_leaks(self, frames: int) -> None:
        """As the script does."""
        self._script.mark_leaks(frames)

    def _draw(self, monitor: int, screen: Screen | None) -> Picture | None:
        if screen is None:
            return None
        last = self._last.get(monitor)
        if last is not None and last[0] == screen:
            return last[1]
        data, boxes = self._painter.draw(screen)
        facts = {f.fact_id: (f, boxes[f.fact_id]) for f in screen.facts if f.fact_id in boxes}
        look = LOOKS[screen.window]
        title = f"{look.title} {screen.page}"
        picture = Picture(data, facts, look.app, title, marked=bool(screen.mark))
        self._last[monitor] = (screen, picture)
        return picture


class FolderPictures:
    """Real screenshots, drawn pages between them: of those it is known what they show."""

    def __init__(self, folder: Path, seed: int, pace: Pace, drawn: DrawnPictures) -> None:
        self._files = sorted(folder.glob("*.png"))
        if not self._files:
            raise KernelError(
                "soak-no-frames",
                f"there is no PNG file in {folder}",
                hint="name a folder of screenshots with --frames, or leave it out",
                exit_code=ExitCode.USAGE,
            )
        self._rng = random.Random(f"folder:{seed}")  # noqa: S311 - a script, no secret
        self._pace = pace
        self._drawn = drawn
        self._real: dict[int, Picture | None] = {}

    def step(self, tick: int, phase: Phase) -> Sequence[Picture | None]:
        """As the script has it, but most pages are replaced by a screenshot until the next one."""
        pictures = self._drawn.step(tick, phase)
        ticks = self._pace.ticks(self._pace.change_s * REAL_SLOWNESS)
        if phase.truth == "active" and tick % ticks == 0:
            for monitor in range(len(pictures)):
                is_real = self._rng.random() < REAL_SHARE
                self._real[monitor] = self._pick() if is_real else None
        return [
            picture if picture is None or picture.marked else self._real.get(monitor) or picture
            for monitor, picture in enumerate(pictures)
        ]

    def mark_leaks(self, frames: int) -> None:
        """As the script does; marked pages are never replaced."""
        self._drawn.mark_leaks(frames)

    def _pick(self) -> Picture:
        file = self._rng.choice(self._files)
        return Picture(file.read_bytes(), {}, "", file.name)
