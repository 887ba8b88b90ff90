"""When which fault is put in: a pure function of the day.

Covers: the kinds of faults, their place in the day. Does not cover: doing it
(`kernel.soak.faults`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Literal

from kernel.soak.day import Phase

FaultName = Literal[
    "host_killed", "host_hung", "kernel_killed", "plugin_leak", "socket_garbage", "disk_full"
]
IN_REST: tuple[FaultName, ...] = ("host_killed", "host_hung", "plugin_leak")
"""One for each rest of the day, in turn, begun as soon as the person has left."""
IN_WORK: tuple[FaultName, ...] = ("kernel_killed", "disk_full", "socket_garbage")
"""In turn in spells of work, while captures come in."""
EVERY_S = 1_800.0
"""On long days at most one fault of each place in this time."""


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """Put in not before ``at_s`` into the day, and not after ``until_s``.

    Those of hosts wait for one that works, whatever rest that is in: on a busy machine it may
    not be the first.
    """

    at_s: float
    until_s: float
    name: FaultName


def plan_faults(
    phases: Sequence[Phase], wanted: Sequence[FaultName] = (*IN_REST, *IN_WORK)
) -> tuple[PlannedFault, ...]:
    """The faults of a day in order; the last rest is left alone, so that all can be read in it.

    A leak is planned at the beginning of the work before its rest: it comes with the frames.
    """
    rests, spells = _rests(phases), _spells(phases)
    planned: list[PlannedFault] = []
    in_rest = cycle([name for name in IN_REST if name in wanted] or [None])
    last_s = -EVERY_S
    for number, rest in enumerate(rests[:-1]):
        if rest.start_s - last_s < _spacing(phases):
            continue
        last_s = rest.start_s
        name = next(in_rest)
        if name is None:
            break
        start_s = spells[number][0] if name == "plugin_leak" else rest.start_s
        planned.append(PlannedFault(start_s, float("inf"), name))
    in_work = cycle([name for name in IN_WORK if name in wanted] or [None])
    last_s = -EVERY_S
    for begin_s, end_s in spells[1:]:
        if begin_s - last_s < _spacing(phases):
            continue
        last_s = begin_s
        name = next(in_work)
        if name is None:
            break
        planned.append(PlannedFault(begin_s + (end_s - begin_s) / 4, end_s, name))
    return tuple(sorted(planned, key=lambda fault: fault.at_s))


def left_over(planned: Sequence[PlannedFault], done: Sequence[str]) -> tuple[PlannedFault, ...]:
    """The plan without what an earlier part of the run put in, by the names in ``done``."""
    counts = Counter(done)
    left = []
    for fault in planned:
        if counts[fault.name] > 0:
            counts[fault.name] -= 1
        else:
            left.append(fault)
    return tuple(left)


def _spacing(phases: Sequence[Phase]) -> float:
    """Short days have a fault in each place."""
    return EVERY_S if phases[-1].end_s > 4 * EVERY_S else 0.0


def _rests(phases: Sequence[Phase]) -> list[Phase]:
    return [phase for phase in phases if phase.truth == "idle"]


def _spells(phases: Sequence[Phase]) -> list[tuple[float, float]]:
    """Begin and end of each spell of work: phases without a rest between them."""
    spells: list[tuple[float, float]] = []
    for phase in phases:
        if phase.truth == "idle":
            continue
        if spells and spells[-1][1] == phase.start_s:
            spells[-1] = (spells[-1][0], phase.end_s)
        else:
            spells.append((phase.start_s, phase.end_s))
    return spells
