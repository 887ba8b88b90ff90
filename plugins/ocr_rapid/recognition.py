"""What the text in a box says: characters with their places, in batches of bounded work.

Covers: crops, batches, CTC decoding (A. Graves et al., "Connectionist Temporal Classification",
2006; best path). Does not cover: words (`plugins.ocr_rapid.words`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from plugin_host.textkit.recall import Recall, key_of
from plugins.ocr_rapid.characters import RIVALS, Character, Reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plugins.ocr_rapid.models import Session

HEIGHT: Final = 48
COLUMN_PX: Final = 8
"""Width of one output column in pixels of the model's input."""

BATCH_WIDTH_MAX: Final = 2304
"""Pixels of width in one batch: about 100 ms on one slow core."""

BATCH_LINES_MAX: Final = 8

CHARACTERS_KEPT_MAX: Final = 100_000
"""Characters remembered of lines seen before: about 20 MB."""


class Recognizer:
    """Reads crops of lines; for one thread at a time."""

    def __init__(
        self,
        session: Session,
        characters: tuple[str, ...],
        *,
        characters_kept_max: int = CHARACTERS_KEPT_MAX,
    ) -> None:
        self._session = session
        self._characters = characters
        self._recall: Recall[Reading] = Recall(characters_kept_max)
        self._rivals = {
            text: characters.index(rival) for text, rival in RIVALS.items() if rival in characters
        }

    def read(
        self, crops: Sequence[NDArray[np.uint8]], step: Callable[[int, int], None]
    ) -> list[Reading]:
        """The characters of each crop (BGR), in order; ``step(done, total)`` per batch.

        Crops seen before, and doubles among these, are read once.
        """
        keys = [key_of(crop) for crop in crops]
        known = {key: found for key in keys if (found := self._recall.find(key)) is not None}
        wanted = list({key: i for i, key in enumerate(keys) if key not in known}.values())
        widths = [_model_width(crops[index]) for index in wanted]
        done = 0
        for width, members in plan_batches(widths):
            step(done, len(wanted))
            batch = np.zeros((len(members), 3, HEIGHT, width), dtype=np.float32)
            for row, member in enumerate(members):
                crop = crops[wanted[member]]
                batch[row, :, :, : widths[member]] = _normalize(crop, widths[member])
            logits = self._session.run(batch)
            for row, member in enumerate(members):
                key = keys[wanted[member]]
                reading = self._decode(logits[row], -(-widths[member] // COLUMN_PX))
                self._recall.keep(key, reading, 1 + len(reading))
                known[key] = reading
            done += len(members)
        return [known[key] for key in keys]

    def _decode(self, logits: NDArray[np.float32], columns: int) -> Reading:
        best = logits.argmax(axis=1)
        is_new = np.empty(len(best), dtype=bool)
        is_new[:1] = True
        is_new[1:] = best[1:] != best[:-1]
        places = np.flatnonzero(is_new & (best != 0))
        characters: list[Character] = []
        for place in places:
            row = logits[place]
            text = self._characters[best[place]]
            confidence = 1.0 / float(np.exp(row - row[best[place]]).sum())
            rival = self._rivals.get(text)
            characters.append(
                Character(
                    text=text,
                    confidence=confidence,
                    middle=min(1.0, (float(place) + 0.5) / columns),
                    rival_confidence=_rival_confidence(logits, int(place), rival) if rival else 0.0,
                )
            )
        return tuple(characters)


def _rival_confidence(logits: NDArray[np.float32], place: int, rival: int) -> float:
    """The most that any column of one character gives to its look-alike."""
    rows = logits[max(0, place - 1) : place + 3]
    odds = np.exp(rows - rows.max(axis=1, keepdims=True))
    return float((odds[:, rival] / odds.sum(axis=1)).max())


def plan_batches(widths: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Batches as (input width, indices): few different shapes, little padding, bounded work.

    A line's input width is a function of its own width alone, so that what is read of it does
    not depend on the lines beside it. Each new shape costs the runtime a compilation: widths are
    rounded up to `bucket_width` and batch sizes are powers of two.
    """
    buckets: dict[int, list[int]] = {}
    for index, width in enumerate(widths):
        buckets.setdefault(bucket_width(width), []).append(index)
    for width in sorted(buckets):
        members = buckets[width]
        start = 0
        while start < len(members):
            size = BATCH_LINES_MAX
            while size > 1 and (start + size > len(members) or width * size > BATCH_WIDTH_MAX):
                size //= 2
            yield width, members[start : start + size]
            start += size


def bucket_width(width: int) -> int:
    """``width`` rounded up to a multiple of an eighth of the power of two below it, 32 at least."""
    step = max(32, 1 << max(0, width.bit_length() - 4))
    return -(-width // step) * step


def _model_width(crop: NDArray[np.uint8]) -> int:
    height, width = crop.shape[:2]
    return max(COLUMN_PX, int(-(-HEIGHT * width // height)))


def _normalize(crop: NDArray[np.uint8], width: int) -> NDArray[np.float32]:
    resized = cv2.resize(crop, (width, HEIGHT), interpolation=cv2.INTER_LINEAR)
    scaled: NDArray[np.float32] = resized.astype(np.float32).transpose((2, 0, 1))
    scaled /= 127.5
    scaled -= 1.0
    return scaled
