"""Whose turn it is, reading's or packing's, while heavy work may run: a pure function.

Reading goes first: what was read can be found. But a backlog may last for weeks, and the room that
frames take is given back by packing alone, so packing has a bounded share of the time as well.
Covers: the turn and its accounts. Does not cover: whether heavy work may run
(`kernel.scheduling.governor`), carrying a turn out (`kernel.boot.working`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Turn = Literal["reading", "packing"]


@dataclass(frozen=True, slots=True)
class SharePolicy:
    """Constants of the sharing.

    Packing a frame and proving it takes less than a tenth of the processor time of reading it, so
    with ``packing_share`` of the time frames are packed about as fast as they are read. A turn
    begins when ``turn_s`` are saved up, which is long against the start of a host; ``over_s`` is
    how much longer it may last so that what is in hand comes to its end: it is paid back.
    """

    packing_share: float = 0.1
    turn_s: float = 30.0
    over_s: float = 120.0


@dataclass(frozen=True, slots=True)
class ShareFacts:
    """What is known at one step.

    ``reads``: reading goes on or could; ``packs``: there may be something to pack; ``in_hand``:
    a group of frames or a segment is being worked on; ``awaited``: somebody waits for the
    reading; ``packing_only``: the drive runs full, and packing gives room back.
    """

    reads: bool
    packs: bool
    in_hand: bool = False
    awaited: bool = False
    packing_only: bool = False


@dataclass(frozen=True, slots=True)
class ShareState:
    """Whose turn it is; ``saved_s`` is what packing may still use, below 0 what it owes."""

    turn: Turn = "reading"
    saved_s: float = 0.0


def next_turn(
    state: ShareState, facts: ShareFacts, elapsed_s: float, policy: SharePolicy
) -> ShareState:
    """The turn after ``elapsed_s`` of the work clock, which was spent in the turn before.

    While both want to work, packing has no more than ``packing_share`` of the time, plus one turn
    with its overtime and one step, however long that goes on.
    """
    if facts.packing_only:
        return ShareState("packing", state.saved_s)
    if not facts.reads:
        return ShareState("packing" if facts.packs else "reading", state.saved_s)
    saved_s = state.saved_s + policy.packing_share * elapsed_s
    if state.turn == "packing" and facts.packs:
        saved_s -= elapsed_s
    saved_s = min(saved_s, policy.turn_s)
    if facts.awaited or not facts.packs:
        return ShareState("reading", saved_s)
    if state.turn == "reading":
        return ShareState("packing" if saved_s >= policy.turn_s else "reading", saved_s)
    goes_on = saved_s > 0 or (facts.in_hand and saved_s > -policy.over_s)
    return ShareState("packing" if goes_on else "reading", saved_s)
