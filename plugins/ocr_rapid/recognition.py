"""What the text in a box says: characters with their places, in batches of bounded work.

Covers: crops, batches, CTC decoding (A. Graves et al., "Connectionist Temporal Classification",
2006; best path). Does not cover: words (`plugins.ocr_rapid.words`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plugins.ocr_rapid.models import Session

HEIGHT: Final = 48
COLUMN_PX: Final = 8
"""Width of one output column in pixels of the model's input."""

BATCH_WIDTH_MAX: Final = 2304
"""Pixels of width in one batch: about 100 ms on one slow core."""

BATCH_LINES_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Character:
    """A character and the place of its middle, as a share of the crop's width."""

    text: str
    confidence: float
    middle: float


Reading = tuple[Character, ...]


class Recognizer:
    """Reads crops of lines; for one thread at a time."""

    def __init__(self, session: Session, characters: tuple[str, ...]) -> None:
        self._session = session
        self._characters = characters

    def read(
        self, crops: Sequence[NDArray[np.uint8]], step: Callable[[int, int], None]
    ) -> list[Reading]:
        """The characters of each crop (BGR), in order; ``step(done, total)`` per batch."""
        readings: list[Reading] = [()] * len(crops)
        widths = [_model_width(crop) for crop in crops]
        done = 0
        for width, members in plan_batches(widths):
            step(done, len(crops))
            batch = np.zeros((len(members), 3, HEIGHT, width), dtype=np.float32)
            for row, index in enumerate(members):
                batch[row, :, :, : widths[index]] = _normalize(crops[index], widths[index])
            logits = self._session.run(batch)
            for row, index in enumerate(members):
                columns = -(-widths[index] // COLUMN_PX)
                readings[index] = self._decode(logits[row], columns)
            done += len(members)
        return readings

    def _decode(self, logits: NDArray[np.float32], columns: int) -> Reading:
        best = logits.argmax(axis=1)
        is_new = np.empty(len(best), dtype=bool)
        is_new[:1] = True
        is_new[1:] = best[1:] != best[:-1]
        places = np.flatnonzero(is_new & (best != 0))
        characters: list[Character] = []
        for place in places:
            row = logits[place]
            confidence = 1.0 / float(np.exp(row - row[best[place]]).sum())
            characters.append(
                Character(
                    text=self._characters[best[place]],
                    confidence=confidence,
                    middle=min(1.0, (float(place) + 0.5) / columns),
                )
            )
        return tuple(characters)


def plan_batches(widths: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Batches as (input width, indices): few different shapes, little padding, bounded work.

    Each new shape costs the runtime a compilation, so widths are rounded up to a step of about
    an eighth and batch sizes to powers of two, over all lines sorted by width.
    """
    order = sorted(range(len(widths)), key=lambda i: (widths[i], i))
    start = 0
    while start < len(order):
        size = BATCH_LINES_MAX
        while size > 1 and (
            start + size > len(order)
            or bucket_width(widths[order[start + size - 1]]) * size > BATCH_WIDTH_MAX
        ):
            size //= 2
        members = order[start : start + size]
        yield bucket_width(widths[members[-1]]), members
        start += size


def bucket_width(width: int) -> int:
    """``width`` rounded up to a multiple of an eighth of the power of two below it, 32 at least."""
    step = max(32, 1 << max(0, width.bit_length() - 4))
    return -(-width // step) * step


def _model_width(crop: NDArray[np.uint8]) -> int:
    height, width = crop.shape[:2]
    return max(COLUMN_PX, -(-HEIGHT * width // height))


def _normalize(crop: NDArray[np.uint8], width: int) -> NDArray[np.float32]:
    resized = cv2.resize(crop, (width, HEIGHT), interpolation=cv2.INTER_LINEAR)
    scaled = resized.astype(np.float32).transpose((2, 0, 1))
    scaled /= 127.5
    scaled -= 1.0
    return scaled
