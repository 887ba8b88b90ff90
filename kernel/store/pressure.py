"""Disk pressure: a pure decision about where new evidence goes and whether heavy work may run.

Covers: the four levels, their limits, the way back with a margin. Does not cover: asking the
drives (`kernel.store.drives`) and writing (`kernel.store.appender`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Literal

PACKING_ROOM_BYTES = 512 << 20
"""What packing may take before it gives room back: the new form of a segment and what is carried
over from it, twice the length at which segments are closed."""
RETURN_PERCENT = 110
"""A level is left upwards only above this share of its limit, so that it does not flutter."""


class DiskLevel(IntEnum):
    """How full the drives are; ordered from good to bad."""

    GREEN = 0
    YELLOW = 1
    """Heavy work pauses: it would eat what captures will need. Packing may go on."""
    RED = 2
    """New pixels go to the spool; the journal stays and has the room that is left."""
    BLACK = 3
    """Nothing more fits: captures are refused and their sources keep them."""


@dataclass(frozen=True, slots=True)
class DiskLimits:
    """Free bytes of the primary drive, and days until it is full, below which a level begins.

    ``black_free_bytes`` stays free on the spool's drive as well.
    """

    yellow_free_bytes: int = 10 << 30
    red_free_bytes: int = 2 << 30
    black_free_bytes: int = 512 << 20
    yellow_days_left: float = 3.0


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """What the drives say. ``spool_free_bytes`` is None while there is no spool drive.

    ``primary_refused``: a moment ago the primary took no more, whatever it says of free bytes
    (a quota, blocks kept for root, a drive shared with others).
    """

    primary_free_bytes: int
    spool_free_bytes: int | None
    bytes_per_day: int = 0
    primary_refused: bool = False


@dataclass(frozen=True, slots=True)
class DiskDecision:
    """What follows: where pixels go, whether heavy work may run, whether the spool may drain.

    ``packing``: whether there is room for the new form of a segment, so that packing frames may
    give room back; always so where heavy work may run, never in red. ``spool_there``: whether a
    second drive is set and mounted; None where nobody asked.
    """

    level: DiskLevel
    target: Literal["primary", "spool", "refuse"]
    heavy_work: bool
    drain: bool
    packing: bool = False
    spool_there: bool | None = None


def decide_disk(facts: DiskFacts, limits: DiskLimits, previous: DiskLevel) -> DiskDecision:
    """The decision for these facts; the same facts and previous level give the same one."""
    decision = _decide(facts, limits, previous)
    return replace(decision, spool_there=facts.spool_free_bytes is not None)


def _decide(facts: DiskFacts, limits: DiskLimits, previous: DiskLevel) -> DiskDecision:
    level = _primary_level(facts, limits, previous)
    if level < DiskLevel.RED:
        green = level is DiskLevel.GREEN
        roomy = facts.primary_free_bytes >= limits.red_free_bytes + PACKING_ROOM_BYTES
        return DiskDecision(level, "primary", green, drain=True, packing=green or roomy)
    spool = facts.spool_free_bytes
    room = facts.primary_free_bytes >= limits.black_free_bytes
    if spool is not None and spool >= limits.black_free_bytes:
        return DiskDecision(DiskLevel.RED, "spool", heavy_work=False, drain=False)
    if room:
        # Without a spool the last of the primary is better used than refused.
        return DiskDecision(DiskLevel.RED, "primary", heavy_work=False, drain=False)
    return DiskDecision(DiskLevel.BLACK, "refuse", heavy_work=False, drain=False)


def _primary_level(facts: DiskFacts, limits: DiskLimits, previous: DiskLevel) -> DiskLevel:
    free = facts.primary_free_bytes
    if facts.primary_refused or free * 100 < limits.red_free_bytes * _margin(
        previous, DiskLevel.RED
    ):
        return DiskLevel.RED
    margin = _margin(previous, DiskLevel.YELLOW)
    if free * 100 < limits.yellow_free_bytes * margin:
        return DiskLevel.YELLOW
    if facts.bytes_per_day and free * 100 < limits.yellow_days_left * facts.bytes_per_day * margin:
        return DiskLevel.YELLOW
    return DiskLevel.GREEN


def _margin(previous: DiskLevel, level: DiskLevel) -> int:
    return RETURN_PERCENT if previous >= level else 100
