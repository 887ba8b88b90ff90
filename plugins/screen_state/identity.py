"""The same element from frame to frame: which of the earlier ones each one is.

Text that stands where it stood is the same; text that moved with others (`shifts`) or a few
pixels is the same; text that changed a little in its place is the same; a cell, button or field
in its place is the same whatever it says. A numbered line is its number, but readers lose numbers
and take one for another: where the lines about it kept theirs, a line with the same text in its
place is the same. What holds others is what most of its parts were in.
An earlier element is taken once.

Covers: the match, and ids for what is new. Does not cover: what changed (`delta`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from functools import partial
from typing import Final

from contracts import canonical
from contracts.base import Box, ElementId
from contracts.screen import Element, Role
from plugins.screen_state.geometry import iou
from plugins.screen_state.shifts import find_shifts
from plugins.screen_state.tree import LEAVES, Placed

JITTER_PX: Final = 3
ALIKE_SHARE: Final = 0.5
"""Of the longer text so much is the same at its beginning and end."""

STEADY_MIN: Final = 3
"""So many numbered lines, and half of those found again, kept place and number."""

SAME_PLACE_IOU: Final = 0.7
SAME_LINE_IOU: Final = 0.25
WINDOW_IOU: Final = 0.85
PART_IOU: Final = 0.6
CELL_PX: Final = 64

_FREE: Final[frozenset[Role]] = frozenset({"cell", "button", "field"})


Key = tuple[Role, int | None, str | None]


def assign_ids(before: Sequence[Element], placed: Sequence[Placed], seed: str) -> list[ElementId]:
    """An id for each of ``placed``; same arguments, same ids.

    ``seed`` is different for every frame (its event id), so that a new id is new.
    """
    matches = _Matcher(before, placed).match()
    taken = {before[old].element_id for old in matches.values()}
    ids: list[ElementId] = []
    for place, item in enumerate(placed):
        if place in matches:
            ids.append(before[matches[place]].element_id)
            continue
        draft = item.draft
        tries = 0
        while True:
            facts = [seed, place, tries, draft.role, draft.text, list(draft.box)]
            fresh = "el-" + canonical.digest_bytes(canonical.encode_any(facts))[:16]
            if fresh not in taken:
                break
            tries += 1
        taken.add(fresh)
        ids.append(fresh)
    return ids


class _Matcher:
    """One match; its steps go from the surest to the least sure."""

    def __init__(self, before: Sequence[Element], placed: Sequence[Placed]) -> None:
        self.before = before
        self.placed = placed
        self.match_of: dict[int, int] = {}
        self.old_leaves = [n for n, e in enumerate(before) if e.role in LEAVES]
        self.new_leaves = [n for n, p in enumerate(placed) if p.draft.role in LEAVES]
        index = {e.element_id: n for n, e in enumerate(before)}
        self.old_parent = [None if e.parent is None else index[e.parent] for e in before]

    def match(self) -> dict[int, int]:
        """The earlier place of each later one that has one."""
        self._by_key(lambda old, new: old == new)
        self._by_key(lambda old, new: _is_near(old, new, (0, 0)))
        shifts = find_shifts(
            ((_key(self.before[n]), self.before[n].box) for n in self._old_free()),
            ((self.placed[n].draft.key, self.placed[n].draft.box) for n in self._new_free()),
        )
        for shift in shifts:
            self._by_key(partial(_is_near, shift=shift))
        for shift in [(0, 0), *shifts]:
            self._by_place(shift)
        self._by_lone_text()
        self._windows()
        for role in ("code", "row", "block", "table", "pane"):
            self._by_parts(role)
        return self.match_of

    def _old_free(self) -> list[int]:
        taken = set(self.match_of.values())
        return [n for n in self.old_leaves if n not in taken]

    def _new_free(self) -> list[int]:
        return [n for n in self.new_leaves if n not in self.match_of]

    def _by_key(self, fits: Callable[[Box, Box], bool], keys: Container[Key] | None = None) -> None:
        """Pairs of one key (of ``keys``, if given) whose boxes fit, in order."""
        olds: dict[Key, list[int]] = {}
        for n in self._old_free():
            olds.setdefault(_key(self.before[n]), []).append(n)
        for n in self._new_free():
            draft = self.placed[n].draft
            candidates = olds.get(draft.key, [])
            if keys is not None and draft.key not in keys:
                continue
            for at, old in enumerate(candidates):
                if fits(self.before[old].box, draft.box):
                    self.match_of[n] = candidates.pop(at)
                    break

    def _by_place(self, shift: tuple[int, int]) -> None:
        """Pairs that stand in one place once the shift is taken off, and say alike."""
        steady = self._is_steady(shift)
        grid: dict[tuple[int, int, Role], list[int]] = {}
        for n in self._old_free():
            e = self.before[n]
            grid.setdefault((e.box[0] // CELL_PX, e.box[1] // CELL_PX, e.role), []).append(n)
        for n in self._new_free():
            draft = self.placed[n].draft
            x0, y0, x1, y1 = draft.box
            box = (x0 - shift[0], y0 - shift[1], x1 - shift[0], y1 - shift[1])
            best: tuple[float, int] | None = None
            for x in range(box[0] // CELL_PX - 1, box[0] // CELL_PX + 2):
                for y in range(box[1] // CELL_PX - 1, box[1] // CELL_PX + 2):
                    for old in grid.get((x, y, draft.role), []):
                        share = self._place_share(old, n, box, steady=steady)
                        if share and (best is None or (share, -old) > (best[0], -best[1])):
                            best = (share, old)
            if best is not None:
                old = best[1]
                self.match_of[n] = old
                e = self.before[old]
                grid[e.box[0] // CELL_PX, e.box[1] // CELL_PX, e.role].remove(old)

    def _is_steady(self, shift: tuple[int, int]) -> bool:
        """Whether lines that kept their numbers stand where the shift puts them."""
        kept = [
            _is_near(self.before[old].box, self.placed[new].draft.box, shift)
            for new, old in self.match_of.items()
            if None is not self.before[old].line_number == self.placed[new].draft.line_number
        ]
        return sum(kept) >= max(STEADY_MIN, len(kept) / 2)

    def _place_share(self, old: int, new: int, box: Box, *, steady: bool) -> float:
        """How well the earlier element fills the place; 0 where it is another.

        ``steady``: the numbered lines about it kept their numbers and went the same way.
        """
        element, draft = self.before[old], self.placed[new].draft
        share = iou(element.box, box)
        if draft.role in _FREE and share >= SAME_PLACE_IOU:
            return share
        tall = box[3] - box[1]
        begins = abs(element.box[0] - box[0]) <= tall // 2
        if abs(element.box[1] - box[1]) > tall // 2:
            return 0.0
        if element.line_number != draft.line_number:
            # A line that lost its number begins where its text begins.
            ends = abs(element.box[2] - box[2]) <= JITTER_PX
            same = steady and bool(draft.text) and element.text == draft.text
            return max(share, SAME_LINE_IOU) if same and (begins or ends) else 0.0
        if share < SAME_LINE_IOU and not begins:
            return 0.0
        # A numbered line is its number, whatever is written on it.
        same = draft.line_number is not None or is_alike(element.text, draft.text)
        return share if same else 0.0

    def _by_lone_text(self) -> None:
        """A text that stood in one place and stands in one place."""
        old = Counter(_key(self.before[n]) for n in self._old_free())
        new = Counter(self.placed[n].draft.key for n in self._new_free())
        lone = {key for key, count in new.items() if count == 1 == old.get(key) and key[2]}
        self._by_key(lambda _old, _new: True, lone)

    def _windows(self) -> None:
        """Windows: the same title near, then the same place with most of its parts."""
        olds = [n for n, e in enumerate(self.before) if e.role == "window"]
        news = [n for n, p in enumerate(self.placed) if p.draft.role == "window"]
        pairs = []
        for new in news:
            draft = self.placed[new].draft
            for old in olds:
                element = self.before[old]
                share = iou(element.box, draft.box)
                same = element.text == draft.text
                if same or (share >= WINDOW_IOU and is_alike(element.text, draft.text)):
                    pairs.append((not same, -share, old, new))
        self._take(sorted(pairs))

    def _by_parts(self, role: Role) -> None:
        """What holds others: what most of its parts were in, else what stood in its place."""
        votes: Counter[tuple[int, int]] = Counter()
        for new, old in self.match_of.items():
            parent, old_parent = self.placed[new].parent, self.old_parent[old]
            if parent is None or old_parent is None:
                continue
            if self.placed[parent].draft.role == role == self.before[old_parent].role:
                votes[old_parent, parent] += 1
        self._take(sorted((-count, 0.0, old, new) for (old, new), count in votes.items()))
        taken = set(self.match_of.values())
        olds = [n for n, e in enumerate(self.before) if e.role == role and n not in taken]
        pairs = []
        for new, item in enumerate(self.placed):
            if item.draft.role == role and new not in self.match_of:
                for old in olds:
                    share = iou(self.before[old].box, item.draft.box)
                    if share >= PART_IOU:
                        pairs.append((0, -share, old, new))
        self._take(sorted(pairs))

    def _take(self, pairs: Iterable[tuple[object, float, int, int]]) -> None:
        taken = set(self.match_of.values())
        for _, _, old, new in pairs:
            if old not in taken and new not in self.match_of:
                self.match_of[new] = old
                taken.add(old)


def is_alike(a: str | None, b: str | None) -> bool:
    """Whether two texts are the same but for a part: a word typed, digits of a clock."""
    if not a or not b:
        return (a or None) == (b or None)
    short, long = sorted((a, b), key=len)
    start = 0
    while start < len(short) and short[start] == long[start]:
        start += 1
    if start == len(short):
        return True
    end = 0
    while end < len(short) - start and short[-1 - end] == long[-1 - end]:
        end += 1
    return start + end >= ALIKE_SHARE * len(long)


def _key(element: Element) -> Key:
    return element.role, element.line_number, element.text


def _is_near(old: Box, new: Box, shift: tuple[int, int]) -> bool:
    return (
        abs(new[0] - old[0] - shift[0]) <= JITTER_PX
        and abs(new[1] - old[1] - shift[1]) <= JITTER_PX
    )
