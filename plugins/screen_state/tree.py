"""Elements before they have ids: a tree while it is built, a flat list when it is done.

Covers: the parts of the tree and their order. Does not cover: what they are made from
(`reading`), ids (`identity`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from contracts.base import Box
from contracts.screen import Role, Standing

LEAVES: Final[frozenset[Role]] = frozenset({"line", "cell", "button", "field"})
"""Roles that hold text and no other elements."""

PANE_PERMILLE: Final = 800
"""How sure panes of a window are; cards and panels in them are less sure."""

ELEMENTS_MAX: Final = 65_536


@dataclass(slots=True)
class Draft:
    """A part of the tree; ``order`` places it among its siblings (reading order)."""

    role: Role
    role_standing: Standing
    box: Box
    order: int
    text: str | None = None
    row: int | None = None
    column: int | None = None
    line_number: int | None = None
    confidence_permille: int = 0
    fill: int | None = None
    caret_x: int | None = None
    children: list[Draft] = field(default_factory=list)

    @property
    def text_standing(self) -> Standing:
        """Text is read off the frame, or there is none."""
        return "unknown" if self.text is None else "observed"

    @property
    def key(self) -> tuple[Role, int | None, str | None]:
        """What a part is recognized by, wherever it stands."""
        return self.role, self.line_number, self.text


@dataclass(frozen=True, slots=True)
class Placed:
    """A draft in the flat list; ``parent`` is an earlier place in it."""

    draft: Draft
    parent: int | None


def flatten(roots: Sequence[Draft]) -> list[Placed]:
    """Parents before children, siblings in order; at most `ELEMENTS_MAX`."""
    flat: list[Placed] = []

    def add(draft: Draft, parent: int | None) -> None:
        if len(flat) >= ELEMENTS_MAX:
            return
        place = len(flat)
        flat.append(Placed(draft, parent))
        for child in in_order(draft.children):
            add(child, place)

    for root in roots:
        add(root, None)
    return flat


def in_order(drafts: Sequence[Draft]) -> list[Draft]:
    """Siblings in reading order; between equals the box decides."""
    return sorted(drafts, key=lambda draft: (draft.order, draft.box, draft.role))
