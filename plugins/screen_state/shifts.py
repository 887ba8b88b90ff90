"""By how much groups of elements moved together: scrolls, dragged windows.

Each text that stands elsewhere than before votes for the way it went; ways with several votes
are shifts. A text that stands in many places votes for none.

Covers: shifts between two sets of texts with boxes. Does not cover: who moved them (`actions`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Final

from contracts.base import Box

VOTES_MIN: Final = 3
COPIES_MAX: Final = 6
SHIFTS_MAX: Final = 6

Keyed = tuple[Hashable, Box]
Shift = tuple[int, int]


def find_shifts(before: Iterable[Keyed], after: Iterable[Keyed]) -> list[Shift]:
    """Shifts (right, down) in pixels, the most voted first; (0, 0) is none."""
    old: dict[Hashable, list[Box]] = {}
    new: dict[Hashable, list[Box]] = {}
    for key, box in before:
        old.setdefault(key, []).append(box)
    for key, box in after:
        new.setdefault(key, []).append(box)
    votes: Counter[Shift] = Counter()
    for key, boxes in new.items():
        olds = old.get(key, [])
        if len(boxes) <= COPIES_MAX and len(olds) <= COPIES_MAX:
            votes.update({(b[0] - a[0], b[1] - a[1]) for a in olds for b in boxes})
    del votes[0, 0]
    # A reader's boxes tremble by a pixel: neighbours vote for the strongest among them.
    joined = {
        shift: sum(
            votes.get((shift[0] + x, shift[1] + y), 0) for x in (-1, 0, 1) for y in (-1, 0, 1)
        )
        for shift in votes
    }
    ranked = sorted(votes, key=lambda shift: (-joined[shift], -votes[shift], shift))
    shifts: list[Shift] = []
    for shift in ranked:
        if joined[shift] < VOTES_MIN or len(shifts) == SHIFTS_MAX:
            break
        if all(abs(shift[0] - x) > 2 or abs(shift[1] - y) > 2 for x, y in shifts):  # noqa: PLR2004
            shifts.append(shift)
    return shifts
