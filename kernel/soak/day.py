"""A person's day as a list of phases: a pure function of its seed and its length.

Covers: when the person works, how, and when they are away. Does not cover: what is on the screen
(`kernel.soak.screens`), when faults are put in (`kernel.soak.faultplan`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Truth = Literal["active", "idle"]

ACTIVE_SHARE, ACTIVE_SHARE_SHORT = 0.4, 0.3
SHORT_S = 900.0
"""In a day of minutes a model takes a large part of each rest to load: rests are longer then."""
SPELL_S = 1_500.0
"""Wished length of one spell of work and the rest after it."""
SPELLS_MIN, SPELLS_MAX = 4, 48
SPELL_S_MIN = 14.0
"""Shorter than this a spell holds neither work nor rest."""
JITTER = 0.15
MOODS_PER_SPELL = 3

MOODS: tuple[str, ...] = (
    "work",
    "switches",
    "scroll",
    "burst",
    "video",
    "typing",
    "clock_change",
    "suspend",
)
"""What a person does in a spell of work; each comes up before any comes up again."""
PAUSES: tuple[tuple[str, float], ...] = (
    ("coffee", 1.0),
    ("meeting", 1.0),
    ("lock_screen", 1.0),
    ("lunch", 1.6),
)
NIGHT_WEIGHT = 3.0
"""The last rest of the day, in coffees; on long days it is about as long as all others."""


@dataclass(frozen=True, slots=True)
class Phase:
    """From ``start_s`` for ``length_s`` seconds; ``name`` is a mood or a pause."""

    start_s: float
    length_s: float
    truth: Truth
    name: str

    @property
    def end_s(self) -> float:
        """Seconds since the start of the day at which it is over."""
        return self.start_s + self.length_s


def plan_day(seed: int, length_s: float) -> tuple[Phase, ...]:
    """The phases of a day of that length, without gap or overlap; it ends with the night.

    The same arguments give the same day. A short day has all that a long one has, squeezed, as
    far as its spells are long enough to be told apart.
    """
    rng = random.Random(f"day:{seed}:{length_s}")  # noqa: S311 - a script, no secret
    spells = _count_spells(length_s)
    share = ACTIVE_SHARE if length_s > SHORT_S else ACTIVE_SHARE_SHORT
    work_s = _split(rng, share * length_s, [1.0] * spells)
    names = [PAUSES[number % len(PAUSES)] for number in range(spells - 1)]
    night = max(NIGHT_WEIGHT, 0.9 * len(names)) if names else 1.0
    rest_s = _split(rng, length_s - sum(work_s), [*(weight for _, weight in names), night])
    moods = _Moods(rng)
    phases: list[Phase] = []
    at_s = 0.0
    for number in range(spells):
        for name, part_s in moods.fill(work_s[number]):
            phases.append(Phase(at_s, part_s, "active", name))
            at_s += part_s
        name = names[number][0] if number < len(names) else "night"
        phases.append(Phase(at_s, rest_s[number], "idle", name))
        at_s += rest_s[number]
    return tuple(phases)


def phase_at(phases: Sequence[Phase], at_s: float) -> Phase:
    """The phase in force; after the day's end its last one."""
    for phase in phases:
        if at_s < phase.end_s:
            return phase
    return phases[-1]


def idle_windows(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """The phases during which the person is away."""
    return tuple(phase for phase in phases if phase.truth == "idle")


def _count_spells(length_s: float) -> int:
    wished = round(length_s / SPELL_S)
    most = max(1, int(length_s // SPELL_S_MIN))
    return min(SPELLS_MAX, max(SPELLS_MIN, wished), most)


def _split(rng: random.Random, total_s: float, weights: Sequence[float]) -> list[float]:
    """Parts that sum up to the total, near their weights."""
    drawn = [weight * rng.uniform(1 - JITTER, 1 + JITTER) for weight in weights]
    return [total_s * weight / sum(drawn) for weight in drawn]


class _Moods:
    """Deals moods like cards: shuffled once all were dealt; the first deal is in order."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._pack = list(MOODS)

    def fill(self, length_s: float) -> list[tuple[str, float]]:
        count = max(1, min(MOODS_PER_SPELL, int(length_s // 4)))
        parts = _split(self._rng, length_s, [1.0] * count)
        return [(self._deal(), part_s) for part_s in parts]

    def _deal(self) -> str:
        if not self._pack:
            self._pack = list(MOODS)
            self._rng.shuffle(self._pack)
        return self._pack.pop(0)
