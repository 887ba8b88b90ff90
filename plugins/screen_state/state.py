"""A frame's state: its tree with ids.

Covers: text and pixels to a `ScreenState`. Does not cover: bytes (`plugin`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contracts.base import EventId
from contracts.screen import Element, ScreenState
from contracts.text import TextPage
from plugins.screen_state.caret import settle_carets
from plugins.screen_state.identity import assign_ids
from plugins.screen_state.reading import Checkpoint, read_tree
from plugins.screen_state.tree import flatten

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXTRACTOR: Final = "screen_state"
VERSION: Final = "1.1.0"


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """Which frame it is."""

    event_id: EventId
    monitor: int


def build_state(
    page: TextPage,
    rgb: NDArray[np.uint8],
    facts: FrameFacts,
    before: ScreenState | None = None,
    checkpoint: Checkpoint = lambda _done, _total: None,
) -> ScreenState:
    """The state of a frame; elements that stood in ``before`` keep their ids.

    ``rgb`` is height x width x 3. Same arguments, same state.
    """
    grey = to_grey(rgb)
    roots = read_tree(page, rgb, grey, checkpoint)
    settle_carets(roots, grey)
    placed = flatten(roots)
    earlier = before.elements if before is not None else ()
    ids = assign_ids(earlier, placed, facts.event_id)
    elements = [
        Element(
            element_id=ids[at],
            parent=None if item.parent is None else ids[item.parent],
            role=item.draft.role,
            role_standing=item.draft.role_standing,
            box=item.draft.box,
            text=item.draft.text,
            text_standing=item.draft.text_standing,
            row=item.draft.row,
            column=item.draft.column,
            line_number=item.draft.line_number,
            confidence_permille=item.draft.confidence_permille,
            fill=item.draft.fill,
            caret_x=item.draft.caret_x,
        )
        for at, item in enumerate(placed)
    ]
    return ScreenState(
        event_id=facts.event_id,
        blob=page.blob,
        monitor=facts.monitor,
        width_px=page.width_px,
        height_px=page.height_px,
        elements=tuple(elements),
        extractor=EXTRACTOR,
        extractor_version=VERSION,
        before_event=None if before is None else before.event_id,
    )


def to_grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The frame in one channel: half green, a quarter red and blue each."""
    mixed: NDArray[np.uint8] = (rgb[:, :, 0] >> 2) + (rgb[:, :, 1] >> 1) + (rgb[:, :, 2] >> 2)
    return mixed
