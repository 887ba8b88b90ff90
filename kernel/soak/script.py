"""What the person does to the screens, tick by tick: pure, seeded, the same each time.

Covers: which page stands on which monitor, what is typed, scrolled and played. Does not cover:
drawing (`kernel.soak.screens`), handing over (`kernel.soak.driver`).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from kernel.soak.day import Phase
from kernel.soak.facts import WINDOWS, make_fact
from kernel.soak.screens import Screen

FACTS_PER_PAGE = 2
TYPED_STEP, TYPED_MAX = 9, 60
SCROLLED_MAX = 6
BACK_SHARE = 0.3
"""How often the person goes back to an earlier window instead of a new page."""
RECENT_MAX = 6
SIDE_SLOWNESS = 5
"""The other monitors change this many times more rarely than the first."""
PAGE_AFTER_CHANGES = 4
LEAK_MARK = "autocapture-soak: keep memory"
"""The comment of a frame at which the leaking plugin leaks (`kernel.soak.leaky`)."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between captures, between changes on the first monitor, between heartbeats."""

    cadence_s: float = 0.5
    change_s: float = 3.0
    heartbeat_s: float = 30.0

    def ticks(self, seconds: float) -> int:
        """So many ticks, at least one."""
        return max(1, round(seconds / self.cadence_s))


class Script:
    """The screens of one day; ask for ticks in rising order, none left out."""

    def __init__(self, seed: int, pace: Pace, *, monitors: int) -> None:
        self._seed = seed
        self._pace = pace
        self._rng = random.Random(f"script:{seed}")  # noqa: S311 - a script, no secret
        self._facts = 0
        self._pages = 0
        self._screens = [self._new_page() for _ in range(monitors)]
        self._recent: list[list[Screen]] = [[] for _ in range(monitors)]
        self._changes = [0] * monitors
        self._marks_left = 0

    def step(self, tick: int, phase: Phase) -> tuple[Screen | None, ...]:
        """What each monitor shows at this tick; None: nothing is captured of it."""
        if phase.truth == "idle":
            return self._rest(tick, phase)
        if phase.name == "suspend":
            return tuple(None for _ in self._screens)
        for monitor in range(len(self._screens)):
            if tick % self._change_ticks(phase, monitor) == 0:
                self._change(monitor, phase)
        return tuple(self._screens)

    def mark_leaks(self, frames: int) -> None:
        """So many of the next different pictures of the first monitor carry the leak's mark."""
        self._marks_left = frames

    def _rest(self, tick: int, phase: Phase) -> tuple[Screen | None, ...]:
        if tick % self._pace.ticks(self._pace.heartbeat_s):
            return tuple(None for _ in self._screens)
        if phase.name == "lock_screen":
            return tuple(
                Screen("mail", 0, (), locked=True) if monitor == 0 else None
                for monitor in range(len(self._screens))
            )
        return tuple(self._screens)

    def _change_ticks(self, phase: Phase, monitor: int) -> int:
        if phase.name == "burst" and monitor == 0:
            return 1
        slowness = 1 if monitor == 0 else SIDE_SLOWNESS
        return self._pace.ticks(self._pace.change_s * slowness)

    def _change(self, monitor: int, phase: Phase) -> None:
        screen = self._screens[monitor]
        self._changes[monitor] += 1
        turns = self._changes[monitor] % PAGE_AFTER_CHANGES == 0
        match phase.name:
            case "switches":
                screen = self._turn_page(monitor)
            case "scroll" if screen.scroll < SCROLLED_MAX:
                screen = replace(screen, scroll=screen.scroll + 1)
            case "video":
                screen = replace(screen, moving=screen.moving + 1)
            case "typing" | "burst" if screen.typed < TYPED_MAX:
                screen = replace(screen, typed=screen.typed + TYPED_STEP)
            case "work" | "clock_change" if not turns and screen.typed < TYPED_MAX:
                screen = replace(screen, typed=screen.typed + TYPED_STEP)
            case _:
                screen = self._turn_page(monitor)
        mark = ""
        if monitor == 0 and self._marks_left > 0:
            self._marks_left -= 1
            mark = f"{LEAK_MARK} {self._marks_left}"
        self._screens[monitor] = replace(screen, mark=mark)

    def _turn_page(self, monitor: int) -> Screen:
        recent = self._recent[monitor]
        recent.append(replace(self._screens[monitor], moving=0, mark=""))
        del recent[:-RECENT_MAX]
        if len(recent) > 1 and self._rng.random() < BACK_SHARE:
            return self._rng.choice(recent[:-1])
        return self._new_page()

    def _new_page(self) -> Screen:
        window = WINDOWS[self._pages % len(WINDOWS)]
        facts = tuple(
            make_fact(self._seed, self._facts + number, window) for number in range(FACTS_PER_PAGE)
        )
        self._facts += FACTS_PER_PAGE
        self._pages += 1
        return Screen(window, self._pages, facts)
