"""What was read of pixels that were seen before: a bounded memory by content.

Most of a frame equals the frame before it. Where an answer is a function of the pixels alone, the
answer that is kept is the answer that would be computed.

Covers: keys, the bound. Does not cover: what is kept, and that it is such a function (its owner
sees to that).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from contracts.canonical import digest_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

V = TypeVar("V")


class Recall(Generic[V]):
    """Values by the pixels they were computed from; the longest unused are forgotten first.

    ``weight_max`` bounds the sum of the weights given to `keep`. For one thread at a time.
    """

    def __init__(self, weight_max: int) -> None:
        self._weight_max = weight_max
        self._weight = 0
        self._kept: OrderedDict[str, tuple[V, int]] = OrderedDict()

    def find(self, key: str) -> V | None:
        """The value kept under ``key``, or None."""
        entry = self._kept.get(key)
        if entry is None:
            return None
        self._kept.move_to_end(key)
        return entry[0]

    def keep(self, key: str, value: V, weight: int) -> None:
        """Keep ``value``, and forget the longest unused while the sum is over the bound."""
        previous = self._kept.pop(key, None)
        self._weight += weight - (previous[1] if previous else 0)
        self._kept[key] = (value, weight)
        while self._weight > self._weight_max:
            _, (_, dropped) = self._kept.popitem(last=False)
            self._weight -= dropped


def key_of(pixels: NDArray[np.uint8]) -> str:
    """The key of pixels: their shape and the digest of their bytes."""
    # A copy in one piece first: tobytes() of a part of a frame is twenty times as slow.
    whole = np.ascontiguousarray(pixels)
    return f"{'x'.join(map(str, pixels.shape))}:{digest_bytes(whole.tobytes())}"
