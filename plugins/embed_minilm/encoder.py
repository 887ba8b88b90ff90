"""Texts to vectors: tokens, batches of like length, quantizing.

A text is computed beside others whose token count falls into the same bucket, so that next to
nothing is spent on padding.

Covers: tokens, batches, int8 quantizing. Does not cover: the network (`model`), contracts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from tokenizers import Tokenizer

from plugin_host.textkit.request import infer_anew
from plugins.embed_minilm.model import open_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOKENS_MAX: Final = 256
"""The length that the model was tuned on; what stands beyond it in a text is not looked at."""
BUCKET_TOKENS: Final = 16
BATCH_TOKENS_MAX: Final = 1024
"""Tokens in one call: about 100 ms of one core, the pace of being stopped."""
COMPONENT_MAX: Final = 127

Step = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Vector:
    """A vector of length 1 as signed bytes: component times ``scale_nano`` / 1e9."""

    components: bytes
    scale_nano: int


class Encoder:
    """The model and its tokenizer; one per host, for one thread at a time."""

    def __init__(self, folder: Path, *, threads: int, precision: str) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(TOKENS_MAX)
        self._request = open_model(folder, threads=threads, precision=precision)

    def encode(self, texts: Sequence[str], step: Step) -> list[Vector]:
        """One vector for each text, in their order.

        ``step(done, total)`` is called between batches; what it raises ends the work.
        """
        tokens = [found.ids for found in self._tokenizer.encode_batch(list(texts))]
        vectors: dict[int, Vector] = {}
        for batch in plan_batches([len(ids) for ids in tokens]):
            rows = self._run([tokens[index] for index in batch])
            vectors.update(zip(batch, map(quantize, rows), strict=True))
            step(len(vectors), len(texts))
        return [vectors[index] for index in range(len(texts))]

    def _run(self, batch: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        width = bucket(max(map(len, batch)))
        tokens = np.zeros((len(batch), width), dtype=np.int32)
        mask = np.zeros_like(tokens)
        for row, ids in enumerate(batch):
            tokens[row, : len(ids)] = ids
            mask[row, : len(ids)] = 1
        return infer_anew(self._request, [tokens, mask])


def bucket(tokens: int) -> int:
    """The padded length: the next multiple of `BUCKET_TOKENS`."""
    return -(-tokens // BUCKET_TOKENS) * BUCKET_TOKENS


def plan_batches(lengths: Sequence[int]) -> list[list[int]]:
    """Places of texts that are computed together: one bucket each, bounded in tokens."""
    buckets: dict[int, list[int]] = defaultdict(list)
    for place, length in enumerate(lengths):
        buckets[bucket(length)].append(place)
    return [
        places[start : start + per_batch]
        for width, places in sorted(buckets.items())
        for per_batch in [max(1, BATCH_TOKENS_MAX // width)]
        for start in range(0, len(places), per_batch)
    ]


def quantize(vector: NDArray[np.float32]) -> Vector:
    """Nearest signed bytes; the largest component becomes 127 or -127."""
    peak = float(np.abs(vector).max())
    scale_nano = max(1, round(peak / COMPONENT_MAX * 1e9))
    components = np.clip(np.rint(vector / (scale_nano / 1e9)), -COMPONENT_MAX, COMPONENT_MAX)
    return Vector(components.astype(np.int8).tobytes(), scale_nano)
